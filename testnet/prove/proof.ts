/**
 * Zero loss, shown: users and relays as real processes that are killed, cut off, stopped, put wrong and given old disks by chance
 * while messages go between them; in the end somebody reads all histories.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { seeded } from '../chance.ts'
import type { Layout } from '../layout.ts'
import type { Member } from '../member.ts'
import { planOf } from '../plan.ts'
import { Testnet } from '../testnet.ts'
import { judge, type Conversation, type Shown, type Verdict } from './checker.ts'
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
}

const SETTLE_MS_MAX = 600_000
const LOOK_MS = 1_000
/** How many messages one question brings. */
const PAGE = 1_000

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
    const calm = new AbortController()
    const troubled = nemesis.trouble(calm.signal)
    await talk(people, { messages: options.messages, signal: AbortSignal.any([interrupted, AbortSignal.timeout(Math.min(options.durationMs, TIMER_MS_MAX))]), random, ledger, tell })
    calm.abort()
    await troubled
    interrupted.throwIfAborted()
    const settleBeginMs = performance.now()
    await settle(people, { deadlineMs: settleBeginMs + (options.settleMsMax ?? SETTLE_MS_MAX), tell })
    const settleMs = performance.now() - settleBeginMs
    const verdict = judge(await conversationsOf(people, ledger))
    return { verdict, faults: nemesis.counts, durationMs: performance.now() - beginMs, settleMs }
  } finally {
    await testnet.down()
  }
}

/** A timer of Node takes no more (24 days). */
const TIMER_MS_MAX = 2 ** 31 - 1

/** Waits until nothing is on its way any more. What is still open then is missing, and the checker says so. */
async function settle (users: readonly Member[], { deadlineMs, tell }: { readonly deadlineMs: number, readonly tell: (text: string) => void }): Promise<void> {
  for (let told = -1; performance.now() < deadlineMs;) {
    const open = await Promise.all(users.map(async ({ api }) => (await api.call('status', {})).outbox.open))
    const sum = open.reduce((left, right) => left + right, 0)
    if (sum === 0) return
    if (sum !== told) tell(`quiet now; ${sum} deliveries open`)
    told = sum
    await delay(LOOK_MS)
  }
  tell('not everything has arrived in time')
}

async function conversationsOf (users: readonly Member[], ledger: Ledger): Promise<Conversation[]> {
  const conversations: Conversation[] = []
  for (const [index, left] of users.entries()) {
    for (const right of users.slice(index + 1)) {
      const owed = ledger.between(left.name, right.name)
      if (owed.size === 0) continue
      const [atLeft, atRight] = await Promise.all([history(left, right), history(right, left)])
      conversations.push({ left: left.name, right: right.name, owed, atLeft, atRight })
    }
  }
  return conversations
}

async function history (owner: Member, other: Member): Promise<Shown[]> {
  const pages: Shown[][] = []
  for (let before: string | undefined, hasMore = true; hasMore;) {
    const page = await owner.api.call('read', { with: other.name, limit: PAGE, ...before === undefined ? {} : { before } })
    pages.unshift(page.messages.map(({ id, text }) => ({ id, text })))
    before = page.messages[0]?.id
    hasMore = page.hasMore
  }
  return pages.flat()
}
