/**
 * Signatures and hashes that mean one thing only: what is signed begins with the name of its purpose, so that a signature
 * made for one protocol can never be shown in another (docs/protocols/README.md, "Signatures").
 */
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { concat, fromString, toString } from 'uint8arrays'
import { invariant } from './invariant.ts'

/** Every purpose for which Skein signs or hashes with a prefix. */
export type Domain =
  | 'skein/account/v1'     // account id: hash of an inception
  | 'skein/statement/v1'   // device list, signed by the account's signing key
  | 'skein/rotation/v1'    // new signing key, signed by the recovery key
  | 'skein/invite/v1'      // checksum of an invite link
  | 'skein/stored/v1'      // what a relay has stored: Merkle root, by its network key
  | 'skein/custody/v1'     // what a relay holds: the answer to a question, by its network key
  | 'skein/issued/v1'      // a prekey bundle that a relay gives out, by its network key
  | 'skein/record/v1'      // directory record, by the record key
  | 'skein/policy/v1'      // a relay's policy, by its network key

/** Ed25519 (RFC 8032). */
export const PUBLIC_KEY_BYTES = 32
export const SECRET_KEY_BYTES = 32
export const SIGNATURE_BYTES = 64
/** SHA-256. */
export const HASH_BYTES = 32

/** What a domain's signatures and hashes run over: the domain, a zero byte that no domain contains, the bytes. */
export function inDomain (domain: Domain, bytes: Uint8Array): Uint8Array {
  return concat([fromString(domain), Uint8Array.of(0), bytes])
}

/** Ed25519 public key of a 32-byte secret key. */
export function publicKeyOf (secretKey: Uint8Array): Uint8Array {
  invariant(secretKey.byteLength === SECRET_KEY_BYTES, 'an Ed25519 secret key has 32 bytes')
  return ed25519.getPublicKey(secretKey)
}

/** Ed25519 signature of `bytes` for one purpose. */
export function sign (domain: Domain, bytes: Uint8Array, secretKey: Uint8Array): Uint8Array {
  invariant(secretKey.byteLength === SECRET_KEY_BYTES, 'an Ed25519 secret key has 32 bytes')
  return ed25519.sign(inDomain(domain, bytes), secretKey)
}

export interface Signed {
  readonly domain: Domain
  readonly bytes: Uint8Array
  readonly signature: Uint8Array
  readonly publicKey: Uint8Array
}

/** Whether the signature is this key's over these bytes for this purpose. Never throws, whatever the inputs. */
export function isSignedBy ({ domain, bytes, signature, publicKey }: Signed): boolean {
  if (signature.byteLength !== SIGNATURE_BYTES || publicKey.byteLength !== PUBLIC_KEY_BYTES) return false
  const message = inDomain(domain, bytes)
  const name = toString(sha256(concat([publicKey, signature, message])), 'latin1')
  if (good.has(name)) return true
  // RFC 8032's own rules instead of ZIP 215: no small-order keys, under which one signature fits every message.
  if (!ed25519.verify(signature, message, publicKey, { zip215: false })) return false
  if (good.size >= GOOD_MAX) good.clear()
  good.add(name)
  return true
}

/**
 * Hashes of what was found good: the same device list or record comes with each profile, from each relay and each DHT server, and checking
 * it takes a millisecond or two, a hundred times as long as its hash. Both key and signature have a fixed length, so a hash names one triple.
 */
const good = new Set<string>()
/** More than a node has contacts, most of the time; less than a quarter of a megabyte. */
const GOOD_MAX = 2_048

/** SHA-256 of `bytes` for one purpose. */
export function domainHash (domain: Domain, bytes: Uint8Array): Uint8Array {
  return sha256(inDomain(domain, bytes))
}
