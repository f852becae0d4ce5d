/**
 * Items come, are collected, expire. Counts of doors and mailboxes are brought up once for each call, not for each item: a batch of
 * deposits goes through one door, as a rule.
 */
import { CONTROL_RESERVE } from '../../protocols/core/limits.ts'
import { idKey } from '../../protocols/core/ids.ts'
import { invariant } from '../../protocols/core/invariant.ts'
import type { DepositRef } from '../../protocols/mailbox/wire.ts'
import type { SqlValue, Statement } from '../database.ts'
import { bytesOrNothing } from '../tables/columns.ts'
import type { WriterParts } from './parts.ts'
import { COLLECTED, EXPIRED, HELD, itemOf, KINDS, minuteAfter, minuteOf, msOf, POSITION_MAX, type AliasRow, type MailboxRow } from './rows.ts'
import type { DepositOutcome, MailboxQuotas, NewDeposit } from './types.ts'

/** A mailbox and a door with the counts that they will have. */
interface OpenMailbox { readonly mailbox: number, readonly aliasEpoch: Uint8Array | undefined, items: number, bytes: number, gatePending: number, nextPosition: number }
interface OpenDoor { readonly door: number, readonly isGate: boolean, readonly isOnce: boolean, readonly mailbox: OpenMailbox, items: number, bytes: number, remembered: number }

interface DepositRow { readonly door: number, readonly deposit_id: Uint8Array, readonly state: number, readonly position: number, readonly expires_minute: number }

/** Ids of what expired are remembered so much longer: an audit shall hear that it expired and not that it was never here. */
const EXPIRED_KEEP_MINUTES = 2 * 24 * 60
/** What expired is remembered for less, and can be deposited again anyway: forgotten first. */
const GONE = [EXPIRED, COLLECTED] as const

export class ItemWriter {
  readonly #parts: WriterParts
  readonly #alias: Statement<[Uint8Array], AliasRow>
  readonly #door: Statement<[number], AliasRow>
  readonly #mailbox: Statement<[number], MailboxRow>
  readonly #deposit: Statement<[number, Uint8Array], DepositRow>
  readonly #addItem: Statement<SqlValue[], never>
  readonly #addDeposit: Statement<SqlValue[], never>
  readonly #size: Statement<[number], { readonly size: number }>
  readonly #removeItem: Statement<[number], never>
  readonly #settle: Statement<[number, number, number, Uint8Array], never>
  readonly #due: Statement<[number, number, number], DepositRow>
  readonly #oldestIds: Statement<[number, number], DepositRow>
  readonly #forget: Statement<[number, Uint8Array], never>
  readonly #saveDoor: Statement<[number, number, number, number], never>
  readonly #saveMailbox: Statement<[number, number, number, number, number], never>
  readonly #doors = new Map<string, OpenDoor>()
  readonly #byNumber = new Map<number, OpenDoor>()
  readonly #mailboxes = new Map<number, OpenMailbox>()

