/**
 * A relay's home: one key, one database, one process. The key is the relay, for it is its PeerId; the database may be lost or
 * old, and the users put what it has to know there again.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { NotFoundError, StorageError, UsageError } from '../../protocols/core/errors.ts'
import { BlobFiles } from '../../store/blobs/blob-files.ts'
import { createDurably, writeDurably } from '../../store/files.ts'
import { lockHome, type HomeLock } from '../../store/lock.ts'
import { openRelayStore } from '../../store/relay/relay-store.ts'
import type { RelayStore } from '../../store/relay/types.ts'
import { hasAccount, makeHome } from '../home-files.ts'
import { generateNetworkKey, peerIdOf } from '../net/identity.ts'
import { hasRelay, RELAY_BLOBS, RELAY_DATABASE, RELAY_KEY, RELAY_SETTINGS } from './home-files.ts'

export interface RelayHome {
  readonly networkKey: Uint8Array
  readonly store: RelayStore
  readonly blobs: BlobFiles
  readonly lock: HomeLock
}

/**
 * Makes the home of a new relay, whose relay.toml says `settings`. Returns its PeerId. The key comes last, for with it there is a relay: what
 * was cut short before is none, and is made again.
 * @throws UsageError when a relay or an account has its home there
 * @throws LockedError when another process is making one
 * @throws StorageError when it cannot be written
 */
export function makeRelayHome (home: string, settings: string): string {
  if (hasRelay(home)) throw new UsageError('there is a relay in this home directory already', 'It stays as it is. Start it with: skein relay up, or choose another home with --home.')
  if (hasAccount(home)) throw new UsageError('an account has its home in this directory', 'Nothing was changed. A relay needs a home of its own: choose one with --home.')
  makeHome(home)
  const lock = lockHome(home)
  try {
    const networkKey = generateNetworkKey()
    const text = `${Buffer.from(networkKey).toString('base64')}\n`
    writeDurably(join(home, RELAY_SETTINGS), settings, 'relay.toml cannot be written')
    if (!createDurably(join(home, RELAY_KEY), Buffer.from(text), 'the key of the relay cannot be written')) throw new UsageError('there is a relay in this home directory already', 'Its relay.toml is that of a new one; nothing else was changed.')
    return peerIdOf(networkKey)
  } finally {
    lock.release()
  }
}

/**
 * @throws NotFoundError when there is no relay
 * @throws LockedError when another process runs it
 * @throws StorageError when its files cannot be read
 */
export function openRelayHome (home: string, capBytes: number): RelayHome {
  if (!hasRelay(home)) throw new NotFoundError('there is no relay here', 'Make one with: skein relay init, or choose its home with --home.')
  const networkKey = readKey(join(home, RELAY_KEY))
  const lock = lockHome(home)
  try {
    const path = join(home, RELAY_DATABASE)
    return { networkKey, lock, store: openRelayStore({ path, isNew: !existsSync(path), capBytes }), blobs: new BlobFiles(join(home, RELAY_BLOBS)) }
  } catch (error) {
    lock.release()
    throw error
  }
}

function readKey (path: string): Uint8Array {
  try {
    const key = Buffer.from(readFileSync(path, 'utf8').trim(), 'base64')
    peerIdOf(key)
    return key
  } catch (error) {
    throw new StorageError(`${RELAY_KEY} cannot be read or holds no key`, 'Nothing was changed. Restore it from your copy: without it the relay is another one.', error)
  }
}
