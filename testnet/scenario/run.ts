/** One run of a scenario: a testnet of its own, the talk, the faults, and then the verdict. */
import { parseDuration } from '../../cli/time.ts'
import { seeded } from '../chance.ts'
import type { Layout } from '../layout.ts'
import { planOf, type Plan } from '../plan.ts'
import { judge } from '../prove/checker.ts'
import { conversationsOf, settle, type ToldConversation } from '../prove/histories.ts'
import { Ledger, talk } from '../prove/talk.ts'
import { Testnet } from '../testnet.ts'
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
  readonly interrupted: AbortSignal
  readonly tell: (text: string) => void
}

export interface Outcome {
  readonly seed: number
  readonly failures: ReadonlyArray<{ readonly expectation: string, readonly seen: string }>
  readonly seen: Seen
  readonly durationMs: number
}

const SETTLE_MS_MAX = 120_000

/** @throws SkeinError when a node does not start, or a fault cannot be made */
export async function runScenario ({ scenario, expectations, seed, release, layout, interrupted, tell }: ScenarioRun): Promise<Outcome> {
  const startMs = performance.now()
  const { faults = [] } = scenario
  const testnet = await Testnet.up({ layout, plan: planIn(scenario, release), interrupted, tell })
  try {
    for (const name of new Set(faults.flatMap(({ oldDisk }) => oldDisk ?? []))) await testnet.keepCopy(name)
    const victims = await byName(faults.flatMap(({ drain }) => drain ?? []), async name => await victimOf(testnet.member(name)))
    const links = await byName(faults.flatMap(({ meet }) => meet?.[1] ?? []), async name => (await testnet.member(name).api.call('me.card', {})).link)
    const people = testnet.members.filter(({ kind }) => kind === 'user')
    const random = seeded(seed)
    const [disturbances, wrongClocks] = [new Disturbances(), new Disturbances()]
    const ledger = new Ledger()
    const beginMs = performance.now()
    const [faulted] = await Promise.all([
      Promise.allSettled(faults.map(async fault => { await happen(fault, { testnet, victims, links, disturbances, wrongClocks, random: seeded(random() * 2 ** 32), beginMs, tell, interrupted }) })),
      talk(people, { ...talkOf(scenario), signal: interrupted, random, ledger, tell })
    ])
    const broken = faulted.find(result => result.status === 'rejected')
    if (broken !== undefined) throw broken.reason
    await mend({ testnet, disturbances, wrongClocks })
    interrupted.throwIfAborted()
    const settleMs = await settle(people, { msMax: scenario.settle === undefined ? SETTLE_MS_MAX : parseDuration(scenario.settle, 'settle'), tell })
    const seen = seenIn(await conversationsOf(people, ledger), { ledger, disturbances, wrongClocks, settleMs })
    const failures = expectations.flatMap(({ text, judge: judged }) => {
      const instead = judged(seen)
      return instead === undefined ? [] : [{ expectation: text, seen: instead }]
    })
    return { seed, failures, seen, durationMs: performance.now() - startMs }
  } finally {
    await testnet.down()
  }
}

/** Where there are strangers, the others know each other. */
function planIn ({ users, relays = 0, strangers }: Scenario, release: string | undefined): Plan {
  const plan = planOf({ users, relays, release })
  if (strangers === undefined) return plan
  const known = plan.nodes.flatMap(({ name, kind }) => kind === 'user' && !strangers.includes(name) ? [name] : [])
  return { ...plan, nodes: plan.nodes.map(node => node.kind === 'user' ? { ...node, knows: known.includes(node.name) ? known : [] } : node) }
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
  readonly ledger: Ledger
  readonly disturbances: Disturbances
  readonly wrongClocks: Disturbances
  readonly settleMs: number
}

function seenIn (conversations: readonly ToldConversation[], { ledger, disturbances, wrongClocks, settleMs }: Records): Seen {
  const { owed, lost, duplicated, reordered } = judge(conversations)
  const deliveries = conversations.flatMap(({ left, right, atLeft, atRight }) => [[left, atLeft], [right, atRight]] as const).flatMap(([reader, told], index, sides) => {
    // Sides come in pairs.
    const writer = sides[index ^ 1]?.[0] ?? reader
    return told.flatMap(({ id, isOwn, receivedAtMs }) => {
      const sentAtMs = ledger.sentAtMs(id)
      if (isOwn || sentAtMs === undefined || !wrongClocks.isCalm([reader], sentAtMs, Infinity)) return []
      return [{ tookMs: Math.max(0, receivedAtMs - sentAtMs), isOnline: disturbances.isCalm([reader, writer], sentAtMs, receivedAtMs) }]
    })
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
