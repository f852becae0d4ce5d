/** Makes the faults of a scenario happen at their times, and undoes them. */
import { parseDuration } from '../../cli/time.ts'
import { invariant } from '../../protocols/core/invariant.ts'
import { PERFECT, type Link } from '../cable/rules.ts'
import { Nemesis } from '../prove/nemesis.ts'
import type { Net } from '../net.ts'
import { deadlineOf, type Time } from '../time.ts'
import type { Disturbances } from './disturbances.ts'
import type { Fault } from './schema.ts'
import { drainPrekeys, type Victim } from './strangers.ts'

export interface FaultStage {
  readonly testnet: Net
  readonly time: Time
  readonly disturbances: Disturbances
  /** Whose clocks are wrong: what they say of times counts for nothing. */
  readonly wrongClocks: Disturbances
  readonly random: () => number
  /** Of those whose prekeys strangers will take. */
  readonly victims: ReadonlyMap<string, Victim>
  /** Of those who will be met, who may be away by then. */
  readonly links: ReadonlyMap<string, string>
  /** When the talk began, on the stop-watch of `time`. */
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
  const { beginMs, interrupted, tell, disturbances, wrongClocks, time } = stage
  await time.delay(Math.max(0, beginMs + parseDuration(fault.at, 'at') - time.passedMs()), interrupted)
  if (fault.trouble === true) { await trouble(fault, stage); return }
  const act = actOf(fault, stage)
  tell(`${act.what}: ${act.whom.join(', ')}`)
  if (act.isMending !== true) {
    for (const name of act.whom) {
      disturbances.begin(name, time.nowMs())
      if (act.isAboutClocks === true) wrongClocks.begin(name, time.nowMs())
    }
  }
  await act.begin()
  if (act.isMending === true || act.isShort === true) for (const name of act.whom) disturbances.end(name, time.nowMs())
  if (fault.for === undefined) return
  await time.delay(parseDuration(fault.for, 'for'), interrupted)
  await act.undo()
  for (const name of act.whom) {
    disturbances.end(name, time.nowMs())
    wrongClocks.end(name, time.nowMs())
  }
  tell(`over: ${act.what} of ${act.whom.join(', ')}`)
}

/** Everybody up, every line whole and fast, every clock right. */
export async function mend ({ testnet, disturbances, wrongClocks, time }: Pick<FaultStage, 'testnet' | 'disturbances' | 'wrongClocks' | 'time'>): Promise<void> {
  testnet.heal()
  await testnet.link([], PERFECT)
  for (const member of testnet.members) {
    if (testnet.ground?.isFull(member.name) === true) await testnet.ground.freeDisk(member.name)
    if (member.isPaused) member.resume()
    member.skew(0)
    await testnet.start(member.name)
    for (const each of [disturbances, wrongClocks]) each.end(member.name, time.nowMs())
  }
}

async function trouble (fault: Fault, { testnet, random, tell, disturbances, wrongClocks, interrupted, time }: FaultStage): Promise<void> {
  const names = testnet.members.map(({ name }) => name)
  for (const each of [disturbances, wrongClocks]) for (const name of names) each.begin(name, time.nowMs())
  const calm = deadlineOf(parseDuration(fault.for ?? '10s', 'for'), { time, interrupted })
  await new Nemesis({ testnet, random, tell, time }).trouble(calm)
  for (const each of [disturbances, wrongClocks]) for (const name of names) each.end(name, time.nowMs())
}

