/**
 * Signatures by a network key: whoever knows a PeerId of ours can check them, since it holds the public half. Ed25519 by the
 * system's own library, which takes 30 µs; a relay signs once for each batch of results.
 */
import { createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto'
import { concat } from 'uint8arrays'
import { invariant } from '../../protocols/core/invariant.ts'
import type { Signer } from '../ports.ts'

/** Seed of an Ed25519 key: RFC 8032, 5.1.5. */
const SEED_BYTES = 32
/** What stands before the seed in PKCS #8: RFC 8410, 7, the first example. */
const PKCS8_PREFIX = Uint8Array.of(0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20)

/** Signs with the Ed25519 key that grows from `seed`. */
export function signerOf (seed: Uint8Array): Signer {
  invariant(seed.byteLength === SEED_BYTES, 'the seed of an Ed25519 key is 32 bytes')
  const key = createPrivateKey({ key: Buffer.from(concat([PKCS8_PREFIX, seed])), format: 'der', type: 'pkcs8' })
  return { publicKey: publicHalf(key), sign: bytes => sign(null, bytes, key) }
}

/** The last 32 bytes of its SubjectPublicKeyInfo: RFC 8410, 4. */
function publicHalf (key: KeyObject): Uint8Array {
  return Uint8Array.from(createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-SEED_BYTES))
}
