/**
 * The key of the account database, at rest. The key is random and never changes; each slot of vault.json holds it wrapped with
 * AES-256-GCM under what one way of unlocking gives: a password (Argon2id), a key file, the system's keychain, the recovery
 * words. Nothing of it leaves the device.
 */
import { argon2, createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, isAbsolute, relative, resolve } from 'node:path'
import { StorageError, UsageError } from '../protocols/core/errors.ts'
import { invariant } from '../protocols/core/invariant.ts'
import { DATABASE_KEY_BYTES } from './database.ts'
import { fileFault } from './faults.ts'
import { createDurably } from './files.ts'
import { readKeychain, writeKeychain, type KeychainEntry } from './keychain.ts'
import { BOX_BYTES, NONCE_BYTES, readVault, SALT_BYTES, writeVault, type Argon2Cost, type Slot } from './vault-file.ts'

export interface NewSlots {
  readonly password?: string
  /** Path. Made with 32 random bytes, readable by this user alone; one that is there already is used. Protects against nobody who can read it. */
  readonly keyFile?: string
  readonly keychain?: KeychainEntry
  /** From the recovery words; 32 bytes. */
  readonly recoveryKey?: Uint8Array
}

export interface Unlock {
  readonly password?: string
  /** Instead of the path that vault.json names. */
  readonly keyFile?: string
  readonly recoveryKey?: Uint8Array
}

/** RFC 9106's second recommendation, 64 MiB and 3 passes: about 140 ms on two cores. */
const ARGON2_COST: Argon2Cost = { memoryKib: 64 * 1024, passes: 3, parallelism: 4 }
/** Longer is a file and not a password; hashing it costs before anything is known about it. */
const PASSWORD_BYTES_MAX = 1024
const SECRET_BYTES = 32
const TAG_BYTES = 16

/**
 * Makes vault.json and returns the new database key.
 * @param path of vault.json
 * @param random strong random bytes
 * @throws UsageError when no slot is asked for but recovery, or the password is empty
 * @throws StorageError when there is a vault already, the keychain does not answer, or a file cannot be written
 */
export async function createVault (path: string, slots: NewSlots, random: (length: number) => Uint8Array): Promise<Uint8Array> {
  if (slots.password === undefined && slots.keyFile === undefined && slots.keychain === undefined) {
    throw new UsageError('an account needs a password, a key file or the keychain', 'Nothing was changed.')
  }
  invariant(slots.recoveryKey === undefined || slots.recoveryKey.byteLength >= SECRET_BYTES, 'a recovery key is 32 bytes')
  if (existsSync(path)) throw new StorageError('there is a vault.json in this home folder already', 'Nothing was changed. Use the account that is there, or choose another home folder.')
  const key = random(DATABASE_KEY_BYTES)
  const wrapped: Slot[] = []
  if (slots.password !== undefined) wrapped.push(await passwordSlot(slots.password, key, random))
  if (slots.keyFile !== undefined) wrapped.push(keyFileSlot({ home: dirname(path), file: slots.keyFile }, key, random))
  if (slots.keychain !== undefined) wrapped.push(await keychainSlot(slots.keychain, key, random))
  if (slots.recoveryKey !== undefined) wrapped.push({ type: 'recovery', ...wrap('recovery', { secret: slots.recoveryKey, key, random }) })
  writeVault(path, wrapped)
  return key
}

/** @throws StorageError when vault.json is missing or malformed */
export function vaultSlots (path: string): Array<Slot['type']> {
  return readVault(path).map(slot => slot.type)
}

/**
 * The database key. Tries what asks nothing of a person first: the key file, the keychain, then the recovery key and the password
 * that were given.
 * @throws StorageError when nothing opens it: wrong password, no key file … ; or vault.json is missing or malformed
 */
export async function openVault (path: string, unlock: Unlock): Promise<Uint8Array> {
  const slots = readVault(path)
  const failures: StorageError[] = []
  for (const type of ORDER) {
    for (const slot of slots) {
      if (slot.type !== type) continue
      const key = await attempt(async () => await openSlot(slot, dirname(path), unlock), failures)
      if (key !== undefined) return key
    }
  }
  throw whyNot(slots, unlock, failures)
}

/** Of several ways that failed, the one that the person chose; the password, when they chose none and there is one. */
function whyNot (slots: readonly Slot[], unlock: Unlock, failures: readonly StorageError[]): StorageError {
  const hasChosen = unlock.password !== undefined || unlock.keyFile !== undefined || unlock.recoveryKey !== undefined
  const hasPassword = slots.some(slot => slot.type === 'password')
  const failure = failures.at(-1)
  if (failure !== undefined && (hasChosen || !hasPassword)) return failure
  return new StorageError(hasPassword ? 'a password is needed' : 'the recovery words are needed', 'Nothing was changed. Give it, and try again.')
}

const ORDER: ReadonlyArray<Slot['type']> = ['keyfile', 'keychain', 'recovery', 'password']

/** A way that does not work is remembered, and the next one is tried. */
async function attempt (open: () => Promise<Uint8Array | undefined>, failures: StorageError[]): Promise<Uint8Array | undefined> {
  try {
    return await open()
  } catch (thrown) {
    if (!(thrown instanceof StorageError)) throw thrown
    failures.push(thrown)
    return undefined
  }
}

