/** Makes the faults of a scenario happen at their times, and undoes them. */
import { setTimeout as delay } from 'node:timers/promises'
import { parseDuration } from '../../cli/time.ts'
import { invariant } from '../../protocols/core/invariant.ts'
import { PERFECT } from '../cable/rules.ts'
import { Nemesis } from '../prove/nemesis.ts'
import type { Testnet } from '../testnet.ts'
import type { Disturbances } from './disturbances.ts'
import type { Fault } from './schema.ts'
import { drainPrekeys, type Victim } from './strangers.ts'

export interface FaultStage {
  readonly testnet: Testnet
  readonly disturbances: Disturbances
  /** Whose clocks are wrong: what they say of times counts for nothing. */
  readonly wrongClocks: Disturbances
  readonly random: () => number
  /** Of those whose prekeys strangers will take. */
  readonly victims: ReadonlyMap<string, Victim>
  /** Of those who will be met, who may be away by then. */
  readonly links: ReadonlyMap<string, string>
  /** When the talk began, on `performance.now()`'s clock. */
  readonly beginMs: number
  readonly tell: (text: string) => void
  readonly interrupted: AbortSignal
}

/** What a fault does, to whom, and how it is undone. */
interface Act {
  readonly what: string
  readonly whom: readonly string[]
  readonly begin: () => Promise<void> | void
  readonly undo: () => Promise<void> | void
  /** It is no fault but the end of one. */
  readonly isMending?: boolean
  readonly isAboutClocks?: boolean
  /** It is over when it has happened. */
  readonly isShort?: boolean
}

/** Resolves when it has happened, and was undone where it says for how long. */
export async function happen (fault: Fault, stage: FaultStage): Promise<void> {
  const { beginMs, interrupted, tell, disturbances, wrongClocks } = stage
  await delay(Math.max(0, beginMs + parseDuration(fault.at, 'at') - performance.now()), undefined, { signal: interrupted })
  if (fault.trouble === true) { await trouble(fault, stage); return }
  const act = actOf(fault, stage)
  tell(`${act.what}: ${act.whom.join(', ')}`)
  if (act.isMending !== true) {
    for (const name of act.whom) {
      disturbances.begin(name, Date.now())
      if (act.isAboutClocks === true) wrongClocks.begin(name, Date.now())
    }
  }
  await act.begin()
  if (act.isMending === true || act.isShort === true) for (const name of act.whom) disturbances.end(name, Date.now())
  if (fault.for === undefined) return
  await delay(parseDuration(fault.for, 'for'), undefined, { signal: interrupted })
  await act.undo()
  for (const name of act.whom) {
    disturbances.end(name, Date.now())
    wrongClocks.end(name, Date.now())
  }
  tell(`over: ${act.what} of ${act.whom.join(', ')}`)
}

/** Everybody up, every line whole and fast, every clock right. */
export async function mend ({ testnet, disturbances, wrongClocks }: Pick<FaultStage, 'testnet' | 'disturbances' | 'wrongClocks'>): Promise<void> {
  testnet.heal()
  testnet.link([], PERFECT)
  for (const member of testnet.members) {
    if (member.isPaused) member.resume()
    member.skew(0)
    await testnet.start(member.name)
    for (const each of [disturbances, wrongClocks]) each.end(member.name, Date.now())
  }
}

async function trouble (fault: Fault, { testnet, random, tell, disturbances, wrongClocks, interrupted }: FaultStage): Promise<void> {
  const names = testnet.members.map(({ name }) => name)
  for (const each of [disturbances, wrongClocks]) for (const name of names) each.begin(name, Date.now())
  const calm = AbortSignal.any([interrupted, AbortSignal.timeout(parseDuration(fault.for ?? '10s', 'for'))])
  await new Nemesis({ testnet, random, tell }).trouble(calm)
  for (const each of [disturbances, wrongClocks]) for (const name of names) each.end(name, Date.now())
}

