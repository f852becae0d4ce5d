/** Copies of envelopes at relays of their recipients: what each relay was given, and what it answered. */
import { invariant } from '../../protocols/core/invariant.ts'
import type { Database, SqlValue, Statement } from '../database.ts'
import { COPY_STATE, OUTBOX_STATE, type Copy } from '../types.ts'
import { bytesOrNothing, envelopeIdOf, namesOf } from './columns.ts'

interface CopyRow {
  readonly outbox: number
  readonly relay: string
  readonly deposit_id: Uint8Array
  readonly state: number
  readonly attempts: number
  readonly stored_at: number | null
  readonly expires_at: number | null
  readonly detail: string | null
  readonly evidence: Uint8Array | null
}

const STATE_NAME = namesOf(COPY_STATE)

export class CopyReader {
  readonly #ofOutbox: Statement<[number], CopyRow>
  readonly #one: Statement<[number, string], CopyRow>
  readonly #expiring: Statement<[number, number], CopyRow>

  constructor (database: Database) {
    this.#ofOutbox = database.prepare('SELECT * FROM copies WHERE outbox = ? ORDER BY relay')
    this.#one = database.prepare('SELECT * FROM copies WHERE outbox = ? AND relay = ?')
    this.#expiring = database.prepare(`SELECT copies.* FROM copies JOIN outbox ON outbox.row = copies.outbox
      WHERE copies.state = ${COPY_STATE.stored} AND copies.expires_at <= ? AND outbox.state = ${OUTBOX_STATE.sealed} ORDER BY copies.expires_at LIMIT ?`)
  }

  ofOutbox (row: number): Copy[] { return this.#ofOutbox.all(row).map(copyOf) }

  one (row: number, relay: string): Copy | undefined {
    const found = this.#one.get(row, relay)
    return found === undefined ? undefined : copyOf(found)
  }

  /** Of envelopes that are still on their way: kept until then or less, the shortest first. */
  expiring (untilMs: number, limit: number): Copy[] { return this.#expiring.all(untilMs, limit).map(copyOf) }
}

export class CopyWriter {
  readonly #put: Statement<SqlValue[], never>

  constructor (database: Database) {
    this.#put = database.prepare('INSERT OR REPLACE INTO copies (outbox, relay, deposit_id, state, attempts, stored_at, expires_at, detail, evidence) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)')
  }

  put ({ outbox, relay, depositId, state, attempts, storedAtMs, expiresAtMs, detail, evidence }: Copy): void {
    this.#put.run(outbox, relay, depositId, COPY_STATE[state], attempts, storedAtMs, expiresAtMs, detail, evidence)
  }
}

function copyOf (row: CopyRow): Copy {
  const state = STATE_NAME.get(row.state)
  invariant(state !== undefined, 'a copy is in a state that has a name')
  return {
    outbox: row.outbox,
    relay: row.relay,
    depositId: envelopeIdOf(row.deposit_id),
    state,
    attempts: row.attempts,
    storedAtMs: row.stored_at ?? undefined,
    expiresAtMs: row.expires_at ?? undefined,
    detail: row.detail ?? undefined,
    evidence: bytesOrNothing(row.evidence)
  }
}
