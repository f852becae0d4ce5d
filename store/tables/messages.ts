/** Messages as they are shown: own and theirs, folded, in display order. */
import type { ContentId } from '../../protocols/core/ids.ts'
import { invariant } from '../../protocols/core/invariant.ts'
import { joinState } from '../../protocols/message/receipt.ts'
import type { Database, SqlValue, Statement } from '../database.ts'
import { decodeIds, encodeIds } from '../refs.ts'
import { OWN_STATE, THEIR_STATE, type Message, type NewMessage, type OwnState, type TheirState } from '../types.ts'
import { contentIdOf, flag, namesOf } from './columns.ts'

interface MessageRow {
  readonly row: number
  readonly id: Uint8Array
  readonly contact: number
  readonly is_own: number
  readonly counter: number
  readonly hlc: number
  readonly position: number
  readonly parents: Uint8Array
  readonly missing: number
  readonly sent_at: number
  readonly received_at: number
  readonly kind: number
  readonly reply_to: Uint8Array | null
  readonly is_deleted: number
  readonly edited_at: number | null
  readonly state: number
  readonly state_at: number
  readonly delivered_at: number | null
  readonly reason: string | null
  readonly reactions: string | null
  readonly text: string
  readonly original: string | null
}

/** A place in a conversation. */
interface Place { readonly positionUs: number, readonly id: ContentId }

export interface PageOptions { readonly limit: number, readonly before?: Place, readonly after?: Place }

const STATE_NUMBER = { ...OWN_STATE, ...THEIR_STATE } as const
/** 'read' has two numbers: ours was read by them, theirs by us. */
const STATE_NAME = new Map<number, OwnState | TheirState>([...namesOf(OWN_STATE), ...namesOf(THEIR_STATE)])
const OWN_STATES = Object.keys(OWN_STATE) as OwnState[]

export class MessageReader {
  readonly #byId: Statement<[ContentId], MessageRow>
  readonly #stateOf: Statement<[ContentId], { readonly state: number, readonly reason: string | null }>
  readonly #byRow: Statement<[number], MessageRow>
  readonly #has: Statement<[ContentId], { readonly row: number }>
  readonly #idsBetween: Statement<[ContentId, ContentId, number], { readonly id: Uint8Array }>
  readonly #newest: Statement<[number, number], MessageRow>
  readonly #before: Statement<[number, number, ContentId, number], MessageRow>
  readonly #after: Statement<[number, number, ContentId, number], MessageRow>
  readonly #withGaps: Statement<[number], MessageRow>
  readonly #unread: Statement<[number, number], MessageRow>
  readonly #ownCounts: Statement<[], { readonly state: number, readonly count: number }>
  readonly #last: Statement<[], MessageRow>

  constructor (database: Database) {
    this.#byId = database.prepare('SELECT * FROM messages WHERE id = ?')
    this.#stateOf = database.prepare('SELECT state, reason FROM messages WHERE id = ?')
    this.#byRow = database.prepare('SELECT * FROM messages WHERE row = ?')
    this.#has = database.prepare('SELECT row FROM messages WHERE id = ?')
    this.#idsBetween = database.prepare('SELECT id FROM messages WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?')
    this.#newest = database.prepare('SELECT * FROM messages WHERE contact = ? ORDER BY position DESC, id DESC LIMIT ?')
    this.#before = database.prepare('SELECT * FROM messages WHERE contact = ? AND (position, id) < (?, ?) ORDER BY position DESC, id DESC LIMIT ?')
    this.#after = database.prepare('SELECT * FROM messages WHERE contact = ? AND (position, id) > (?, ?) ORDER BY position, id LIMIT ?')
    this.#withGaps = database.prepare('SELECT * FROM messages WHERE contact = ? AND missing > 0 ORDER BY row')
    this.#unread = database.prepare('SELECT * FROM messages WHERE contact = ? AND state = 10 ORDER BY row LIMIT ?')
    this.#ownCounts = database.prepare('SELECT state, count(*) AS count FROM messages WHERE is_own = 1 GROUP BY state')
    this.#last = database.prepare('SELECT * FROM messages ORDER BY row DESC LIMIT 1')
  }

