/**
 * Zero loss, shown: users and relays as real processes that are killed, cut off, stopped, put wrong and given old disks by chance
 * while messages go between them; in the end somebody reads all histories.
 */
import { seeded } from '../chance.ts'
import type { Layout } from '../layout.ts'
import { planOf } from '../plan.ts'
import { calmIn } from '../report/calm.ts'
import { promisesOf } from '../report/expectations.ts'
import { watchRun } from '../report/face.ts'
import type { RunRecord } from '../report/record.ts'
import { Testnet } from '../testnet.ts'
import { judge, type Verdict } from './checker.ts'
import { conversationsOf, settle, undecryptableAt } from './histories.ts'
import { Nemesis, type FaultKind } from './nemesis.ts'
import { Ledger, talk } from './talk.ts'

export interface ProofOptions {
  readonly layout: Layout
  readonly users: number
  readonly relays: number
  readonly seed: number
  /** The talk ends with so many, or after this time, whichever comes first. */
  readonly messages: number
  readonly durationMs: number
  readonly interrupted: AbortSignal
  /** Progress, for a person. */
  readonly tell: (text: string) => void
  /** How long the quiet at the end may take. Default: ten minutes. */
  readonly settleMsMax?: number
}

export interface Proof {
  readonly verdict: Verdict
  readonly faults: ReadonlyMap<FaultKind, number>
  readonly durationMs: number
  readonly settleMs: number
  readonly record: RunRecord
}

const SETTLE_MS_MAX = 600_000
/** A timer of Node takes no more (24 days). */
const TIMER_MS_MAX = 2 ** 31 - 1

/** Everybody is stopped in the end; homes and logs stay where the layout says. @throws SkeinError when somebody does not start */
export async function prove (options: ProofOptions): Promise<Proof> {
  const { layout, users, relays, seed, interrupted, tell } = options
  const beginMs = performance.now()
  const testnet = await Testnet.up({ layout, plan: planOf({ users, relays }), interrupted, tell })
  try {
    const people = testnet.members.filter(({ kind }) => kind === 'user')
    tell(`${users} users at ${relays} relays know each other`)
    const random = seeded(seed)
    const nemesis = new Nemesis({ testnet, random: seeded(random() * 2 ** 32), tell })
    const ledger = new Ledger()
    await using watched = await watchRun(testnet, { kind: 'proof', name: 'proof', seed, replay: replayOf(options), sentCount: () => ledger.count }, layout)
    const calmness = calmIn(testnet.journal)
    const calm = new AbortController()
    const troubled = nemesis.trouble(calm.signal)
    await talk(people, { messages: options.messages, signal: AbortSignal.any([interrupted, AbortSignal.timeout(Math.min(options.durationMs, TIMER_MS_MAX))]), random, ledger, tell })
    calm.abort()
    await troubled
    interrupted.throwIfAborted()
    const settleMs = await settle(people, { msMax: options.settleMsMax ?? SETTLE_MS_MAX, tell })
    const conversations = await conversationsOf(people, ledger)
    const verdict = judge(conversations, await undecryptableAt(people))
    const record = await watched.recorder.end({ conversations, ledger, verdict, settleMs, ...calmness, expectations: promisesOf(verdict) })
    return { verdict, faults: nemesis.counts, durationMs: performance.now() - beginMs, settleMs, record }
  } finally {
    await testnet.down()
  }
}

function replayOf ({ seed, messages, users, relays, durationMs }: ProofOptions): string {
  const until = messages < Number.MAX_SAFE_INTEGER ? `--messages ${messages}` : `--minutes ${Math.round(durationMs / 60_000)}`
  return `skein testnet prove --seed ${seed} ${until} --users ${users} --relays ${relays}`
}
