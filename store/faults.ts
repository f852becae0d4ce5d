/**
 * What the disk and SQLite may do to us, in words for a person: what failed, what is safe, what to do next. SQLite's own
 * message stays in `cause`; it holds neither values nor paths.
 */
import { LockedError, StorageError, type SkeinError } from '../protocols/core/errors.ts'

interface Fault { readonly message: string, readonly hint: string }

const COMMITTED = 'Everything that was saved before is safe; this change was undone as a whole.'

/** By SQLite's primary result code (sqlite.org/rescode.html). Codes not named here are bugs of ours and stay as they are. */
const FAULTS: Readonly<Record<string, Fault>> = {
  SQLITE_FULL: {
    message: 'the disk is full',
    hint: `${COMMITTED} Free some space; nothing has to be restarted.`
  },
  SQLITE_IOERR: {
    message: 'the disk failed to read or write',
    hint: `${COMMITTED} Check that the disk is there and has room, then its health; then start again.`
  },
  SQLITE_READONLY: {
    message: 'the account database cannot be written',
    hint: 'Nothing was changed. Make the home folder writable for this user, or mount its disk for writing.'
  },
  SQLITE_PERM: {
    message: 'the account database may not be opened',
    hint: 'Nothing was changed. Give this user access to the home folder.'
  },
  SQLITE_CANTOPEN: {
    message: 'the account database cannot be opened',
    hint: 'Nothing was changed. Check that the home folder and its disk are there and that this user may read and write them.'
  },
  SQLITE_NOTADB: {
    message: 'the account database does not open with this key',
    hint: 'Nothing was changed. Either the key belongs to another account, or the beginning of the file is damaged: keep the file, and try the right home folder or a backup.'
  },
  SQLITE_CORRUPT: {
    message: 'the account database is damaged',
    hint: 'What was damaged is not used, and nothing was changed. Copy the home folder first; then run `skein doctor`, or restore a backup.'
  },
  SQLITE_NOMEM: {
    message: 'there is not enough memory',
    hint: `${COMMITTED} Close other programs, then try again.`
  }
}

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
 * A flush that failed, once and for all: the kernel then takes for written what is not, so a second flush would succeed and mean nothing.
 * Whoever has this database open must not acknowledge anything more, and ends.
 */
export class UnconfirmedWriteError extends StorageError {
  override name = 'UnconfirmedWriteError'
  constructor (cause: unknown) {
    super('the disk did not confirm a write', 'Everything that was confirmed is safe; what was not has been neither sent nor acknowledged. Check the disk, then start the node again: it goes on from what is on the disk.', cause)
  }
}

/** The fault that a person can do something about, or whatever was thrown when it is a bug. */
export function databaseFault (thrown: unknown): unknown {
  const code = codeOf(thrown)
  const primary = code.split('_').slice(0, 2).join('_')
  if (BUSY.includes(primary)) return busy(thrown)
  const fault = FAULTS[primary]
  return fault === undefined ? thrown : new StorageError(fault.message, fault.hint, thrown)
}

/** Of a file beside the database; `what` names it and what was tried. */
export function fileFault (thrown: unknown, what: string): StorageError {
  return new StorageError(what, FILE_HINTS[codeOf(thrown)], thrown)
}

/** SQLite's result code, or the file system's errno; '' for anything else. */
export function codeOf (thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''
}

function busy (thrown: unknown): SkeinError {
  const error = new LockedError('another program holds the account database', 'Nothing was changed. Stop the other program, or wait for it to finish.')
  error.cause = thrown
  return error
}
