/**
 * What goes in slices: what closed doors have left behind, and doors whose time is over. Closing a door is one row, whatever waits
 * behind it; nobody's commit waits for the rest.
 */
import type { Statement } from '../database.ts'
import type { WriterParts } from './parts.ts'
import { HELD, itemOf, KINDS, type AliasRow } from './rows.ts'

interface RemovalRow { readonly door: number, readonly mailbox: number }
interface LeftRow { readonly deposit_id: Uint8Array, readonly state: number, readonly position: number }

export class Sweeper {
  readonly #parts: WriterParts
  readonly #removal: Statement<[], RemovalRow>
  readonly #left: Statement<[number, number], LeftRow>
  readonly #removeItem: Statement<[number], never>
  readonly #removeDeposit: Statement<[number, Uint8Array], never>
  readonly #done: Statement<[number], never>
  readonly #expired: Statement<[number, number], AliasRow>
  readonly #addRemoval: Statement<[number, number], never>
  readonly #addRemovals: Statement<[number], never>
  readonly #removeAlias: Statement<[number], never>
  readonly #uncount: Statement<[number, number, number, number], never>

  constructor (parts: WriterParts) {
    const { database } = parts
    this.#parts = parts
    this.#removal = database.prepare('SELECT door, mailbox FROM removals LIMIT 1')
    this.#left = database.prepare('SELECT deposit_id, state, position FROM deposits WHERE door = ? LIMIT ?')
    this.#removeItem = database.prepare('DELETE FROM items WHERE item = ?')
    this.#removeDeposit = database.prepare('DELETE FROM deposits WHERE door = ? AND deposit_id = ?')
    this.#done = database.prepare('DELETE FROM removals WHERE door = ?')
    this.#expired = database.prepare('SELECT * FROM aliases WHERE expires_at <= ? AND items = 0 LIMIT ?')
    this.#addRemoval = database.prepare('INSERT INTO removals (door, mailbox) VALUES (?, ?)')
    this.#addRemovals = database.prepare('INSERT INTO removals SELECT door, mailbox FROM aliases WHERE mailbox = ?')
    this.#removeAlias = database.prepare('DELETE FROM aliases WHERE door = ?')
    this.#uncount = database.prepare('UPDATE mailboxes SET alias_count = alias_count - 1, items = items - ?, bytes = bytes - ?, gate_pending = gate_pending - ? WHERE mailbox = ?')
  }

  /** Closes a door, now for everybody who looks; what is behind it goes with `sweep`. */
  close ({ door, mailbox, kind, items, bytes, remembered }: AliasRow): void {
    const { pending } = this.#parts.totals
    this.#addRemoval.run(door, mailbox)
    this.#removeAlias.run(door)
    this.#uncount.run(items, bytes, kind === KINDS.contact ? 0 : items, mailbox)
    pending.aliases -= 1
    pending.items -= items
    pending.bytes -= bytes
    pending.remembered -= remembered
  }

  /** Of a mailbox that goes as a whole, whose doors the caller removes. */
  closeAll (mailbox: number): void { this.#addRemovals.run(mailbox) }

  /** Removes at most `limit` rows of what closed doors have left. Returns how many; fewer than `limit`: that was all. */
  sweep (limit: number): number {
    let rows = 0
    for (let removal = this.#removal.get(); removal !== undefined && rows < limit; removal = this.#removal.get()) rows += this.#sweepDoor(removal, limit - rows)
    return rows
  }

  /** Closes at most `limit` doors whose time is over and behind which nothing waits. */
  closeExpired (nowMs: number, limit: number): number {
    const expired = this.#expired.all(nowMs, limit)
    for (const row of expired) this.close(row)
    return expired.length
  }

  #sweepDoor ({ door, mailbox }: RemovalRow, limit: number): number {
    const left = this.#left.all(door, limit)
    for (const { deposit_id: depositId, state, position } of left) {
      if (state === HELD) this.#removeItem.run(itemOf(mailbox, position))
      this.#removeDeposit.run(door, depositId)
    }
    if (left.length === limit) return left.length
    this.#done.run(door)
    return left.length + 1
  }
}