function actOf (fault: Fault, { testnet, victims, links, tell }: FaultStage): Act {
  const { crash, oldDisk, start, upgrade, drain, meet, pause, resume, clock, partition, slow } = fault
  if (crash !== undefined) return { what: fault.loseDisk === true ? 'killed, and its disk lost' : 'killed', whom: [crash], begin: async () => { await testnet.crash(crash, fault.loseDisk) }, undo: async () => { await testnet.start(crash) } }
  if (oldDisk !== undefined) return { what: 'old disk restored', whom: [oldDisk], begin: async () => { await testnet.restoreCopy(oldDisk) }, undo: nothing, isMending: true }
  if (start !== undefined) return { what: 'started', whom: [start], begin: async () => { await testnet.start(start) }, undo: nothing, isMending: true }
  if (upgrade !== undefined) return { what: 'upgraded', whom: [upgrade], begin: async () => { await testnet.upgrade(upgrade) }, undo: nothing, isShort: true }
  if (drain !== undefined) return { what: 'prekeys taken', whom: [drain], begin: async () => { tell(`${await drainOf(drain, victims)} prekeys of ${drain} are gone`) }, undo: nothing, isShort: true }
  if (meet !== undefined) return meetAct(meet, { testnet, links })
  if (pause !== undefined) return { what: 'stands still', whom: [pause], begin: () => { testnet.member(pause).pause() }, undo: () => { testnet.member(pause).resume() } }
  if (resume !== undefined) return { what: 'goes on', whom: [resume], begin: () => { testnet.member(resume).resume() }, undo: nothing, isMending: true }
  if (clock !== undefined) return { what: `clock wrong by ${fault.skew ?? '0'}`, whom: [clock], begin: () => { testnet.member(clock).skew(skewMs(fault.skew ?? '0')) }, undo: () => { testnet.member(clock).skew(0) }, isAboutClocks: true }
  if (partition !== undefined) return partitionAct(partition, testnet)
  if (slow !== undefined) return slowAct(slow, fault, testnet)
  return { what: 'lines whole', whom: [], begin: () => { testnet.heal() }, undo: nothing, isMending: true }
}

/** @throws RefusedError when some are left */
async function drainOf (name: string, victims: ReadonlyMap<string, Victim>): Promise<number> {
  const victim = victims.get(name)
  invariant(victim !== undefined, 'whoever is drained was looked at before')
  return await drainPrekeys(victim)
}

/** Who is met, may be away: the request waits at the relays. */
function meetAct ([asker = '', asked = '']: readonly string[], { testnet, links }: Pick<FaultStage, 'testnet' | 'links'>): Act {
  return { what: 'ask and are asked', whom: [asker, asked], begin: async () => { await testnet.member(asker).api.call('contact.add', { link: links.get(asked) ?? '', as: asked }) }, undo: nothing, isShort: true }
}

function partitionAct ([left = [], right = []]: NonNullable<Fault['partition']>, testnet: Testnet): Act {
  let heal = nothing
  return { what: 'cut off', whom: [...left, ...right], begin: () => { heal = testnet.partition(left, right) }, undo: () => { heal() } }
}

function slowAct (whom: readonly string[], { delay: wait = '0', jitter = '0', kbitPerSecond }: Fault, testnet: Testnet): Act {
  const link = { delayMs: parseDuration(wait, 'delay'), jitterMs: parseDuration(jitter, 'jitter'), bytesPerSecond: kbitPerSecond === undefined ? undefined : kbitPerSecond * 1000 / 8 }
  return { what: 'slow', whom, begin: () => { testnet.link(whom, link) }, undo: () => { testnet.link(whom, PERFECT) } }
}

function skewMs (text: string): number { return (text.startsWith('-') ? -1 : 1) * parseDuration(text.replace(/^-/, ''), 'skew') }

function nothing (): void { /* it undoes another one */ }
