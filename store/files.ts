/** Small files beside the database, written so that after a crash there is the old one or the new one, and never half of it. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { codeOf, fileFault } from './faults.ts'

/** For this user's eyes only. */
const PRIVATE = 0o600

/**
 * Replaces the file at `path` as a whole.
 * @throws StorageError; `what` says in it what could not be done
 */
export function writeDurably (path: string, content: string, what: string): void {
  const draft = `${path}.new`
  try {
    writeAndSync(draft, 'w', content)
    renameSync(draft, path)
    syncFolder(dirname(path))
  } catch (thrown) {
    rmSync(draft, { force: true })
    throw fileFault(thrown, what)
  }
}

/** Makes the file at `path`. Returns false, and leaves it as it is, when there is one already. @throws StorageError */
export function createDurably (path: string, content: Uint8Array, what: string): boolean {
  try {
    writeAndSync(path, 'wx', content)
    syncFolder(dirname(path))
    return true
  } catch (thrown) {
    if (codeOf(thrown) === 'EEXIST') return false
    throw fileFault(thrown, what)
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

function writeAndSync (path: string, flags: 'w' | 'wx', content: string | Uint8Array): void {
  const file = openSync(path, flags, PRIVATE)
  try {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content
    for (let written = 0; written < bytes.byteLength;) written += writeSync(file, bytes, written)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** A rename is durable when the folder is. Windows has no such call on folders, and none is needed there. */
function syncFolder (path: string): void {
  if (process.platform === 'win32') return
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