  constructor (parts: WriterParts) {
    const { database } = parts
    this.#parts = parts
    this.#alias = database.prepare('SELECT * FROM aliases WHERE alias = ?')
    this.#door = database.prepare('SELECT * FROM aliases WHERE door = ?')
    this.#mailbox = database.prepare('SELECT * FROM mailboxes WHERE mailbox = ?')
    this.#deposit = database.prepare('SELECT * FROM deposits WHERE door = ? AND deposit_id = ?')
    this.#addItem = database.prepare('INSERT INTO items (item, door, deposit_id, stored_minute, expires_minute, body) VALUES (?, ?, ?, ?, ?, ?)')
    this.#addDeposit = database.prepare(`INSERT INTO deposits (door, deposit_id, state, position, expires_minute) VALUES (?, ?, 0, ?, ?)
      ON CONFLICT (door, deposit_id) DO UPDATE SET state = 0, position = excluded.position, expires_minute = excluded.expires_minute`)
    this.#size = database.prepare('SELECT length(body) AS size FROM items WHERE item = ?')
    this.#removeItem = database.prepare('DELETE FROM items WHERE item = ?')
    this.#settle = database.prepare('UPDATE deposits SET state = ?, expires_minute = ? WHERE door = ? AND deposit_id = ?')
    this.#due = database.prepare('SELECT * FROM deposits WHERE state = ? AND expires_minute <= ? LIMIT ?')
    this.#oldestIds = database.prepare('SELECT * FROM deposits WHERE state = ? ORDER BY expires_minute LIMIT ?')
    this.#forget = database.prepare('DELETE FROM deposits WHERE door = ? AND deposit_id = ?')
    this.#saveDoor = database.prepare('UPDATE aliases SET items = ?, bytes = ?, remembered = ? WHERE door = ?')
    this.#saveMailbox = database.prepare('UPDATE mailboxes SET items = ?, bytes = ?, gate_pending = ?, next_position = ? WHERE mailbox = ?')
  }

  deposit (deposits: readonly NewDeposit[], quotas: MailboxQuotas): readonly DepositOutcome[] {
    return this.#counted(() => {
      const room = { ...this.#parts.space.room() }
      return deposits.map(deposit => {
        const door = this.#openDoor(deposit.alias)
        if (door === undefined) return { type: 'refused', reason: 'unknownAlias' }
        const before = this.#deposit.get(door.door, deposit.depositId)
        // What has expired is not here: whoever brings it again wants it kept again.
        if (before !== undefined && before.state !== EXPIRED) return { type: 'known', mailbox: door.mailbox.mailbox, expiresAtMs: msOf(before.expires_minute), aliasEpoch: door.mailbox.aliasEpoch }
        const refusal = refusalOf(deposit, door, quotas)
        if (refusal !== undefined) return { type: 'refused', reason: refusal }
        const cost = this.#parts.space.costOf(deposit.body.byteLength)
        if ((deposit.isControl ? room.forControl : room.forText) < cost) return { type: 'refused', reason: 'capacity' }
        room.forControl -= cost
        room.forText -= cost
        if (before !== undefined) this.#countRemembered(door, -1)
        return this.#store(deposit, door)
      })
    })
  }

  /** Returns how many were there. */
  acknowledge (mailbox: number, refs: readonly DepositRef[]): number {
    return this.#counted(() => {
      let count = 0
      for (const { alias, depositId } of refs) {
        const door = this.#openDoor(alias)
        if (door?.mailbox.mailbox !== mailbox) continue
        const row = this.#deposit.get(door.door, depositId)
        if (row?.state !== HELD) continue
        this.#take(row, door)
        this.#remember(row, { door, state: COLLECTED, untilMinute: row.expires_minute })
        count += 1
      }
      return count
    })
  }

  /** At most `limit` rows; how many items went, and how many rows were worked on. No closed door has anything left (sweeper.ts). */
  expire (nowMs: number, limit: number): { readonly items: number, readonly rows: number } {
    const minute = minuteOf(nowMs)
    return this.#counted(() => {
      const due = this.#due.all(HELD, minute, limit)
      for (const row of due) {
        const door = this.#doorOf(row)
        this.#take(row, door)
        this.#remember(row, { door, state: EXPIRED, untilMinute: minute + EXPIRED_KEEP_MINUTES })
      }
      let rows = due.length
      for (const state of GONE) rows += this.#forgetAll(this.#due.all(state, minute, limit - rows))
      return { items: due.length, rows }
    })
  }

  /**
   * Forgets at most `limit` ids of what has gone, those first that would be forgotten first, while they take more of the cap than they may
   * or the room is short: what waits comes before what is only remembered. Returns how many.
   */
  forgetSurplus (limit: number): number {
    return this.#counted(() => {
      const { space, totals } = this.#parts
      const known = totals.counts.remembered + totals.pending.remembered
      let left = Math.min(limit, space.isShort() ? known : Math.max(0, known - space.rememberedMax()))
      const before = left
      for (const state of GONE) left -= this.#forgetAll(this.#oldestIds.all(state, left))
      return before - left
    })
  }

  /** Unless its door has used up what may be remembered for it: whoever comes by it has to do without, and nobody else. */
  #remember ({ door: number, deposit_id: depositId }: DepositRow, { door, state, untilMinute }: { readonly door: OpenDoor, readonly state: number, readonly untilMinute: number }): void {
    if (door.remembered >= this.#parts.rememberedMax) {
      this.#forget.run(number, depositId)
      return
    }
    this.#settle.run(state, untilMinute, number, depositId)
    this.#countRemembered(door, 1)
  }

  #forgetAll (rows: readonly DepositRow[]): number {
    for (const row of rows) {
      this.#forget.run(row.door, row.deposit_id)
      this.#countRemembered(this.#doorOf(row), -1)
    }
    return rows.length
  }

  #countRemembered (door: OpenDoor, count: number): void {
    door.remembered += count
    this.#parts.totals.pending.remembered += count
  }

  #doorOf ({ door: number }: DepositRow): OpenDoor {
    const open = this.#byNumber.get(number)
    if (open !== undefined) return open
    const row = this.#door.get(number)
    const door = row === undefined ? undefined : this.#openDoor(row.alias)
    invariant(door !== undefined, 'a deposit has a door')
    return door
  }

  #store ({ depositId, body, storedAtMs, expiresAtMs }: NewDeposit, door: OpenDoor): DepositOutcome {
    const { mailbox } = door
    const position = mailbox.nextPosition++
    const expiresMinute = minuteAfter(expiresAtMs)
    this.#addItem.run(itemOf(mailbox.mailbox, position), door.door, depositId, minuteOf(storedAtMs), expiresMinute, body)
    this.#addDeposit.run(door.door, depositId, position, expiresMinute)
    this.#count(door, 1, body.byteLength)
    return { type: 'stored', mailbox: mailbox.mailbox, position, expiresAtMs: msOf(expiresMinute), aliasEpoch: mailbox.aliasEpoch }
  }

  #take ({ position }: DepositRow, door: OpenDoor): void {
    const item = itemOf(door.mailbox.mailbox, position)
    const sizeBytes = this.#size.get(item)?.size
    invariant(sizeBytes !== undefined, 'what is held is there')
    this.#removeItem.run(item)
    this.#count(door, -1, -sizeBytes)
  }

  #count (door: OpenDoor, items: number, bytes: number): void {
    const { pending } = this.#parts.totals
    for (const counts of [door, door.mailbox, pending]) {
      counts.items += items
      counts.bytes += bytes
    }
    if (door.isGate) door.mailbox.gatePending += items
  }

  #openDoor (alias: Uint8Array): OpenDoor | undefined {
    const key = idKey(alias)
    const open = this.#doors.get(key)
    if (open !== undefined) return open
    const row = this.#alias.get(alias)
    if (row === undefined) return undefined
    const door = { door: row.door, isGate: row.kind !== KINDS.contact, isOnce: row.kind === KINDS.gateOnce, mailbox: this.#openMailbox(row.mailbox), items: row.items, bytes: row.bytes, remembered: row.remembered }
    this.#doors.set(key, door)
    this.#byNumber.set(row.door, door)
    return door
  }

  #openMailbox (mailbox: number): OpenMailbox {
    const open = this.#mailboxes.get(mailbox)
    if (open !== undefined) return open
    const row = this.#mailbox.get(mailbox)
    invariant(row !== undefined, 'a door leads into a mailbox')
    const opened = { mailbox, aliasEpoch: bytesOrNothing(row.alias_epoch), items: row.items, bytes: row.bytes, gatePending: row.gate_pending, nextPosition: row.next_position }
    this.#mailboxes.set(mailbox, opened)
    return opened
  }

  /** Whatever `work` counts is written behind it. */
  #counted<T> (work: () => T): T {
    try {
      const result = work()
      for (const { door, items, bytes, remembered } of this.#doors.values()) this.#saveDoor.run(items, bytes, remembered, door)
      for (const { mailbox, items, bytes, gatePending, nextPosition } of this.#mailboxes.values()) this.#saveMailbox.run(items, bytes, gatePending, nextPosition, mailbox)
      return result
    } finally {
      this.#doors.clear()
      this.#byNumber.clear()
      this.#mailboxes.clear()
    }
  }
}

/** As protocols/mailbox/admission.ts, for what changed since it was asked there. */
function refusalOf ({ body, isControl }: NewDeposit, door: OpenDoor, quotas: MailboxQuotas): 'full' | 'mailboxFull' | undefined {
  if (door.isOnce && door.items > 0) return 'full'
  const share = isControl ? 1 : 1 - CONTROL_RESERVE
  const { mailbox } = door
  const isFull = mailbox.nextPosition > POSITION_MAX || door.items + 1 > quotas.aliasItemsMax * share || door.bytes + body.byteLength > quotas.aliasBytesMax * share ||
    mailbox.items + 1 > quotas.mailboxItemsMax * share || mailbox.bytes + body.byteLength > quotas.mailboxBytesMax * share
  return isFull ? 'mailboxFull' : undefined
}
