/** The files of a relay's home, and what they say about it from outside. docs/operating.md, "Files" */
import { join } from 'node:path'
import { isThere } from '../../store/files.ts'

export const RELAY_DATABASE = 'relay.db'
/** A folder: files of users, encrypted. */
export const RELAY_BLOBS = 'blobs'
export const RELAY_KEY = 'relay.key'
export const RELAY_SETTINGS = 'relay.toml'

/** Whether a relay has its home here: its key is all that it cannot make anew. @throws StorageError when the disk does not say */
export function hasRelay (home: string): boolean {
  return isThere(join(home, RELAY_KEY))
}