function actOf (fault: Fault, stage: FaultStage): Act {
  const { testnet } = stage
  const { crash, keepDisk, oldDisk, start, meet, pause, resume, clock, partition, slow, loss } = fault
  if (crash !== undefined) return { what: fault.loseDisk === true ? 'killed, and its disk lost' : 'killed', whom: [crash], begin: async () => { await testnet.crash(crash, fault.loseDisk) }, undo: async () => { await testnet.start(crash) } }
  if (keepDisk !== undefined) return { what: 'disk copied', whom: [keepDisk], begin: async () => { await testnet.keepCopy(keepDisk) }, undo: nothing, isMending: true }
  if (oldDisk !== undefined) return { what: 'old disk restored', whom: [oldDisk], begin: async () => { await testnet.restoreCopy(oldDisk) }, undo: nothing, isMending: true }
  if (start !== undefined) return { what: 'started', whom: [start], begin: async () => { await testnet.start(start) }, undo: nothing, isMending: true }
  if (meet !== undefined) return meetAct(meet, stage)
  if (pause !== undefined) return { what: 'stands still', whom: [pause], begin: () => { testnet.member(pause).pause() }, undo: () => { testnet.member(pause).resume() } }
  if (resume !== undefined) return { what: 'goes on', whom: [resume], begin: () => { testnet.member(resume).resume() }, undo: nothing, isMending: true }
  if (clock !== undefined) return { what: `clock wrong by ${fault.skew ?? '0'}`, whom: [clock], begin: () => { testnet.member(clock).skew(skewMs(fault.skew ?? '0')) }, undo: () => { testnet.member(clock).skew(0) }, isAboutClocks: true }
  if (partition !== undefined) return partitionAct(partition, testnet)
  if (slow !== undefined) return slowAct(slow, fault, testnet)
  if (loss !== undefined) return lossAct(loss, fault, testnet)
  return placeAct(fault, stage)
}

/** Of what a node stands on: its router, its disk, its power, its version; and of who comes from outside. */
function placeAct ({ nat, kind = 'none', fillDisk, leave = 0, powerOff, upgrade, drain }: Fault, { testnet, victims, tell }: FaultStage): Act {
  const { ground } = testnet
  if (nat !== undefined && ground !== undefined) return { what: `router ${kind}`, whom: [nat], begin: async () => { await ground.setNat(nat, kind) }, undo: async () => { await ground.setNat(nat, 'none') } }
  if (fillDisk !== undefined && ground !== undefined) return { what: 'disk full', whom: [fillDisk], begin: async () => { await ground.fillDisk(fillDisk, leave) }, undo: async () => { await ground.freeDisk(fillDisk) } }
  if (powerOff !== undefined && ground !== undefined) return { what: 'without power', whom: [powerOff], begin: async () => { await ground.powerOff(powerOff) }, undo: async () => { await testnet.start(powerOff) } }
  if (upgrade !== undefined && ground !== undefined) return { what: 'upgraded', whom: [upgrade], begin: async () => { await ground.upgrade(upgrade) }, undo: nothing, isShort: true }
  if (drain !== undefined && ground !== undefined) return { what: 'prekeys taken', whom: [drain], begin: async () => { tell(`${await ground.drain(drain, async () => await drainOf(drain, victims))} prekeys of ${drain} are gone`) }, undo: nothing, isShort: true }
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

function partitionAct ([left = [], right = []]: NonNullable<Fault['partition']>, testnet: Net): Act {
  let heal = nothing
  return { what: 'cut off', whom: [...left, ...right], begin: () => { heal = testnet.partition(left, right) }, undo: () => { heal() } }
}

/** What the line is otherwise stays as it is. */
function slowAct (whom: readonly string[], { delay: wait = '0', jitter = '0', kbitPerSecond }: Fault, testnet: Net): Act {
  const slow = { delayMs: parseDuration(wait, 'delay'), jitterMs: parseDuration(jitter, 'jitter'), bytesPerSecond: kbitPerSecond === undefined ? undefined : kbitPerSecond * 1000 / 8 }
  const become = (link: Link) => async () => { for (const name of whom) await testnet.link([name], { ...link, loss: testnet.linkOf(name).loss ?? 0 }) }
  return { what: 'slow', whom, begin: become(slow), undo: become(PERFECT) }
}

function lossAct (whom: readonly string[], { percent = 0 }: Fault, testnet: Net): Act {
  const lose = (loss: number) => async () => { for (const name of whom) await testnet.link([name], { ...testnet.linkOf(name), loss }) }
  return { what: `${percent} % lost`, whom, begin: lose(percent / 100), undo: lose(0) }
}

function skewMs (text: string): number { return (text.startsWith('-') ? -1 : 1) * parseDuration(text.replace(/^-/, ''), 'skew') }

function nothing (): void { /* it undoes another one */ }
