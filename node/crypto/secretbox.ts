/**
 * Small things under a key that some people have: directory records and device lists under a read key. AES-256-GCM (NIST SP 800-38D)
 * by the system's own library, with a random nonce: a key seals a few hundred times in its life, far below the 2^32 at which
 * random nonces would begin to repeat.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { concat } from 'uint8arrays'
import { invariant } from '../../protocols/core/invariant.ts'
import { READ_KEY_BYTES } from '../../protocols/core/limits.ts'

const NONCE_BYTES = 12
const TAG_BYTES = 16

/** nonce ‖ ciphertext ‖ tag. `purpose` is authenticated: what was sealed for one opens for no other. */
export function sealSecret (key: Uint8Array, plaintext: Uint8Array, { nonce, purpose }: { readonly nonce: Uint8Array, readonly purpose: string }): Uint8Array {
  invariant(key.byteLength === READ_KEY_BYTES && nonce.byteLength === NONCE_BYTES, 'a key is 32 bytes and a nonce 12')
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(purpose))
  return concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

/** undefined: not sealed under this key for this purpose, or changed since. */
export function openSecret (key: Uint8Array, sealed: Uint8Array, purpose: string): Uint8Array | undefined {
  if (sealed.byteLength < NONCE_BYTES + TAG_BYTES) return undefined
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES)).setAAD(Buffer.from(purpose))
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
  try {
    return concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()])
  } catch {
    return undefined
  }
}
