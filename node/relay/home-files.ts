/** The files of a relay's home, and what they say about it from outside. docs/operating.md, "Files" */
import { existsSync } from 'node:fs'
import { join } from 'node:path'

export const RELAY_DATABASE = 'relay.db'
export const RELAY_KEY = 'relay.key'
export const RELAY_SETTINGS = 'relay.toml'

/** Whether a relay has its home here: its key is all that it cannot make anew. */
export function hasRelay (home: string): boolean {
  return existsSync(join(home, RELAY_KEY))
}
