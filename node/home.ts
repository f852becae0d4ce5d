/** A home directory: one account, one process. Opens the lock, the vault and the database, or makes them. */
import { existsSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { MalformedError, NotFoundError, UsageError } from '../protocols/core/errors.ts'
import { checkName } from '../protocols/core/text.ts'
import { vaultKeyOf } from '../protocols/account/recovery.ts'
import { openAccountStore, type AccountStore } from '../store/account-store.ts'
import { createDurably, removeDurably } from '../store/files.ts'
import { lockHome, type HomeLock } from '../store/lock.ts'
import { createVault, openVault } from '../store/vault.ts'
import type { AcceptPolicy } from '../store/types.ts'
import { refuseClone } from './clone.ts'
import { createAccount, drawSecrets, type AccountSecrets } from './create-account.ts'
import { DATABASE, hasAccount, KEY_FILE, makeHome, UNFINISHED, VAULT } from './home-files.ts'
import { newIdentity } from './identity.ts'
import { refusePublished } from './published.ts'
import { realClock, realRandom } from './world.ts'

export interface HomeOptions {
  readonly home: string
  readonly create?: { readonly name: string, readonly accept?: AcceptPolicy } | undefined
  readonly unlock?: { readonly password?: string, readonly keyFile?: string | true, readonly keychain?: boolean } | undefined
  readonly onRecoveryWords?: ((words: readonly string[]) => void | Promise<void>) | undefined
}

export interface OpenHome {
  readonly store: AccountStore
  readonly lock: HomeLock
}

/**
 * @throws NotFoundError when there is no account and none is to be made
 * @throws LockedError when another process has it, or when it is a copy of one that is still there
 * @throws RefusedError when everybody knows its keys, and this is no testnet
 * @throws StorageError when it cannot be read or opened
 */
export async function openHome (options: HomeOptions): Promise<OpenHome> {
  const { home, create } = options
  const isMade = hasAccount(home)
  if (!isMade && create === undefined) throw new NotFoundError('there is no account here', 'Make one with: skein init, or choose its home with --home.')
  if (create !== undefined) checkName(create.name, 'name')
  makeHome(home)
  const lock = lockHome(home)
  try {
    const store = isMade ? await open(options) : await makeAccount(options, drawSecrets(realRandom, newIdentity))
    check(store, home)
    return { store, lock }
  } catch (error) {
    lock.release()
    throw error
  }
}

function check (store: AccountStore, home: string): void {
  try {
    const own = store.read.own.get()
    if (own !== undefined) refusePublished(own.signingKey)
    refuseClone(store, home)
  } catch (error) {
    store.close()
    throw error
  }
}

async function open ({ home, unlock = {} }: HomeOptions): Promise<AccountStore> {
  const key = await openVault(join(home, VAULT), {
    ...unlock.password === undefined ? {} : { password: unlock.password },
    ...typeof unlock.keyFile === 'string' ? { keyFile: unlock.keyFile } : {}
  })
  return openAccountStore({ path: join(home, DATABASE), key })
}

/** Makes the account of these secrets in a home without one, and leaves it open; the caller has its lock. @throws StorageError, UsageError */
export async function makeAccount (options: HomeOptions, secrets: AccountSecrets): Promise<AccountStore> {
  const { home, unlock = {} } = options
  const hasSlot = unlock.password !== undefined || unlock.keyFile !== undefined || unlock.keychain === true
  if (!hasSlot) throw new UsageError('say how the account is to be locked', 'A password, a key file (--key-file, for nodes that start by themselves), or the keychain of the system.')
  if (unlock.password === '') throw new MalformedError('password', 'must not be empty')
  setUnfinishedAside(home)
  createDurably(join(home, UNFINISHED), new Uint8Array(), 'the home directory cannot be written')
  const key = await createVault(join(home, VAULT), {
    ...unlock.password === undefined ? {} : { password: unlock.password },
    ...unlock.keyFile === undefined ? {} : { keyFile: unlock.keyFile === true ? join(home, KEY_FILE) : unlock.keyFile },
    ...unlock.keychain === true ? { keychain: { service: 'skein', account: home } } : {},
    recoveryKey: vaultKeyOf(secrets.recoveryEntropy)
  }, realRandom.bytes)
  const store = openAccountStore({ path: join(home, DATABASE), key, isNew: true })
  try {
    await fill(store, options, secrets)
    removeDurably(join(home, UNFINISHED))
    return store
  } catch (error) {
    store.close()
    throw error
  }
}

/**
 * What an attempt left that was cut short: nobody has seen its recovery words or used its account, so it is made again from the
 * beginning. It is renamed and not deleted, since this is the one place where a mistake would cost an account.
 */
function setUnfinishedAside (home: string): void {
  if (!existsSync(join(home, UNFINISHED))) return
  for (const name of [VAULT, DATABASE, `${DATABASE}-wal`, `${DATABASE}-shm`]) {
    if (existsSync(join(home, name))) renameSync(join(home, name), join(home, `${name}.${UNFINISHED}`))
  }
}

async function fill (store: AccountStore, { create, onRecoveryWords }: HomeOptions, secrets: AccountSecrets): Promise<void> {
  const words = createAccount(store, {
    name: create?.name ?? '',
    acceptPolicy: create?.accept ?? 'ask',
    nowMs: realClock.now(),
    secrets
  })
  await onRecoveryWords?.(words)
}
