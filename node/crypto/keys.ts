/**
 * Making keys: a device's identity, and the prekeys with which others start sessions while it is away. Nothing here is
 * stored; prekeys become records, with ids, when the unit of work is written. Law: docs/protocols/session.md.
 */
import { IdentityKeyPair, KEMKeyPair, KyberPreKeyRecord, PreKeyRecord, PrivateKey, SignedPreKeyRecord } from '@signalapp/libsignal-client'
import { deviceIdOf } from '../../protocols/account/identity.ts'
import { DEVICE_ID_BYTES } from '../../protocols/core/ids.ts'
import type { DeviceId } from '../../protocols/core/ids.ts'
import { owned } from './boundary.ts'

/** What makes a device: stored in `own`, the public half and the numbers also in the account's device list. */
export interface Identity {
  /** libsignal IdentityKeyPair, serialised. */
  readonly identityKey: Uint8Array
  /** Its public half, 33 bytes, type byte first: what the device list names. */
  readonly publicKey: Uint8Array
  /** 1 to 16,380: libsignal's mark of one installation. */
  readonly registrationId: number
  readonly deviceId: DeviceId
}

/** A key pair whose public half the identity key has signed. */
export interface SignedPair<Pair> {
  readonly pair: Pair
  readonly signature: Uint8Array<ArrayBuffer>
}

/** libsignal's registration ids are 14 bits; the highest few and 0 are kept free, as in Signal's own clients. */
const REGISTRATION_ID_MAX = 16_380

export function generateIdentity (): Identity { return identityWithPair(IdentityKeyPair.generate()) }

/** Of a private key that is there already: X25519, 32 bytes. */
export function identityWithKey (secret: Uint8Array): Identity {
  const privateKey = PrivateKey.deserialize(owned(secret))
  return identityWithPair(new IdentityKeyPair(privateKey.getPublicKey(), privateKey))
}

function identityWithPair (pair: IdentityKeyPair): Identity {
  const publicKey = pair.publicKey.serialize()
  const deviceId = deviceIdOf(publicKey)
  return { identityKey: pair.serialize(), publicKey, registrationId: registrationIdOf(deviceId), deviceId }
}

export function makeSignedPrekey (identity: PrivateKey): SignedPair<PrivateKey> {
  const pair = PrivateKey.generate()
  return { pair, signature: identity.sign(pair.getPublicKey().serialize()) }
}

export function makeKemPrekey (identity: PrivateKey): SignedPair<KEMKeyPair> {
  const pair = KEMKeyPair.generate()
  return { pair, signature: identity.sign(pair.getPublicKey().serialize()) }
}

export function oneTimeRecord (id: number, key: PrivateKey): Uint8Array {
  return PreKeyRecord.new(id, key.getPublicKey(), key).serialize()
}

export function signedRecord (id: number, key: SignedPair<PrivateKey>, atMs: number): Uint8Array {
  return SignedPreKeyRecord.new(id, atMs, key.pair.getPublicKey(), key.pair, key.signature).serialize()
}

/** Of a one-time or a last-resort ML-KEM key: the record is the same, only its use differs. */
export function kemRecord (id: number, key: SignedPair<KEMKeyPair>, atMs: number): Uint8Array {
  return KyberPreKeyRecord.new(id, atMs, key.pair, key.signature).serialize()
}

/** Derived, not drawn: it tells installations apart, as the key it comes from does. */
function registrationIdOf (device: DeviceId): number {
  const [high = 0, low = 0] = device.subarray(DEVICE_ID_BYTES - 2)
  return 1 + (high * 256 + low) % REGISTRATION_ID_MAX
}
