/**
 * What the disk and SQLite may do to us, in words for a person: what failed, what is safe, what to do next. SQLite's own
 * message stays in `cause`; it holds neither values nor paths.
 */
import { LockedError, StorageError, type SkeinError } from '../protocols/core/errors.ts'

interface Fault { readonly message: string, readonly hint: string }

/** A database as its faults speak of it: each has another name, and another way out. */
export interface Subject {
  readonly name: string
  /** What to do when it is not there, does not open, or is damaged. */
  readonly missing: string
  readonly unopenable: string
  readonly damaged: string
  readonly newer: string
  readonly foreign: string
  /** What to do after the disk did not confirm a write. */
  readonly unconfirmed: string
}

export const ACCOUNT_DATABASE: Subject = {
  name: 'the account database',
  missing: 'Nothing was changed. Check the path of the home folder, or make an account with `skein init`.',
  unopenable: 'Nothing was changed. Either the key belongs to another account, or the beginning of the file is damaged: keep the file, and try the right home folder or a backup.',
  damaged: 'What was damaged is not used, and nothing was changed. Copy the home folder first; then run `skein doctor`, or restore a backup.',
  newer: 'Nothing was changed. Update skein, then start again.',
  foreign: 'Nothing was changed. Use the build that made it, or restore a backup into a new home folder.',
  unconfirmed: 'Everything that was confirmed is safe; what was not has been neither sent nor acknowledged. Check the disk and its room, then start the node again: it goes on from what is on the disk.'
}

/** Without its database a relay is empty and no less itself: senders and owners have everything that was in it. */
const AFRESH = 'then move relay.db and relay.db-wal away and start again: the relay begins empty, senders deposit again, and users put their doors and keys there again.'

export const RELAY_DATABASE: Subject = {
  name: "the relay's database (relay.db)",
  missing: 'Nothing was changed. Check the path of the home folder, or make a relay with `skein relay init`.',
  unopenable: `Nothing was changed. It is no database, or its beginning is damaged. Check the disk; ${AFRESH}`,
  damaged: `What was damaged is not used, and nothing was changed. Check the disk; ${AFRESH}`,
  newer: 'Nothing was changed. Update skein, then start again.',
  foreign: `Nothing was changed. Use the build that made it; or ${AFRESH}`,
  unconfirmed: 'Everything that was acknowledged is safe; what was not confirmed has not been acknowledged, and its senders still have it. Check the disk and its room, then start the relay again: it goes on from what is on the disk.'
}

const COMMITTED = 'Everything that was saved before is safe; this change was undone as a whole.'

/** By SQLite's primary result code (sqlite.org/rescode.html). Codes not named here are bugs of ours and stay as they are. */
const FAULTS: Readonly<Record<string, (subject: Subject) => Fault>> = {
  SQLITE_FULL: () => ({
    message: 'the disk is full',
    hint: `${COMMITTED} Free some space; nothing has to be restarted.`
  }),
  SQLITE_IOERR: () => ({
    message: 'the disk failed to read or write',
    hint: `${COMMITTED} Check that the disk is there and has room, then its health; then start again.`
  }),
  SQLITE_READONLY: ({ name }) => ({
    message: `${name} cannot be written`,
    hint: 'Nothing was changed. Make the home folder writable for this user, or mount its disk for writing.'
  }),
  SQLITE_PERM: ({ name }) => ({
    message: `${name} may not be opened`,
    hint: 'Nothing was changed. Give this user access to the home folder.'
  }),
  SQLITE_CANTOPEN: ({ name }) => ({
    message: `${name} cannot be opened`,
    hint: 'Nothing was changed. Check that the home folder and its disk are there and that this user may read and write them.'
  }),
  SQLITE_NOTADB: ({ name, unopenable }) => ({
    message: `${name} does not open${name === ACCOUNT_DATABASE.name ? ' with this key' : ''}`,
    hint: unopenable
  }),
  SQLITE_CORRUPT: ({ name, damaged }) => ({
    message: `${name} is damaged`,
    hint: damaged
  }),
  SQLITE_NOMEM: () => ({
    message: 'there is not enough memory',
    hint: `${COMMITTED} Close other programs, then try again.`
  })
}

/** The disk did not confirm: SQLite has asked, and undone the transaction; what the kernel holds of the file, nobody knows. */
const UNCONFIRMED = ['SQLITE_IOERR_FSYNC', 'SQLITE_IOERR_DIR_FSYNC']
const BUSY = ['SQLITE_BUSY', 'SQLITE_LOCKED', 'SQLITE_PROTOCOL']

/** By errno of the file system, for the files beside the database. */
const FILE_HINTS: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full. Nothing was changed: free some space, then try again.',
  EDQUOT: 'The disk quota is used up. Nothing was changed: free some space, then try again.',
  EROFS: 'The disk is mounted read-only. Nothing was changed.',
  EACCES: 'This user may not. Nothing was changed: check who owns the home folder.',
  EPERM: 'This user may not. Nothing was changed: check who owns the home folder.',
  EIO: 'The disk failed to read or write. Everything that was confirmed before is safe: check that the disk is there, then its health; then try again.',
  ENOENT: 'The file or its folder is not there. Nothing was changed.'
}

/**
 * A flush that failed, once and for all: the kernel then takes for written what is not (pages stay in its memory, marked clean), so a
 * second flush would succeed and mean nothing. Whoever has this database open must not acknowledge anything more, and ends.
 */
export class UnconfirmedWriteError extends StorageError {
  override name = 'UnconfirmedWriteError'
  constructor ({ name, unconfirmed }: Subject, cause: unknown) {
    super(`the disk did not confirm a write to ${name}`, unconfirmed, cause)
  }
}

/** The fault that a person can do something about, or whatever was thrown when it is a bug. */
export function databaseFault (thrown: unknown, subject: Subject): unknown {
  const code = codeOf(thrown)
  const primary = code.split('_').slice(0, 2).join('_')
  if (UNCONFIRMED.includes(code)) return new UnconfirmedWriteError(subject, thrown)
  if (BUSY.includes(primary)) return busy(thrown, subject)
  const fault = FAULTS[primary]?.(subject)
  return fault === undefined ? thrown : new StorageError(fault.message, fault.hint, thrown)
}

/** Of a file beside the database; `what` names it and what was tried. */
export function fileFault (thrown: unknown, what: string, fallbackHint?: string): StorageError {
  const code = codeOf(thrown)
  // Of a disk that fails, whoever asked it knows more than the table.
  const hint = code === 'EIO' ? fallbackHint ?? FILE_HINTS[code] : FILE_HINTS[code] ?? fallbackHint
  return new StorageError(what, hint, thrown)
}

/** SQLite's result code, or the file system's errno; '' for anything else. */
export function codeOf (thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''
}

function busy (thrown: unknown, { name }: Subject): SkeinError {
  const error = new LockedError(`another program holds ${name}`, 'Nothing was changed. Stop the other program, or wait for it to finish.')
  error.cause = thrown
  return error
}
