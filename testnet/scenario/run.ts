/** One run of a scenario: a testnet of its own, the talk, the faults, and then the verdict. */
import { parseDuration } from '../../cli/time.ts'
import { seeded } from '../chance.ts'
import type { Layout } from '../layout.ts'
import { planOf } from '../plan.ts'
import { judge, type Verdict } from '../prove/checker.ts'
import { conversationsOf, deliveriesIn, settle, type ToldConversation } from '../prove/histories.ts'
import { Ledger, talk } from '../prove/talk.ts'
import { expectationRecord } from '../report/expectations.ts'
import { watchRun } from '../report/face.ts'
import type { RunRecord } from '../report/record.ts'
import { Testnet } from '../testnet.ts'
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

export interface Outcome {
  readonly seed: number
  readonly failures: ReadonlyArray<{ readonly expectation: string, readonly seen: string }>
  readonly seen: Seen
  readonly durationMs: number
  readonly record: RunRecord
}

const SETTLE_MS_MAX = 120_000

/** @throws SkeinError when a node does not start, or a fault cannot be made */
export async function runScenario ({ scenario, expectations, seed, layout, replay, interrupted, tell }: ScenarioRun): Promise<Outcome> {
  const startMs = performance.now()
  const { users, relays = 0, cable = 'userspace', disks = false, faults = [] } = scenario
  const testnet = await Testnet.up({ layout, plan: { ...planOf({ users, relays }), cable, disks }, interrupted, tell })
  try {
    for (const name of new Set(faults.flatMap(({ oldDisk }) => oldDisk ?? []))) await testnet.keepCopy(name)
    const people = testnet.members.filter(({ kind }) => kind === 'user')
    const random = seeded(seed)
    const [disturbances, wrongClocks] = [new Disturbances(), new Disturbances()]
    const ledger = new Ledger()
    await using watched = await watchRun(testnet, { kind: 'scenario', name: scenario.name, seed, replay, sentCount: () => ledger.count }, layout)
    const beginMs = performance.now()
    const [faulted] = await Promise.all([
      Promise.allSettled(faults.map(async fault => { await happen(fault, { testnet, disturbances, wrongClocks, random: seeded(random() * 2 ** 32), beginMs, tell, interrupted }) })),
      talk(people, { ...talkOf(scenario), signal: interrupted, random, ledger, tell })
    ])
    const broken = faulted.find(result => result.status === 'rejected')
    if (broken !== undefined) throw broken.reason
    await mend({ testnet, disturbances, wrongClocks })
    interrupted.throwIfAborted()
    const settleMs = await settle(people, { msMax: scenario.settle === undefined ? SETTLE_MS_MAX : parseDuration(scenario.settle, 'settle'), tell })
    const conversations = await conversationsOf(people, ledger)
    const verdict = judge(conversations)
    const seen = seenIn(conversations, { verdict, ledger, disturbances, wrongClocks, settleMs })
    const failures = expectations.flatMap(({ text, judge: judged }) => {
      const instead = judged(seen)
      return instead === undefined ? [] : [{ expectation: text, seen: instead }]
    })
    const record = await watched.recorder.end({ conversations, ledger, verdict, settleMs, disturbances, wrongClocks, expectations: expectations.map(expectation => expectationRecord(expectation, seen)) })
    return { seed, failures, seen, durationMs: performance.now() - startMs, record }
  } finally {
    await testnet.down()
  }
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
