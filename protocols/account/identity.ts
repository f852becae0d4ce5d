/**
 * Names that are hashes of keys: nobody gives them out, nobody can take them away. Account ids run over bytes that we lay
 * out ourselves, not over protobuf, whose encoding of the same values may differ. Law: docs/protocols/account.md, "Names".
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { concat } from 'uint8arrays'
import { accountId, deviceId, DEVICE_ID_BYTES, type AccountId, type DeviceId } from '../core/ids.ts'
import { invariant } from '../core/invariant.ts'
import { IDENTITY_KEY_BYTES, NONCE_BYTES } from '../core/limits.ts'
import { domainHash, PUBLIC_KEY_BYTES } from '../core/signed.ts'
import type { Inception } from './wire.ts'

/** Signing key (32), recovery key (32), nonce (16). */
const INCEPTION_BYTES = 2 * PUBLIC_KEY_BYTES + NONCE_BYTES

/** The account that an inception begins. */
export function accountIdOf ({ signingKey, recoveryKey, nonce }: Inception): AccountId {
  const canonical = concat([signingKey, recoveryKey, nonce])
  // Without fixed sizes two different inceptions could be laid out as the same bytes.
  invariant(canonical.byteLength === INCEPTION_BYTES && signingKey.byteLength === PUBLIC_KEY_BYTES && nonce.byteLength === NONCE_BYTES, 'an inception has parts of fixed size')
  return accountId(domainHash('skein/account/v1', canonical))
}

/**
 * The device that a libsignal identity key (33 bytes) belongs to: UUIDv8 (RFC 9562, section 5.8) of the key's SHA-256.
 * 122 bits of a hash are an address, never a proof: what binds the key to an account is the account's statement.
 */
export function deviceIdOf (identityKey: Uint8Array): DeviceId {
  invariant(identityKey.byteLength === IDENTITY_KEY_BYTES, 'a libsignal identity key has 33 bytes')
  const id = sha256(identityKey).slice(0, DEVICE_ID_BYTES)
  id[6] = ((id[6] ?? 0) & 0x0f) | 0x80
  id[8] = ((id[8] ?? 0) & 0x3f) | 0x80
  return deviceId(id)
}
