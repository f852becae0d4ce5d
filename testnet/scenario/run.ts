/** One run of a scenario: a testnet of its own, the talk, the faults, and then the verdict. */
import { parseDuration } from '../../cli/time.ts'
import { invariant } from '../../protocols/core/invariant.ts'
import { seeded } from '../chance.ts'
import type { Layout } from '../layout.ts'
import { contactsOfUsers } from '../acquaintances.ts'
import { planOf, type Plan } from '../plan.ts'
import { judge, type Verdict } from '../prove/checker.ts'
import { conversationsOf, deliveriesIn, settle, type ToldConversation } from '../prove/histories.ts'
import { Ledger, talk } from '../prove/talk.ts'
import type { Net } from '../net.ts'
import { expectationRecord } from '../report/expectations.ts'
import { watchRun } from '../report/face.ts'
import type { RunRecord } from '../report/record.ts'
import type { Ending } from '../report/recorder.ts'
import { Testnet } from '../testnet.ts'
import { REAL_TIME, type Time } from '../time.ts'
import { Disturbances } from './disturbances.ts'
import type { Expectation, Seen } from './expectation.ts'
import { happen, mend } from './faults.ts'
import type { Scenario } from './schema.ts'
import { victimOf } from './strangers.ts'

export interface ScenarioRun {
  readonly scenario: Scenario
  readonly expectations: readonly Expectation[]
  readonly seed: number
  /** The folder of the version that everybody is of at first; undefined: this one. */
  readonly release?: string | undefined
  readonly layout: Layout
  /** The command that repeats it. */
  readonly replay: string
  readonly interrupted: AbortSignal
  readonly tell: (text: string) => void
}

/** What is run: wherever it is, and in whatever time. */
export interface Stage extends Omit<ScenarioRun, 'layout' | 'replay' | 'release'> {
  readonly testnet: Net
  readonly time: Time
  /** Of a run that leaves a record: called when the talk begins; what it returns, when all is over and everybody still there. */
  readonly watch?: (sentCount: () => number) => Promise<(ending: Ending) => Promise<void>>
}

export interface Judged {
  readonly failures: ReadonlyArray<{ readonly expectation: string, readonly seen: string }>
  readonly seen: Seen
}

export interface Outcome extends Judged {
  readonly seed: number
  readonly durationMs: number
  readonly record: RunRecord
}

const SETTLE_MS_MAX = 120_000

/** @throws SkeinError when a node does not start, or a fault cannot be made */
export async function runScenario ({ scenario, expectations, seed, release, layout, replay, interrupted, tell }: ScenarioRun): Promise<Outcome> {
  const startMs = performance.now()
  const { cable = 'userspace', disks = false } = scenario
  const testnet = await Testnet.up({ layout, plan: { ...planIn(scenario, release), cable, disks }, interrupted, tell })
  const watches = new AsyncDisposableStack()
  const records: RunRecord[] = []
  try {
    const watch = async (sentCount: () => number): Promise<(ending: Ending) => Promise<void>> => {
      const { recorder } = watches.use(await watchRun(testnet, { kind: 'scenario', name: scenario.name, seed, replay, sentCount }, layout))
      return async ending => { records.push(await recorder.end(ending)) }
    }
    const result = await play({ scenario, expectations, seed, interrupted, tell, testnet, time: REAL_TIME, watch })
    const [record] = records
    invariant(record !== undefined, 'a run that has ended has left a record')
    return { seed, ...result, durationMs: performance.now() - startMs, record }
  } finally {
    await watches.disposeAsync()
    await testnet.down()
  }
}

