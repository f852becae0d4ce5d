/** Envelopes already taken in: looked up before decrypting, because a ratchet decrypts nothing twice. */
import { concat } from 'uint8arrays'
import { CONTENT_ID_BYTES, type ContentId, type EnvelopeId } from '../../protocols/core/ids.ts'
import type { Database, Statement } from '../database.ts'
import { bytes } from './columns.ts'

const OUTCOME = { done: 0, undecryptable: 1 } as const
export type Outcome = keyof typeof OUTCOME

/** What a copy of a known envelope is answered by. */
export interface Receiptable {
  /** Messages and changes that were in it. */
  readonly contents: readonly ContentId[]
  /** When its author was last sent a receipt; undefined: never, since it came directly. */
  readonly receiptedAtMs: number | undefined
}

interface ReceiptRow { readonly contents: Uint8Array | null, readonly receipted_at: number | null }

export class ReceivedReader {
  readonly #outcome: Statement<[EnvelopeId], { readonly outcome: number }>
  readonly #undecryptableAt: Statement<[EnvelopeId], { readonly at: number }>
  readonly #undecryptableSince: Statement<[number], { readonly count: number }>
  readonly #receiptable: Statement<[EnvelopeId], ReceiptRow>

  constructor (database: Database) {
    this.#outcome = database.prepare('SELECT outcome FROM received WHERE envelope_id = ?')
    this.#undecryptableAt = database.prepare('SELECT at FROM received WHERE envelope_id = ? AND outcome = 1')
    this.#receiptable = database.prepare('SELECT contents, receipted_at FROM received WHERE envelope_id = ?')
    this.#undecryptableSince = database.prepare('SELECT count(*) AS count FROM received WHERE outcome = 1 AND at >= ?')
  }

  /** `undefined`: never seen. */
  outcome (envelope: EnvelopeId): Outcome | undefined {
    const row = this.#outcome.get(envelope)
    if (row === undefined) return undefined
    return row.outcome === OUTCOME.done ? 'done' : 'undecryptable'
  }

  /** When an envelope was last found to be undecryptable; `undefined`: it was not, or could be read since. */
  undecryptableAtMs (envelope: EnvelopeId): number | undefined { return this.#undecryptableAt.get(envelope)?.at }

  /** `undefined`: there is nothing that a receipt could name. */
  receiptable (envelope: EnvelopeId): Receiptable | undefined {
    const row = this.#receiptable.get(envelope)
    if (row?.contents == null) return undefined
    const ids = bytes(row.contents)
    const count = ids.byteLength / CONTENT_ID_BYTES
    return {
      contents: Array.from({ length: count }, (_, index) => ids.slice(index * CONTENT_ID_BYTES, (index + 1) * CONTENT_ID_BYTES) as ContentId),
      receiptedAtMs: row.receipted_at ?? undefined
    }
  }

  undecryptableSince (atMs: number): number { return this.#undecryptableSince.get(atMs)?.count ?? 0 }
}

export class ReceivedWriter {
  readonly #add: Statement<[EnvelopeId, number, number], never>
  readonly #keepContents: Statement<[number | undefined, Uint8Array, EnvelopeId], never>
  readonly #markReceipted: Statement<[number, EnvelopeId], never>
  readonly #prune: Statement<[number, number], never>

  constructor (database: Database) {
    this.#keepContents = database.prepare('UPDATE received SET receipted_at = ?, contents = ? WHERE envelope_id = ?')
    this.#markReceipted = database.prepare('UPDATE received SET receipted_at = ? WHERE envelope_id = ?')
    this.#add = database.prepare(`INSERT INTO received (envelope_id, at, outcome) VALUES (?, ?, ?)
      ON CONFLICT (envelope_id) DO UPDATE SET at = excluded.at, outcome = excluded.outcome WHERE outcome <> ${OUTCOME.done}`)
    this.#prune = database.prepare('DELETE FROM received WHERE envelope_id IN (SELECT envelope_id FROM received WHERE at < ? ORDER BY at LIMIT ?)')
  }

  /** What was taken in stays taken in, whatever arrives later under its id. */
  add (envelope: EnvelopeId, atMs: number, outcome: Outcome): void { this.#add.run(envelope, atMs, OUTCOME[outcome]) }

  /** What was in an envelope that was added: copies of it may come. */
  keepContents (envelope: EnvelopeId, { contents, receiptedAtMs }: Receiptable): void {
    this.#keepContents.run(receiptedAtMs, concat([...contents], contents.length * CONTENT_ID_BYTES), envelope)
  }

  markReceipted (envelope: EnvelopeId, atMs: number): void { this.#markReceipted.run(atMs, envelope) }

  /** Returns how many were forgotten, the oldest first. */
  prune (beforeMs: number, limit: number): number { return this.#prune.run(beforeMs, limit) }
}
