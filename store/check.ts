/**
 * Looks for damage in an account database. Reads every page, so it takes seconds on a large one: for `doctor` and after a restore,
 * not for every start. Each page carries a MAC, so reading it is also the check that nobody has changed it.
 */
import { StorageError } from '../protocols/core/errors.ts'
import type { AccountStore } from './account-store.ts'
import type { Database } from './database.ts'

export interface Finding {
  readonly severity: 'ok' | 'warn' | 'error'
  /** What was looked at and how it is; nothing private. */
  readonly what: string
  /** What a person can do about it. */
  readonly fix?: string
}

/** More would say the same. */
const PROBLEMS_MAX = 5

const RESTORE = 'Copy the home folder first, then restore a backup into a new one.'

/** Never throws for damage: damage is a finding. */
export function checkAccountStore (store: AccountStore): Finding[] {
  const { database } = store
  return [
    look('pages and indexes', RESTORE, () => checkPages(database)),
    look('references between tables', RESTORE, () => count(database, 'pragma_foreign_key_check')),
    look('search index', 'Report it; messages are not affected.', () => checkIndex(store)),
    look('watermark of the search index', 'Report it; messages are not affected.', () => Math.max(0, store.read.search.watermark() - store.read.messages.count())),
    lookForLeftovers(database, 'outbox_messages'),
    lookForLeftovers(database, 'traces'),
    look('sealed envelopes', 'Cancel their messages and send them again.', () => count(database, 'outbox WHERE state = 1 AND (ciphertext IS NULL OR envelope_id IS NULL)'))
  ]
}

/** `problems` counts what is wrong. */
function look (what: string, fix: string, problems: () => number): Finding {
  try {
    const found = problems()
    return found === 0 ? { severity: 'ok', what: `${what}: sound` } : { severity: 'error', what: `${what}: ${found} wrong`, fix }
  } catch (thrown) {
    if (!(thrown instanceof StorageError)) throw thrown
    return { severity: 'error', what: `${what}: ${thrown.message}`, fix }
  }
}

/** Rows about envelopes that are gone: waste, not damage. */
function lookForLeftovers (database: Database, table: 'outbox_messages' | 'traces'): Finding {
  const finding = look(`rows of ${table}`, 'Nothing has to be done.', () => count(database, `${table} WHERE outbox NOT IN (SELECT row FROM outbox)`))
  return finding.severity === 'error' ? { ...finding, severity: 'warn' } : finding
}

function checkPages (database: Database): number {
  const rows = database.pragma(`integrity_check(${PROBLEMS_MAX})`) as Array<{ readonly integrity_check: string }>
  return rows.filter(row => row.integrity_check !== 'ok').length
}

/** FTS5 compares its own structures; it throws when they disagree. */
function checkIndex ({ database }: AccountStore): number {
  database.transact(() => { database.execute("INSERT INTO search (search) VALUES ('integrity-check')") })
  return 0
}

function count (database: Database, from: string): number {
  return database.prepare<[], { readonly count: number }>(`SELECT count(*) AS count FROM ${from}`).get()?.count ?? 0
}
