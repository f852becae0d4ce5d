/** A file that is there when it is complete, and not before. */
import { randomUUID } from 'node:crypto'
import { link, lstat, open, rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { StorageError, UsageError } from '../protocols/core/errors.ts'

/**
 * Writes `chunks` beside `path`, gives it its name in one step, and returns when both are on the disk. What is private stays so: its mode
 * is 0600.
 * @throws UsageError when the file is there and is not to be replaced, StorageError when it cannot be written
 */
export async function writeNewFile (path: string, chunks: AsyncIterable<string>, { isReplacing }: { readonly isReplacing: boolean }): Promise<void> {
  if (!isReplacing && await exists(path)) throw taken(path)
  const temporary = `${path}.${randomUUID().slice(0, 8)}.part`
  const file = await unlessDisk(open(temporary, 'wx', 0o600), path)
  try {
    for await (const chunk of chunks) await unlessDisk(file.writeFile(chunk), path)
    await unlessDisk(file.sync(), path)
    await giveName(temporary, path, isReplacing)
    await unlessDisk(syncFolder(dirname(path)), path)
  } finally {
    await file.close()
    // Gone already when it was renamed.
    await unlink(temporary).catch(() => undefined)
  }
}

async function giveName (temporary: string, path: string, isReplacing: boolean): Promise<void> {
  try {
    // Unlike a rename, a link never replaces what somebody put there in the meantime.
    await (isReplacing ? rename : link)(temporary, path)
  } catch (thrown) {
    throw hasCode(thrown, 'EEXIST') ? taken(path) : unwritable(path, thrown)
  }
}

async function unlessDisk<Value> (work: Promise<Value>, path: string): Promise<Value> {
  try {
    return await work
  } catch (thrown) {
    throw unwritable(path, thrown)
  }
}

function unwritable (path: string, thrown: unknown): StorageError {
  if (hasCode(thrown, 'ENOSPC')) return new StorageError(`${path} cannot be written: the disk is full`, 'Free some space, then try again.', thrown)
  if (hasCode(thrown, 'EIO')) return new StorageError(`${path} cannot be written: the disk does not answer`, 'Check that the disk is there, then its health.', thrown)
  return new StorageError(`${path} cannot be written`, 'Its directory must exist and let you write.', thrown)
}

/** A name is durable when its folder is; Windows has no such call, and needs none. */
async function syncFolder (path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

async function exists (path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch {
    return false
  }
}

function taken (path: string): UsageError {
  return new UsageError(`${path} is there already`, 'It stays as it is. Choose another name, or replace it with --force.')
}

function hasCode (thrown: unknown, code: string): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === code
}