/** Talk, faults, and the verdict, among nodes that are up and know each other. */
export async function play ({ scenario, expectations, seed, interrupted, tell, testnet, time, watch }: Stage): Promise<Judged> {
  const { faults = [] } = scenario
  for (const name of new Set(faults.flatMap(({ oldDisk }) => oldDisk ?? []))) await testnet.keepCopy(name)
  const victims = await byName(faults.flatMap(({ drain }) => drain ?? []), async name => await victimOf(testnet.member(name)))
  const links = await byName(faults.flatMap(({ meet }) => meet?.[1] ?? []), async name => (await testnet.member(name).api.call('me.card', {})).link)
  const people = testnet.members.filter(({ kind }) => kind === 'user')
  const random = seeded(seed)
  const [disturbances, wrongClocks] = [new Disturbances(), new Disturbances()]
  const ledger = new Ledger()
  const conclude = await watch?.(() => ledger.count)
  const beginMs = time.passedMs()
  const [faulted] = await Promise.all([
    Promise.allSettled(faults.map(async (fault, index) => { await happen(fault, { testnet, victims, links, disturbances, wrongClocks, random: seeded(chanceOf(seed, index)), beginMs, tell, interrupted, time }) })),
    talk(people, { ...talkOf(scenario), contacts: circlesIn(scenario), signal: interrupted, random, ledger, tell, time })
  ])
  const broken = faulted.find(result => result.status === 'rejected')
  if (broken !== undefined) throw broken.reason
  await mend({ testnet, disturbances, wrongClocks, time })
  interrupted.throwIfAborted()
  const settleMs = await settle(people, { msMax: scenario.settle === undefined ? SETTLE_MS_MAX : parseDuration(scenario.settle, 'settle'), tell, time })
  const conversations = await conversationsOf(people, ledger)
  const verdict = judge(conversations)
  const seen = seenIn(conversations, { verdict, ledger, disturbances, wrongClocks, settleMs })
  const failures = expectations.flatMap(({ text, judge: judged }) => {
    const instead = judged(seen)
    return instead === undefined ? [] : [{ expectation: text, seen: instead }]
  })
  await conclude?.({ conversations, ledger, verdict, settleMs, disturbances, wrongClocks, expectations: expectations.map(expectation => expectationRecord(expectation, seen)) })
  return { failures, seen }
}

/** Of a fault: apart from the talk's, so that people say the same whatever breaks. */
function chanceOf (seed: number, index: number): number { return seed ^ Math.imul(index + 1, 0x9e3779b1) }

/** Where there are strangers, the others know each other. */
function planIn ({ users, relays = 0, strangers }: Scenario, release?: string): Plan {
  const plan = planOf({ users, relays, release })
  if (strangers === undefined) return plan
  const known = plan.nodes.flatMap(({ name, kind }) => kind === 'user' && !strangers.includes(name) ? [name] : [])
  return { ...plan, nodes: plan.nodes.map(node => node.kind === 'user' ? { ...node, knows: known.includes(node.name) ? known : [] } : node) }
}

/** Who writes to whom: contacts, and those who will be. */
function circlesIn (scenario: Scenario): ReadonlyMap<string, ReadonlySet<string>> {
  const circles = new Map([...contactsOfUsers(planIn(scenario))].map(([name, contacts]) => [name, new Set(contacts)]))
  for (const { meet: [asker = '', asked = ''] = [] } of scenario.faults ?? []) {
    circles.get(asker)?.add(asked)
    circles.get(asked)?.add(asker)
  }
  return circles
}

async function byName<Value> (names: readonly string[], look: (name: string) => Promise<Value>): Promise<ReadonlyMap<string, Value>> {
  const found = new Map<string, Value>()
  for (const name of new Set(names)) found.set(name, await look(name))
  return found
}

function talkOf ({ talk: { messages, from, to, over } }: Scenario): { readonly messages: number, readonly from?: readonly string[], readonly to?: readonly string[], readonly durationMs?: number } {
  return { messages, ...from !== undefined && { from }, ...to !== undefined && { to }, ...over !== undefined && { durationMs: parseDuration(over, 'over') } }
}

interface Records {
  readonly verdict: Verdict
  readonly ledger: Ledger
  readonly disturbances: Disturbances
  readonly wrongClocks: Disturbances
  readonly settleMs: number
}

function seenIn (conversations: readonly ToldConversation[], { verdict: { owed, lost, duplicated, reordered }, ledger, disturbances, wrongClocks, settleMs }: Records): Seen {
  const deliveries = [...deliveriesIn(conversations, ledger)].flatMap(({ reader, writer, sentAtMs, receivedAtMs }) => {
    if (!wrongClocks.isCalm([reader], sentAtMs, Infinity)) return []
    return [{ tookMs: Math.max(0, receivedAtMs - sentAtMs), isOnline: disturbances.isCalm([reader, writer], sentAtMs, receivedAtMs) }]
  })
  return {
    messages: owed,
    lost: lost.length,
    duplicates: duplicated.length,
    reordered: reordered.length,
    deliveryMs: deliveries.map(({ tookMs }) => tookMs),
    onlineDeliveryMs: deliveries.filter(({ isOnline }) => isOnline).map(({ tookMs }) => tookMs),
    settleMs
  }
}
