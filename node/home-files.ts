/** The files of a home directory, and what they say about it: a look from outside, without opening anything. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'

export const VAULT = 'vault.json'
export const DATABASE = 'account.db'
export const KEY_FILE = 'key'
/** There from before the first file of a new account until its recovery words have been told: what stands beside it is no account yet. */
export const UNFINISHED = 'unfinished'

/** Whether an account has its home here; that it is whole is seen when it is opened. */
export function hasAccount (home: string): boolean {
  return existsSync(join(home, VAULT)) && !existsSync(join(home, UNFINISHED))
}
