/** The birth of an account on this device: keys, recovery words, first device list. Law: docs/protocols/account.md. */
import { accountIdOf } from '../protocols/account/identity.ts'
import { RECOVERY_ENTROPY_BYTES, recoveryKeyOf, recoveryWordsOf } from '../protocols/account/recovery.ts'
import { firstStatement, signStatement } from '../protocols/account/statement.ts'
import { encodeSignedStatement } from '../protocols/account/wire.ts'
import { NONCE_BYTES } from '../protocols/core/limits.ts'
import { publicKeyOf, SECRET_KEY_BYTES } from '../protocols/core/signed.ts'
import type { AccountStore } from '../store/account-store.ts'
import type { AcceptPolicy } from '../store/types.ts'
import type { OwnIdentity, Random } from './ports.ts'

export interface NewAccount {
  readonly name: string
  readonly acceptPolicy: AcceptPolicy
  readonly nowMs: number
  readonly secrets: AccountSecrets
}

/** All that makes an account this one and no other. */
export interface AccountSecrets {
  /** The 32 bytes behind the recovery words. */
  readonly recoveryEntropy: Uint8Array
  /** Ed25519 secret, 32 bytes. */
  readonly signingKey: Uint8Array
  readonly nonce: Uint8Array
  readonly identity: OwnIdentity
}

/** Those of a new account: chance, and the keys of a new device. */
export function drawSecrets (random: Random, newIdentity: () => OwnIdentity): AccountSecrets {
  const recoveryEntropy = random.bytes(RECOVERY_ENTROPY_BYTES)
  const identity = newIdentity()
  return { recoveryEntropy, identity, signingKey: random.bytes(SECRET_KEY_BYTES), nonce: random.bytes(NONCE_BYTES) }
}

/** Writes a new account into an empty store. Returns its 24 recovery words: the only copy there is. */
export function createAccount (store: AccountStore, { name, acceptPolicy, nowMs, secrets: { recoveryEntropy, signingKey, nonce, identity } }: NewAccount): readonly string[] {
  const inception = { signingKey: publicKeyOf(signingKey), recoveryKey: publicKeyOf(recoveryKeyOf(recoveryEntropy)), nonce }
  const accountId = accountIdOf(inception)
  const { deviceId, identityKey, publicIdentityKey, registrationId, networkKey, peerId, signConsent } = identity
  const device = { deviceId, identityKey: publicIdentityKey, peerId, addedAtMs: nowMs, consent: signConsent(accountId), registrationId }
  const statement = encodeSignedStatement(signStatement(firstStatement({ inception, devices: [device], protocolMin: 1, nowMs }), signingKey))
  store.transact(writer => writer.own.create({
    accountId,
    deviceId,
    name,
    nameChangedAtMs: nowMs,
    statement,
    signingKey,
    identityKey,
    registrationId,
    networkKey,
    acceptPolicy,
    trustPolicy: 'first-use',
    sendsReadReceipts: true,
    createdAtMs: nowMs
  }))
  return recoveryWordsOf(recoveryEntropy)
}
