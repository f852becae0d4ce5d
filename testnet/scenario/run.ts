/** One run of a scenario: a testnet of its own, the talk, the faults, and then the verdict. */
import { parseDuration } from '../../cli/time.ts'
import { invariant } from '../../protocols/core/invariant.ts'
import { seeded } from '../chance.ts'
import type { Layout } from '../layout.ts'
import { planOf } from '../plan.ts'
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

export interface ScenarioRun {
  readonly scenario: Scenario
  readonly expectations: readonly Expectation[]
  readonly seed: number
  readonly layout: Layout
  /** The command that repeats it. */
  readonly replay: string
  readonly interrupted: AbortSignal
  readonly tell: (text: string) => void
}

/** What is run: wherever it is, and in whatever time. */
export interface Stage extends Omit<ScenarioRun, 'layout' | 'replay'> {
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
export async function runScenario ({ scenario, expectations, seed, layout, replay, interrupted, tell }: ScenarioRun): Promise<Outcome> {
  const startMs = performance.now()
  const { users, relays = 0, cable = 'userspace', disks = false } = scenario
  const testnet = await Testnet.up({ layout, plan: { ...planOf({ users, relays }), cable, disks }, interrupted, tell })
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
  const people = testnet.members.filter(({ kind }) => kind === 'user')
  const random = seeded(seed)
  const [disturbances, wrongClocks] = [new Disturbances(), new Disturbances()]
  const ledger = new Ledger()
  const conclude = await watch?.(() => ledger.count)
  const beginMs = time.passedMs()
  const [faulted] = await Promise.all([
    Promise.allSettled(faults.map(async (fault, index) => { await happen(fault, { testnet, disturbances, wrongClocks, random: seeded(chanceOf(seed, index)), beginMs, tell, interrupted, time }) })),
    talk(people, { ...talkOf(scenario), signal: interrupted, random, ledger, tell, time })
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
