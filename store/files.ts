/**
 * Small files beside the database, written so that after a crash or without power there is the old one or the new one, and never half of
 * it; and once a call has returned, so it stays.
 */
import { closeSync, existsSync, fsyncSync, linkSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { codeOf, fileFault } from './faults.ts'

/** For this user's eyes only. */
const PRIVATE_FILE = 0o600
const PRIVATE_FOLDER = 0o700

/** File systems of removable media know no second name for a file: vfat(5) says EPERM, others that they cannot. */
export const LINKLESS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']

/**
 * Replaces the file at `path` as a whole.
 * @throws StorageError; `what` says in it what could not be done
 */
export function writeDurably (path: string, content: string, what: string): void {
  put(path, Buffer.from(content), { what, giveName: renameSync })
}

/** Makes the file at `path`, as a whole. Returns false, and leaves it as it is, when there is one already. @throws StorageError */
export function createDurably (path: string, content: Uint8Array, what: string): boolean {
  if (isThere(path)) return false
  try {
    put(path, content, { what, giveName: nameNew })
    return true
  } catch (thrown) {
    if (thrown instanceof Error && codeOf(thrown.cause) === 'EEXIST') return false
    throw thrown
  }
}

/** Removes the file at `path` for good: a power cut does not bring it back. @throws StorageError */
export function removeDurably (path: string): void {
  try {
    rmSync(path, { force: true })
    syncFolder(dirname(path))
  } catch (thrown) {
    throw fileFault(thrown, 'a file cannot be removed from the home directory')
  }
}

/** Makes the folder at `path` with all above it, for this user only, where they are missing. Throws what the file system says. */
export function makeFolderDurably (path: string): void {
  const first = mkdirSync(path, { recursive: true, mode: PRIVATE_FOLDER })
  if (first === undefined) return
  // Each new name stands in the folder above it.
  for (let made = path; made.length >= first.length; made = dirname(made)) syncFolder(dirname(made))
}

/** Whether there is such a file. A disk that does not say is not taken for one without it. @throws StorageError */
export function isThere (path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOTDIR') return false
    throw fileFault(thrown, `${path} cannot be looked at`)
  }
}

interface Putting { readonly what: string, readonly giveName: (draft: string, path: string) => void }

function put (path: string, content: Uint8Array, { what, giveName }: Putting): void {
  const draft = `${path}.new`
  try {
    writeAndSync(draft, content)
    giveName(draft, path)
    rmSync(draft, { force: true })
    syncFolder(dirname(path))
  } catch (thrown) {
    removeIfPossible(draft)
    throw fileFault(thrown, what)
  }
}

/** Unlike a rename, a link never replaces what somebody put there in the meantime. */
function nameNew (draft: string, path: string): void {
  try {
    linkSync(draft, path)
  } catch (thrown) {
    if (!LINKLESS.includes(codeOf(thrown)) || existsSync(path)) throw thrown
    renameSync(draft, path)
  }
}

function removeIfPossible (path: string): void {
  try {
    rmSync(path, { force: true })
  } catch { /* the disk has failed, which is what is told */ }
}

function writeAndSync (path: string, content: Uint8Array): void {
  const file = openSync(path, 'w', PRIVATE_FILE)
  try {
    for (let written = 0; written < content.byteLength;) written += writeSync(file, content, written)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** A name is durable when its folder is. Windows has no such call on folders, and none is needed there. */
export function syncFolder (path: string): void {
  if (process.platform === 'win32') return
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
