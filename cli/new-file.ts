/** A file that is there when it is complete, and not before. */
import { randomUUID } from 'node:crypto'
import { link, lstat, open, rename, unlink } from 'node:fs/promises'
import { StorageError, UsageError } from '../protocols/core/errors.ts'

/**
 * Writes `chunks` beside `path`, syncs, and gives it its name in one step. What is private stays so: its mode is 0600.
 * @throws UsageError when the file is there and is not to be replaced, StorageError when it cannot be written
 */
export async function writeNewFile (path: string, chunks: AsyncIterable<string>, { isReplacing }: { readonly isReplacing: boolean }): Promise<void> {
  if (!isReplacing && await exists(path)) throw taken(path)
  const temporary = `${path}.${randomUUID().slice(0, 8)}.part`
  const file = await opened(temporary, path)
  try {
    for await (const chunk of chunks) await file.writeFile(chunk)
    await file.sync()
    await giveName(temporary, path, isReplacing)
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
    throw hasCode(thrown, 'EEXIST') ? taken(path) : new StorageError(`${path} cannot be written`, undefined, thrown)
  }
}

async function opened (temporary: string, path: string): ReturnType<typeof open> {
  try {
    return await open(temporary, 'wx', 0o600)
  } catch (thrown) {
    throw new StorageError(`${path} cannot be written`, 'Its directory must exist and let you write.', thrown)
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
