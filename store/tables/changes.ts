/** Edits, deletions and reactions as they came: the truth of which messages holds the fold. */
import type { ContentId } from '../../protocols/core/ids.ts'
import { invariant } from '../../protocols/core/invariant.ts'
import type { Database, Statement } from '../database.ts'
import { decodeIds, encodeIds } from '../refs.ts'
import { CHANGE_KIND, type Change } from '../types.ts'
import { contentIdOf, namesOf } from './columns.ts'

interface ChangeRow {
  readonly id: Uint8Array
  readonly target: Uint8Array
  readonly contact: number
  readonly author: number
  readonly kind: number
  readonly hlc: number
  readonly counter: number
  readonly parents: Uint8Array
  readonly sent_at: number
  readonly body: string
}

const KIND_NAME = namesOf(CHANGE_KIND)

export class ChangeReader {
  readonly #byId: Statement<[ContentId], ChangeRow>
  readonly #ofTarget: Statement<[ContentId], ChangeRow>

  constructor (database: Database) {
    this.#byId = database.prepare('SELECT * FROM changes WHERE id = ?')
    this.#ofTarget = database.prepare('SELECT * FROM changes WHERE target = ? ORDER BY hlc, id')
  }

  byId (change: ContentId): Change | undefined {
    const row = this.#byId.get(change)
    return row === undefined ? undefined : changeOf(row)
  }

  /** By clock, then id. */
  ofTarget (target: ContentId): Change[] { return this.#ofTarget.all(target).map(changeOf) }
}

export class ChangeWriter {
  readonly #create: Statement<[ContentId, ContentId, number, number, number, number, number, Uint8Array, number, string], never>
  readonly #wipeBodies: Statement<[ContentId], never>

  constructor (database: Database) {
    this.#create = database.prepare(`INSERT INTO changes (id, target, contact, author, kind, hlc, counter, parents, sent_at, body)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`)
    this.#wipeBodies = database.prepare(`UPDATE changes SET body = '' WHERE target = ? AND kind = ${CHANGE_KIND.edit}`)
  }

  /** Returns false when it is known already. */
  create (change: Change): boolean {
    return this.#create.run(change.id, change.target, change.contact, change.author, CHANGE_KIND[change.kind], change.hlcUs, change.counter,
      encodeIds(change.parents), change.sentAtMs, change.body) > 0
  }

  /** After a deletion: what the edits said is gone, too; that they were is not. */
  wipeBodies (target: ContentId): void { this.#wipeBodies.run(target) }
}

function changeOf (row: ChangeRow): Change {
  const kind = KIND_NAME.get(row.kind)
  invariant(kind !== undefined, 'a change is of a kind that has a name')
  return {
    id: contentIdOf(row.id),
    target: contentIdOf(row.target),
    contact: row.contact,
    author: row.author,
    kind,
    hlcUs: row.hlc,
    counter: row.counter,
    parents: decodeIds(row.parents),
    sentAtMs: row.sent_at,
    body: row.body
  }
}