  /** Where a message is, without the rest of it. */
  stateOf (message: ContentId): { readonly state: OwnState | TheirState, readonly reason: string | undefined } | undefined {
    const row = this.#stateOf.get(message)
    return row === undefined ? undefined : { state: stateNamed(row.state), reason: row.reason ?? undefined }
  }

  byId (message: ContentId): Message | undefined { return messageOrNothing(this.#byId.get(message)) }

  byRow (row: number): Message | undefined { return messageOrNothing(this.#byRow.get(row)) }

  has (message: ContentId): boolean { return this.#has.get(message) !== undefined }

  /** Ids in [low, high], ascending: for the first characters of an id, typed by a person. */
  idsBetween (low: ContentId, high: ContentId, limit: number): ContentId[] {
    return this.#idsBetween.all(low, high, limit).map(row => contentIdOf(row.id))
  }

  /** In display order (ascending position, then id): the newest, the last before a place, or the first after one. */
  page (contact: number, { limit, before, after }: PageOptions): Message[] {
    invariant(before === undefined || after === undefined, 'a page lies on one side of a place')
    if (after !== undefined) return this.#after.all(contact, after.positionUs, after.id, limit).map(messageOf)
    const rows = before === undefined
      ? this.#newest.all(contact, limit)
      : this.#before.all(contact, before.positionUs, before.id, limit)
    return rows.reverse().map(messageOf)
  }

  /** Those that name parents we do not have, in the order they came. */
  withGaps (contact: number): Message[] { return this.#withGaps.all(contact).map(messageOf) }

  /** Theirs that nobody has read here, in the order they came. */
  unread (contact: number, limit: number): Message[] { return this.#unread.all(contact, limit).map(messageOf) }

  /** Own messages by where they are. Reads all of them: not for every day. */
  ownCounts (): { readonly sent: number, readonly delivered: number, readonly waiting: number, readonly expired: number } {
    const counts = new Map(this.#ownCounts.all().map(({ state, count }) => [state, count]))
    const of = (...states: OwnState[]): number => states.reduce((sum, state) => sum + (counts.get(OWN_STATE[state]) ?? 0), 0)
    return { sent: [...counts.values()].reduce((sum, count) => sum + count, 0), delivered: of('delivered', 'read'), waiting: of('queued', 'stored'), expired: of('expired') }
  }

  /** The one that came last, of all conversations. */
  newest (): Message | undefined { return messageOrNothing(this.#last.get()) }

  /** Rows are marked as deleted, never removed: the highest is the count. */
  count (): number { return this.#last.get()?.row ?? 0 }
}

/** A message after its changes, as protocols/message/fold.ts makes it. */
type Folded = Pick<Message, 'text' | 'original' | 'isDeleted' | 'editedAtMs' | 'reactions'>

/** A message's text, as the database gives it. */
export interface TextRow { readonly row: number, readonly contact: number, readonly text: string }

type Retext = (before: TextRow, after: TextRow) => void

type Advance = Statement<[number, string | undefined, number | undefined, ContentId], never>

export class MessageWriter {
  readonly #retext: Retext
  readonly #append: Statement<SqlValue[], never>
  readonly #advance: Readonly<Record<OwnState, Advance>>
  readonly #requeue: Statement<[number, ContentId], never>
  readonly #markRead: Statement<[number, ContentId], never>
  readonly #text: Statement<[ContentId], TextRow>
  readonly #refold: Statement<[string, string | undefined, number, number | undefined, string | undefined, ContentId], never>
  readonly #setPosition: Statement<[number, number, ContentId], never>

  /** `retext` is told of every text that has changed, in its transaction. */
  constructor (database: Database, retext: Retext) {
    this.#retext = retext
    this.#append = database.prepare(`INSERT INTO messages (id, contact, is_own, counter, hlc, position, parents, missing, sent_at, received_at, kind,
      reply_to, is_deleted, state, state_at, text) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?) ON CONFLICT (id) DO NOTHING`)
    this.#advance = prepareAdvances(database)
    this.#requeue = database.prepare(`UPDATE messages SET state = ${OWN_STATE.queued}, state_at = ?, reason = NULL
      WHERE id = ? AND state IN (${OWN_STATE.failed}, ${OWN_STATE.expired}, ${OWN_STATE.cancelled})`)
    this.#markRead = database.prepare('UPDATE messages SET state = 11, state_at = ? WHERE id = ? AND state = 10')
    this.#text = database.prepare('SELECT row, contact, text FROM messages WHERE id = ?')
    this.#refold = database.prepare('UPDATE messages SET text = ?, original = ?, is_deleted = ?, edited_at = ?, reactions = ? WHERE id = ?')
    this.#setPosition = database.prepare('UPDATE messages SET position = ?, missing = ? WHERE id = ?')
  }

  /** The new row; `undefined` when the message is there already. */
  append (message: NewMessage): number | undefined {
    return this.#append.insert(message.id, message.contact, flag(message.isOwn), message.counter, message.hlcUs, message.positionUs,
      encodeIds(message.parents), message.missing, message.sentAtMs, message.receivedAtMs, message.kind, message.replyTo,
      STATE_NUMBER[message.state], message.receivedAtMs, message.text)
  }

  /**
   * What was learnt about an own message: moves it up in the order of protocols/message/receipt.ts, never down, so the order of
   * learning does not matter. Returns whether it moved. `reason`: of a failure, in words.
   */
  // eslint-disable-next-line max-params -- runs for every message: no object for each call
  advance (message: ContentId, state: OwnState, atMs: number, reason?: string): boolean {
    const deliveredAtMs = state === 'delivered' || state === 'read' ? atMs : undefined
    return this.#advance[state].run(atMs, reason, deliveredAtMs, message) > 0
  }

  /** Tries again: not learnt but decided, so it goes down. Returns whether the message had been given up. */
  requeue (message: ContentId, atMs: number): boolean { return this.#requeue.run(atMs, message) > 0 }

  /** One of theirs. Returns whether it was unread. */
  markRead (message: ContentId, atMs: number): boolean { return this.#markRead.run(atMs, message) > 0 }

  /** The fold after a change; the search index follows. */
  refold (message: ContentId, folded: Folded): void {
    const before = this.#text.get(message)
    invariant(before !== undefined, 'a message is there before it changes')
    const reactions = Object.keys(folded.reactions).length === 0 ? undefined : JSON.stringify(folded.reactions)
    this.#refold.run(folded.text, folded.original, flag(folded.isDeleted), folded.editedAtMs, reactions, message)
    const after = this.#text.get(message)
    if (after !== undefined) this.#retext(before, after)
  }

  /** A parent came late, or stands elsewhere now. */
  setPosition (message: ContentId, positionUs: number, missing: number): void { this.#setPosition.run(positionUs, missing, message) }
}

function prepareAdvances (database: Database): Readonly<Record<OwnState, Advance>> {
  return Object.fromEntries(OWN_STATES.map(state => [state, prepareAdvance(database, state)])) as Record<OwnState, Advance>
}

function prepareAdvance (database: Database, state: OwnState): Advance {
  const below = OWN_STATES.filter(known => joinState(known, state) !== known).map(known => OWN_STATE[known])
  return database.prepare(`UPDATE messages SET state = ${OWN_STATE[state]}, state_at = ?, reason = ?, delivered_at = coalesce(delivered_at, ?)
    WHERE id = ? AND state IN (${below.join(', ') || 'NULL'})`)
}

function messageOrNothing (row: MessageRow | undefined): Message | undefined { return row === undefined ? undefined : messageOf(row) }

function stateNamed (number: number): OwnState | TheirState {
  const state = STATE_NAME.get(number)
  invariant(state !== undefined, 'a message is in a state that has a name')
  return state
}

function messageOf (row: MessageRow): Message {
  return {
    row: row.row,
    id: contentIdOf(row.id),
    contact: row.contact,
    isOwn: row.is_own === 1,
    counter: row.counter,
    hlcUs: row.hlc,
    positionUs: row.position,
    parents: decodeIds(row.parents),
    missing: row.missing,
    sentAtMs: row.sent_at,
    receivedAtMs: row.received_at,
    kind: row.kind,
    text: row.text,
    original: row.original ?? undefined,
    replyTo: row.reply_to === null ? undefined : contentIdOf(row.reply_to),
    isDeleted: row.is_deleted === 1,
    editedAtMs: row.edited_at ?? undefined,
    reactions: row.reactions === null ? {} : JSON.parse(row.reactions) as Record<string, string>,
    state: stateNamed(row.state),
    stateAtMs: row.state_at,
    deliveredAtMs: row.delivered_at ?? undefined,
    reason: row.reason ?? undefined
  }
}
