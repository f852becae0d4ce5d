/** Where an invite said that a contact may be found, until its device list is known. */
import type { Database, Statement } from '../database.ts'
import type { Hint } from '../types.ts'
import { flag } from './columns.ts'

interface HintRow { readonly peer_id: string, readonly address: string, readonly is_relay: number }

export class HintReader {
  readonly #ofContact: Statement<[number], HintRow>

  constructor (database: Database) {
    this.#ofContact = database.prepare('SELECT peer_id, address, is_relay FROM hints WHERE contact = ?')
  }

  ofContact (contact: number): Hint[] {
    return this.#ofContact.all(contact).map(row => ({ peerId: row.peer_id, address: row.address, isRelay: row.is_relay === 1 }))
  }
}

export class HintWriter {
  readonly #clear: Statement<[number], never>
  readonly #add: Statement<[number, string, string, number], never>

  constructor (database: Database) {
    this.#clear = database.prepare('DELETE FROM hints WHERE contact = ?')
    this.#add = database.prepare('INSERT INTO hints (contact, peer_id, address, is_relay) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING')
  }

  replace (contact: number, hints: readonly Hint[]): void {
    this.#clear.run(contact)
    for (const { peerId, address, isRelay } of hints) this.#add.run(contact, peerId, address, flag(isRelay))
  }
}
