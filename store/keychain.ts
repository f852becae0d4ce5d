/**
 * The only door to the operating system's keychain: optional software, and absent on most servers. Loaded when it is asked for,
 * never required.
 */
import { asError, StorageError } from '../protocols/core/errors.ts'

export interface KeychainEntry { readonly service: string, readonly account: string }

/** On Linux the library would otherwise fall back to the kernel's keyring, which forgets everything at the next start. */
const STORE = { linux: { store: 'secret-service' } } as const

/** Whether there is a keychain that answers: read, so that nothing is left in it. */
export async function isKeychainAvailable (entry: KeychainEntry): Promise<boolean> {
  try {
    await readKeychain(entry)
    return true
  } catch (thrown) {
    if (thrown instanceof StorageError) return false
    throw thrown
  }
}

/** `undefined`: the keychain holds no such secret. @throws StorageError when there is no keychain, or it is locked */
export async function readKeychain ({ service, account }: KeychainEntry): Promise<string | undefined> {
  const { AsyncEntry } = await load()
  try {
    return await new AsyncEntry(service, account, STORE).getPassword() ?? undefined
  } catch (thrown) {
    throw unavailable(thrown)
  }
}

/** @throws StorageError when there is no keychain, or it is locked */
export async function writeKeychain ({ service, account }: KeychainEntry, secret: string): Promise<void> {
  const { AsyncEntry } = await load()
  try {
    await new AsyncEntry(service, account, STORE).setPassword(secret)
  } catch (thrown) {
    throw unavailable(thrown)
  }
}

async function load (): Promise<typeof import('@napi-rs/keyring')> {
  try {
    return await import('@napi-rs/keyring')
  } catch (thrown) {
    throw unavailable(thrown)
  }
}

function unavailable (thrown: unknown): StorageError {
  return new StorageError('the keychain of this system does not answer', 'Nothing was changed. Unlock the keychain, or use a password or a key file.', asError(thrown))
}
