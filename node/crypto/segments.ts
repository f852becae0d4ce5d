/**
 * AES-GCM-HKDF streaming, as in Google's Tink ("Streaming AEAD", from Hoang, Reyhanitabar, Rogaway and Vizár, CRYPTO 2015), on the system's
 * own library: nothing here is of our making, and its first test is Tink's published vector. One segment at a time, so that each can be
 * opened alone. Law: docs/protocols/media.md, "Blob".
 */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import { headerBytes, NONCE_PREFIX_BYTES, segmentRoom, TAG_BYTES, type SegmentLayout } from '../../protocols/media/segments.ts'
import { invariant } from '../../protocols/core/invariant.ts'

export interface StreamParameters {
  readonly layout: SegmentLayout
  /** Of HKDF. */
  readonly hash: 'sha1' | 'sha256'
  readonly associatedData: Uint8Array
}

/** What must never serve a second plaintext. */
export interface StreamSecrets {
  readonly key: Uint8Array
  /** As long as the key. */
  readonly salt: Uint8Array
  readonly noncePrefix: Uint8Array
}

export class SegmentCipher {
  readonly #layout: SegmentLayout
  readonly #header: Uint8Array
  readonly #prefix: Uint8Array
  readonly #key: Uint8Array
  readonly #algorithm: 'aes-128-gcm' | 'aes-256-gcm'

  constructor ({ layout, hash, associatedData }: StreamParameters, { key, salt, noncePrefix }: StreamSecrets) {
    const { keyBytes } = layout
    invariant(key.byteLength === keyBytes && salt.byteLength === keyBytes && noncePrefix.byteLength === NONCE_PREFIX_BYTES, 'key, salt and nonce prefix have their lengths')
    invariant(segmentRoom(layout, 0) > 0, 'the first segment has room behind the header')
    this.#layout = layout
    this.#prefix = noncePrefix
    this.#algorithm = keyBytes === 16 ? 'aes-128-gcm' : 'aes-256-gcm'
    this.#key = new Uint8Array(hkdfSync(hash, key, salt, associatedData, keyBytes))
    this.#header = Uint8Array.of(headerBytes(layout), ...salt, ...noncePrefix)
  }

  /** The ciphertext of one segment: of the first one, with the header. All but the last are full. */
  seal (index: number, plaintext: Uint8Array, isLast: boolean): Uint8Array {
    const room = segmentRoom(this.#layout, index)
    invariant(isLast ? plaintext.byteLength <= room : plaintext.byteLength === room, 'a segment is full unless it is the last one')
    const start = this.#startOf(index)
    const sealed = new Uint8Array(start + plaintext.byteLength + TAG_BYTES)
    if (start > 0) sealed.set(this.#header)
    const cipher = createCipheriv(this.#algorithm, this.#key, this.#nonce(index, isLast))
    sealed.set(cipher.update(plaintext), start)
    cipher.final()
    sealed.set(cipher.getAuthTag(), start + plaintext.byteLength)
    return sealed
  }

  /** undefined: not what was sealed at this place under this key, or not the last one; nothing of it may be shown. */
  open (index: number, sealed: Uint8Array, isLast: boolean): Uint8Array | undefined {
    const start = this.#startOf(index)
    const plaintextBytes = sealed.byteLength - start - TAG_BYTES
    const room = segmentRoom(this.#layout, index)
    if (plaintextBytes < 0 || (isLast ? plaintextBytes > room : plaintextBytes !== room)) return undefined
    if (start > 0 && !isSame(this.#header, sealed.subarray(0, start))) return undefined
    const decipher = createDecipheriv(this.#algorithm, this.#key, this.#nonce(index, isLast))
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
    const plaintext = decipher.update(sealed.subarray(start, -TAG_BYTES))
    try {
      decipher.final()
      return plaintext
    } catch {
      return undefined
    }
  }

  #startOf (index: number): number { return index === 0 ? this.#header.byteLength : 0 }

  #nonce (index: number, isLast: boolean): Uint8Array {
    const nonce = new Uint8Array(NONCE_PREFIX_BYTES + 5)
    nonce.set(this.#prefix)
    new DataView(nonce.buffer).setUint32(NONCE_PREFIX_BYTES, index)
    nonce[NONCE_PREFIX_BYTES + 4] = isLast ? 1 : 0
    return nonce
  }
}

/** What the header at the beginning of a ciphertext says; undefined: it is none of this layout. */
export function readHeader (layout: SegmentLayout, ciphertext: Uint8Array): Omit<StreamSecrets, 'key'> | undefined {
  const length = headerBytes(layout)
  if (ciphertext.byteLength < length || ciphertext[0] !== length) return undefined
  // Copies, which a Buffer's own slices are not.
  return { salt: Uint8Array.from(ciphertext.subarray(1, 1 + layout.keyBytes)), noncePrefix: Uint8Array.from(ciphertext.subarray(1 + layout.keyBytes, length)) }
}

/** The header is public. */
function isSame (left: Uint8Array, right: Uint8Array): boolean {
  return left.every((byte, index) => byte === right[index])
}