/** `undefined`: what this slot needs was not given. */
async function openSlot (slot: Slot, home: string, unlock: Unlock): Promise<Uint8Array | undefined> {
  switch (slot.type) {
    case 'keyfile':
      return unwrap(slot, derive(slot, readKeyFile(unlock.keyFile ?? resolve(home, slot.file))))
    case 'keychain':
      return unwrap(slot, derive(slot, await keychainSecret(slot)))
    case 'recovery':
      return unlock.recoveryKey === undefined ? undefined : unwrap(slot, derive(slot, unlock.recoveryKey))
    case 'password':
      return unlock.password === undefined ? undefined : unwrap(slot, await stretch(unlock.password, slot))
  }
}

type Random = (length: number) => Uint8Array

async function passwordSlot (password: string, key: Uint8Array, random: Random): Promise<Slot> {
  if (password === '') throw new UsageError('the password is empty', 'Nothing was changed.')
  const salt = random(SALT_BYTES)
  const wrappingKey = await stretch(password, { ...ARGON2_COST, salt })
  return { type: 'password', ...ARGON2_COST, salt, ...box('password', { wrappingKey, key, random }) }
}

function keyFileSlot ({ home, file }: { readonly home: string, readonly file: string }, key: Uint8Array, random: Random): Slot {
  const path = resolve(file)
  createDurably(path, random(SECRET_BYTES), 'the key file cannot be written')
  const fromHome = relative(home, path)
  const isInside = !fromHome.startsWith('..') && !isAbsolute(fromHome)
  return { type: 'keyfile', file: isInside ? fromHome : path, ...wrap('keyfile', { secret: readKeyFile(path), key, random }) }
}

async function keychainSlot (entry: KeychainEntry, key: Uint8Array, random: Random): Promise<Slot> {
  const secret = random(SECRET_BYTES)
  await writeKeychain(entry, Buffer.from(secret).toString('base64'))
  return { type: 'keychain', service: entry.service, account: entry.account, ...wrap('keychain', { secret, key, random }) }
}

function wrap (type: Slot['type'], { secret, key, random }: { readonly secret: Uint8Array, readonly key: Uint8Array, readonly random: Random }): Pick<Slot, 'salt' | 'nonce' | 'box'> {
  const salt = random(SALT_BYTES)
  return { salt, ...box(type, { wrappingKey: derive({ type, salt }, secret), key, random }) }
}

function box (type: Slot['type'], { wrappingKey, key, random }: { readonly wrappingKey: Uint8Array, readonly key: Uint8Array, readonly random: Random }): Pick<Slot, 'nonce' | 'box'> {
  const nonce = random(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', wrappingKey, nonce).setAAD(label(type))
  return { nonce, box: Buffer.concat([cipher.update(key), cipher.final(), cipher.getAuthTag()]) }
}

function unwrap (slot: Slot, wrappingKey: Uint8Array): Uint8Array {
  const decipher = createDecipheriv('aes-256-gcm', wrappingKey, slot.nonce, { authTagLength: TAG_BYTES }).setAAD(label(slot.type))
  decipher.setAuthTag(slot.box.subarray(BOX_BYTES - TAG_BYTES))
  try {
    return Uint8Array.from(Buffer.concat([decipher.update(slot.box.subarray(0, BOX_BYTES - TAG_BYTES)), decipher.final()]))
  } catch (thrown) {
    throw new StorageError(WRONG[slot.type], 'Nothing was changed. Try again.', thrown)
  }
}

const WRONG: Readonly<Record<Slot['type'], string>> = {
  password: 'wrong password',
  keyfile: 'wrong key file: it is not the one of this account',
  keychain: 'wrong secret in the keychain: it is not the one of this account',
  recovery: 'wrong recovery words'
}

/** Binds a wrapped key to the kind of slot it stands in. */
function label (type: Slot['type']): Buffer { return Buffer.from(`skein vault 1 ${type}`) }

/** Of a secret that is random already. */
function derive ({ type, salt }: Pick<Slot, 'type' | 'salt'>, secret: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, salt, label(type), DATABASE_KEY_BYTES))
}

/** Composed first: keyboards differ in how they type the same letter (RFC 8265, OpaqueString). */
async function stretch (password: string, { salt, memoryKib, passes, parallelism }: Argon2Cost & Pick<Slot, 'salt'>): Promise<Uint8Array> {
  const message = Buffer.from(password.normalize('NFC'))
  if (message.byteLength > PASSWORD_BYTES_MAX) throw new UsageError(`a password has at most ${PASSWORD_BYTES_MAX} bytes`)
  return await new Promise((resolve, reject) => {
    argon2('argon2id', { message, nonce: salt, parallelism, tagLength: DATABASE_KEY_BYTES, memory: memoryKib, passes }, (error, key) => {
      if (error === null) resolve(key)
      else reject(new StorageError('the password cannot be checked: Argon2 does not run', 'Nothing was changed. It needs 64 MiB of free memory.', error))
    })
  })
}

function readKeyFile (path: string): Uint8Array {
  let secret: Uint8Array
  try {
    secret = readFileSync(path)
  } catch (thrown) {
    throw fileFault(thrown, 'the key file cannot be read')
  }
  if (secret.byteLength !== SECRET_BYTES) throw new StorageError(`the key file is not one: it must have ${SECRET_BYTES} bytes`, 'Nothing was changed. Use the key file that was made with this account.')
  return secret
}

async function keychainSecret (entry: KeychainEntry): Promise<Uint8Array> {
  const secret = await readKeychain(entry)
  if (secret === undefined) throw new StorageError('the keychain does not hold the key of this account', 'Nothing was changed. Use the password, the key file or the recovery words.')
  return Buffer.from(secret, 'base64')
}
