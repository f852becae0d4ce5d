/** Where each conversation stands: our counter and clock, its heads, what is unread. */
import type { Database, Statement } from '../database.ts'
import { decodeIds, encodeIds } from '../refs.ts'
import type { Conversation } from '../types.ts'

interface ConversationRow {
  readonly contact: number
  readonly counter: number
  readonly hlc: number
  readonly heads: Uint8Array
  readonly unread: number
  readonly last_row: number
}

export class ConversationReader {
  readonly #of: Statement<[number], ConversationRow>
  readonly #list: Statement<[], ConversationRow>

  constructor (database: Database) {
    this.#of = database.prepare('SELECT * FROM conversations WHERE contact = ?')
    this.#list = database.prepare('SELECT * FROM conversations ORDER BY last_row DESC, contact')
  }

  /** Zeros when nothing was ever said. */
  of (contact: number): Conversation {
    const row = this.#of.get(contact)
    return row === undefined ? { contact, counter: 0, hlcUs: 0, heads: [], unread: 0, lastRow: 0 } : conversationOf(row)
  }

  /** With the newest message first. */
  list (): Conversation[] { return this.#list.all().map(conversationOf) }
}

export class ConversationWriter {
  readonly #put: Statement<[number, number, number, Uint8Array], never>
  readonly #setUnread: Statement<[number, number], never>
  readonly #addUnread: Statement<[number, number, number], never>

  constructor (database: Database) {
    this.#put = database.prepare(`INSERT INTO conversations (contact, counter, hlc, heads, unread, last_row) VALUES (?, ?, ?, ?, 0, 0)
      ON CONFLICT (contact) DO UPDATE SET counter = excluded.counter, hlc = excluded.hlc, heads = excluded.heads`)
    this.#setUnread = database.prepare(`INSERT INTO conversations (contact, counter, hlc, heads, unread, last_row) VALUES (?, 0, 0, x'', ?, 0)
      ON CONFLICT (contact) DO UPDATE SET unread = excluded.unread`)
    this.#addUnread = database.prepare(`INSERT INTO conversations (contact, counter, hlc, heads, unread, last_row) VALUES (?, 0, 0, x'', ?, ?)
      ON CONFLICT (contact) DO UPDATE SET unread = unread + excluded.unread, last_row = max(last_row, excluded.last_row)`)
  }

  /** Counter, clock and heads; what is unread stays. */
  put (conversation: Omit<Conversation, 'unread' | 'lastRow'>): void {
    this.#put.run(conversation.contact, conversation.counter, conversation.hlcUs, encodeIds(conversation.heads))
  }

  setUnread (contact: number, unread: number): void { this.#setUnread.run(contact, unread) }

  /** `lastRow`: the newest message's row; with a count of 0 for own messages. */
  addUnread (contact: number, count: number, lastRow: number): void { this.#addUnread.run(contact, count, lastRow) }
}

function conversationOf (row: ConversationRow): Conversation {
  return { contact: row.contact, counter: row.counter, hlcUs: row.hlc, heads: decodeIds(row.heads), unread: row.unread, lastRow: row.last_row }
}
