/** What everybody holds in the end, once nothing is on its way any more. */
import { UNDECRYPTABLE } from '../../node/turn/take.ts'
import type { Player } from '../net.ts'
import { REAL_TIME, type Time } from '../time.ts'
import type { Conversation, Shown } from './checker.ts'
import type { Ledger } from './talk.ts'

/** A message as one side shows it, with when it came there, by its clock. */
export interface Told extends Shown {
  readonly isOwn: boolean
  readonly receivedAtMs: number
}

export interface ToldConversation extends Conversation {
  readonly atLeft: readonly Told[]
  readonly atRight: readonly Told[]
}

const LOOK_MS = 500
/** How many messages one question brings. */
const PAGE = 1_000

/** Waits until nothing is on its way any more, and returns how long that took. What is still open in the end is missing, and the checker says so. */
export async function settle (users: readonly Player[], { msMax, tell, time = REAL_TIME }: { readonly msMax: number, readonly tell: (text: string) => void, readonly time?: Time }): Promise<number> {
  const beginMs = time.passedMs()
  for (let told = -1; time.passedMs() - beginMs < msMax;) {
    const open = await Promise.all(users.map(async ({ api }) => (await api.call('status', {})).outbox.open))
    const sum = open.reduce((left, right) => left + right, 0)
    if (sum === 0) return time.passedMs() - beginMs
    if (sum !== told) tell(`quiet now; ${sum} deliveries open`)
    told = sum
    await time.delay(LOOK_MS)
  }
  tell('not everything has arrived in time')
  return time.passedMs() - beginMs
}

/** Of all who wrote to each other. */
export async function conversationsOf (users: readonly Player[], ledger: Ledger): Promise<ToldConversation[]> {
  const conversations: ToldConversation[] = []
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

export interface Delivery {
  readonly id: string
  readonly reader: string
  readonly writer: string
  /** By our clock. */
  readonly sentAtMs: number
  /** By the reader's clock. */
  readonly receivedAtMs: number
}

/** Of each message that was asked for and came. */
export function * deliveriesIn (conversations: readonly ToldConversation[], ledger: Ledger): Generator<Delivery> {
  const sides = conversations.flatMap(({ left, right, atLeft, atRight }) => [[left, right, atLeft], [right, left, atRight]] as const)
  for (const [reader, writer, told] of sides) {
    for (const { id, isOwn, receivedAtMs } of told) {
      const sentAtMs = ledger.sentAtMs(id)
      if (!isOwn && sentAtMs !== undefined) yield { id, reader, writer, sentAtMs, receivedAtMs }
    }
  }
}

async function history (owner: Player, other: Player): Promise<Told[]> {
  const pages: Told[][] = []
  for (let before: string | undefined, hasMore = true; hasMore;) {
    const page = await owner.api.call('read', { with: other.name, limit: PAGE, ...before === undefined ? {} : { before } })
    pages.unshift(page.messages.map(({ id, text, isOwn, receivedAt }) => ({ id, text, isOwn, receivedAtMs: Date.parse(receivedAt) })))
    before = page.messages[0]?.id
    hasMore = page.hasMore
  }
  return pages.flat()
}

/** Each time that somebody could not decrypt something, by their own events. */
export async function undecryptableAt (users: readonly Player[]): Promise<string[]> {
  const found: string[] = []
  for (const { name, api } of users) {
    for (let after = 'start', isMore = true; isMore;) {
      const page = await api.call('events.page', { after, limit: PAGE })
      found.push(...page.events.filter(({ type, text }) => type === 'node.trouble' && text?.startsWith(UNDECRYPTABLE) === true).map(({ text = '' }) => `${name}: ${text}`))
      after = page.cursor
      isMore = page.events.length > 0
    }
  }
  return found
}
