/** Requests of strangers, held apart until somebody answers them. */
import type { Database, Statement } from '../database.ts'
import type { Request } from '../types.ts'
import { bytesOrNothing, contentIdOf } from './columns.ts'

interface RequestRow {
  readonly contact: number
  readonly request_id: Uint8Array
  readonly name: string
  readonly text: string
  readonly invite_token: Uint8Array | null
  readonly received_at: number
}

export class RequestReader {
  readonly #list: Statement<[], RequestRow>
  readonly #ofContact: Statement<[number], RequestRow>
  readonly #count: Statement<[], { readonly count: number }>

  constructor (database: Database) {
    this.#list = database.prepare('SELECT * FROM requests ORDER BY received_at, contact')
    this.#ofContact = database.prepare('SELECT * FROM requests WHERE contact = ?')
    this.#count = database.prepare('SELECT count(*) AS count FROM requests')
  }

  /** Oldest first. */
  list (): Request[] { return this.#list.all().map(requestOf) }

  ofContact (contact: number): Request | undefined { return requestOrNothing(this.#ofContact.get(contact)) }

  count (): number { return this.#count.get()?.count ?? 0 }
}

export class RequestWriter {
  readonly #create: Statement<[number, Uint8Array, string, string, Uint8Array | undefined, number], never>
  readonly #remove: Statement<[number], never>

  constructor (database: Database) {
    this.#create = database.prepare(`INSERT INTO requests (contact, request_id, name, text, invite_token, received_at) VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT (contact) DO UPDATE SET request_id = excluded.request_id, name = excluded.name, text = excluded.text,
      invite_token = excluded.invite_token, received_at = excluded.received_at`)
    this.#remove = database.prepare('DELETE FROM requests WHERE contact = ?')
  }

  /** One for each contact: whoever asks again is shown with what they said last. */
  create (request: Request): void {
    this.#create.run(request.contact, request.requestId, request.name, request.text, request.inviteToken, request.receivedAtMs)
  }

  remove (contact: number): void { this.#remove.run(contact) }
}

function requestOrNothing (row: RequestRow | undefined): Request | undefined { return row === undefined ? undefined : requestOf(row) }

function requestOf (row: RequestRow): Request {
  return {
    contact: row.contact,
    requestId: contentIdOf(row.request_id),
    name: row.name,
    text: row.text,
    inviteToken: bytesOrNothing(row.invite_token),
    receivedAtMs: row.received_at
  }
}
