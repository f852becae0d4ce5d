/**
 * Aliases: the doors into a mailbox at a relay. Both sides derive them from one secret, for every relay and device, so that a new
 * relay needs no new exchange; a relay learns the alias and its MAC key, and no two relays can tell that they know the same
 * contact. Law: docs/protocols/mailbox.md, "Aliases".
 */
import { hkdf } from '@noble/hashes/hkdf.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { concat, fromString } from 'uint8arrays'
import type { DeviceId, EnvelopeId } from '../core/ids.ts'
import { ALIAS_BYTES, MAC_KEY_BYTES } from '../core/limits.ts'

/** What one secret becomes at one relay, for one device. */
export interface DerivedAlias {
  /** Names the door. */
  readonly alias: Uint8Array
  /** Known to the relay: whoever deposits proves that it knows it, too. */
  readonly macKey: Uint8Array
  /** Not known to the relay: makes the ids of deposits. */
  readonly depositKey: Uint8Array
}

const ZERO = Uint8Array.of(0)
const ALIAS_INFO = concat([fromString('skein/alias/v1'), ZERO])
const DEPOSIT_DOMAIN = concat([fromString('skein/deposit/v1'), ZERO])
const DEPOSIT_ID_BYTES = 16

/**
 * HKDF-SHA256 (RFC 5869) without salt.
 * @param secret an alias secret (32 bytes), or an invite's token (16 bytes) for its gate
 * @param relay PeerId of the relay, text form
 */
export function deriveAlias (secret: Uint8Array, { relay, device }: { readonly relay: string, readonly device: DeviceId }): DerivedAlias {
  const bytes = hkdf(sha256, secret, undefined, concat([ALIAS_INFO, fromString(relay), ZERO, device]), ALIAS_BYTES + 2 * MAC_KEY_BYTES)
  return {
    alias: bytes.subarray(0, ALIAS_BYTES),
    macKey: bytes.subarray(ALIAS_BYTES, ALIAS_BYTES + MAC_KEY_BYTES),
    depositKey: bytes.subarray(ALIAS_BYTES + MAC_KEY_BYTES)
  }
}

/** What an envelope is called at the relay: the same at every attempt there, another one everywhere else. */
export function relayDepositId (depositKey: Uint8Array, envelope: EnvelopeId): EnvelopeId {
  return hmac(sha256, depositKey, envelope).subarray(0, DEPOSIT_ID_BYTES) as EnvelopeId
}

export interface MacFields {
  /** Of the relay's hello on this stream: a MAC is good for one stream. */
  readonly nonce: Uint8Array
  readonly depositId: Uint8Array
  readonly lifetimeS: number
  readonly isWake: boolean
  readonly body: Uint8Array
}

/** The proof that a depositor knows the alias: HMAC-SHA256 by its MAC key. */
export function depositMac (macKey: Uint8Array, fields: MacFields): Uint8Array {
  return hmac(sha256, macKey, depositMacInput(fields))
}

/** What a deposit's MAC runs over. */
export function depositMacInput ({ nonce, depositId, lifetimeS, isWake, body }: MacFields): Uint8Array {
  const fixed = new Uint8Array(5)
  new DataView(fixed.buffer).setUint32(0, lifetimeS)
  fixed[4] = isWake ? 1 : 0
  return concat([DEPOSIT_DOMAIN, nonce, depositId, fixed, body])
}
