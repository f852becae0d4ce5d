/** A home directory and its files, and what they say about it: a look from outside, without opening anything. */
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { StorageError } from '../protocols/core/errors.ts'

export const VAULT = 'vault.json'
export const DATABASE = 'account.db'
export const KEY_FILE = 'key'
/** There from before the first file of a new account until its recovery words have been told: what stands beside it is no account yet. */
export const UNFINISHED = 'unfinished'

/** Whether an account has its home here; that it is whole is seen when it is opened. */
export function hasAccount (home: string): boolean {
  return existsSync(join(home, VAULT)) && !existsSync(join(home, UNFINISHED))
}

/** Makes the directory where it is missing, for its owner only. @throws StorageError */
export async function makeHome (home: string): Promise<void> {
  try {
    await mkdir(home, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new StorageError('the home directory cannot be made', 'Nothing was changed. Choose another with --home, or make its parent writable.', error)
  }
}
