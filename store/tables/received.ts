/** Envelopes already taken in: looked up before decrypting, because a ratchet decrypts nothing twice. */
import type { EnvelopeId } from '../../protocols/core/ids.ts'
import type { Database, Statement } from '../database.ts'

const OUTCOME = { done: 0, undecryptable: 1 } as const
export type Outcome = keyof typeof OUTCOME

export class ReceivedReader {
  readonly #outcome: Statement<[EnvelopeId], { readonly outcome: number }>
  readonly #undecryptableAt: Statement<[EnvelopeId], { readonly at: number }>
  readonly #undecryptableSince: Statement<[number], { readonly count: number }>

  constructor (database: Database) {
    this.#outcome = database.prepare('SELECT outcome FROM received WHERE envelope_id = ?')
    this.#undecryptableAt = database.prepare('SELECT at FROM received WHERE envelope_id = ? AND outcome = 1')
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

  undecryptableSince (atMs: number): number { return this.#undecryptableSince.get(atMs)?.count ?? 0 }
}

export class ReceivedWriter {
  readonly #add: Statement<[EnvelopeId, number, number], never>
  readonly #prune: Statement<[number, number], never>

  constructor (database: Database) {
    this.#add = database.prepare(`INSERT INTO received (envelope_id, at, outcome) VALUES (?, ?, ?)
      ON CONFLICT (envelope_id) DO UPDATE SET at = excluded.at, outcome = excluded.outcome WHERE outcome <> ${OUTCOME.done}`)
    this.#prune = database.prepare('DELETE FROM received WHERE envelope_id IN (SELECT envelope_id FROM received WHERE at < ? ORDER BY at LIMIT ?)')
  }

  /** What was taken in stays taken in, whatever arrives later under its id. */
  add (envelope: EnvelopeId, atMs: number, outcome: Outcome): void { this.#add.run(envelope, atMs, OUTCOME[outcome]) }

  /** Returns how many were forgotten, the oldest first. */
  prune (beforeMs: number, limit: number): number { return this.#prune.run(beforeMs, limit) }
}
