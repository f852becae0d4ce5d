/**
 * The feed of events, from any point, at least once: a named cursor moves only when it is acknowledged. A cursor is written
 * `seq.offset`: the row and how many of its events are behind us.
 */
import { MalformedError } from '../../protocols/core/errors.ts'
import type { EventView } from '../../protocols/local/schema.ts'
import { accountIdText } from '../../protocols/core/ids.ts'
import type { Reader } from '../../store/reader.ts'
import type { Cursor, StoredEvent } from '../../store/types.ts'
import type { Feed } from '../feed.ts'
import type { Clock } from '../ports.ts'
import type { Turn } from '../turn/turn.ts'
import type { EventType } from '../turn/round.ts'
import type { Handlers } from './handlers.ts'
import { instant, type Views } from './views.ts'

const PAGE_DEFAULT = 100
const START: Cursor = { seq: 0, offset: 0 }

export interface EventParts {
  readonly reader: Reader
  readonly turn: Turn
  readonly feed: Feed
  readonly clock: Clock
  readonly views: Views
}

export function eventOperations (parts: EventParts): Handlers<'events.page' | 'events.acknowledge'> {
  const { reader, turn, feed, clock } = parts
  return {
    'events.page': async ({ name, after, limit = PAGE_DEFAULT, waitMs = 0 }) => {
      const from = startOf({ name, after }, reader)
      let events = eventsAfter(from, limit, parts)
      if (events.length === 0 && waitMs > 0) {
        await nextRing(feed, clock, waitMs)
        events = eventsAfter(from, limit, parts)
      }
      return { events, cursor: events.at(-1)?.cursor ?? cursorText(from) }
    },
    'events.acknowledge': async ({ name, cursor }) => {
      const reached = parseCursor(cursor)
      await turn.write((writer, round) => {
        const held = writer.read.cursors.get(name)
        // An acknowledgement that comes late never moves a cursor back: events would be seen again for no reason.
        if (held === undefined || isAfter(reached, held)) writer.cursors.set(name, reached, round.nowMs)
      })
      return {}
    }
  }
}

function startOf ({ name, after }: { readonly name: string | undefined, readonly after: string | undefined }, reader: Reader): Cursor {
  if (after === 'start') return START
  if (after === 'now') return now(reader)
  if (after !== undefined) return parseCursor(after)
  if (name === undefined) return now(reader)
  // A name seen for the first time begins with the oldest event: rather see too much than miss what came before the first look.
  return reader.cursors.get(name) ?? START
}

function now (reader: Reader): Cursor {
  return { seq: reader.events.newestSeq(), offset: Number.MAX_SAFE_INTEGER }
}

function cursorText ({ seq, offset }: Cursor): string {
  return offset === Number.MAX_SAFE_INTEGER ? `${seq}.end` : `${seq}.${offset}`
}

/** @throws MalformedError */
function parseCursor (text: string): Cursor {
  const [, seq, offset] = /^(\d{1,15})\.(\d{1,9}|end)$/.exec(text) ?? []
  if (seq === undefined || offset === undefined) throw new MalformedError('cursor', 'must be one that the event stream gave')
  return { seq: Number(seq), offset: offset === 'end' ? Number.MAX_SAFE_INTEGER : Number(offset) }
}

function isAfter (left: Cursor, right: Cursor): boolean {
  return left.seq > right.seq || (left.seq === right.seq && left.offset > right.offset)
}

/** Events after a cursor, in order. A stored row stands for one event per message that it names. */
function eventsAfter (cursor: Cursor, limit: number, parts: EventParts): EventView[] {
  const events: EventView[] = []
  // The row of the cursor itself may have events left, so it may come again.
  for (const stored of parts.reader.events.after(cursor, limit)) {
    const skip = stored.seq === cursor.seq ? cursor.offset : 0
    const count = Math.max(1, stored.refs.length)
    for (let index = skip; index < count && events.length < limit; index++) {
      const event = viewOf(stored, index, parts)
      if (event !== undefined) events.push(event)
    }
    if (events.length >= limit) break
  }
  return events
}

function viewOf (stored: StoredEvent, index: number, { reader, views }: EventParts): EventView | undefined {
  const contact = stored.contact === 0 ? undefined : reader.contacts.byNumber(stored.contact)
  const ref = stored.refs[index]
  const message = ref === undefined ? undefined : reader.messages.byId(ref)
  const request = stored.type === 'request.received' ? reader.requests.ofContact(stored.contact) : undefined
  const detail = stored.detail === '' ? {} : JSON.parse(stored.detail) as { text?: string }
  return {
    cursor: `${stored.seq}.${index + 1}`,
    type: stored.type as EventType,
    at: instant(stored.atMs),
    ...contact === undefined ? {} : { with: accountIdText(contact.accountId) },
    ...message === undefined ? {} : { message: views.message(message) },
    ...request === undefined ? {} : { request: views.request(request) },
    ...contact === undefined || message !== undefined ? {} : { contact: views.contact(contact) },
    ...detail.text === undefined ? {} : { text: detail.text }
  }
}

async function nextRing (feed: Feed, clock: Clock, waitMs: number): Promise<void> {
  await new Promise<void>(resolve => {
    const finish = (): void => {
      stopListening()
      timer.cancel()
      resolve()
    }
    const stopListening = feed.listen(finish)
    const timer = clock.timer(waitMs, finish)
  })
}
