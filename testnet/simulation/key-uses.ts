/** No ratchet key is used for two different texts, whatever crashed in between: looked at on the wire. */
import { decodeDepositFrame } from '../../protocols/deposit/wire.ts'
import { unpadBucket } from '../../protocols/envelope/padding.ts'
import { decodeCiphertext, decodeEnvelope } from '../../protocols/envelope/wire.ts'
import { keyUse } from './sealer.ts'

/** Before a sealed ciphertext stands the device that it is for (sealer.ts). */
const SEAL_BYTES = 16

export class KeyUses {
  readonly #contentOf = new Map<string, string>()
  /** Keys that were found on two texts. */
  readonly reused = new Set<string>()

  /** A frame of the deposit protocol, from who deposits. */
  take (frame: Uint8Array): void {
    const decoded = decodeDepositFrame(frame)
    if (decoded.type !== 'batch') return
    for (const { body } of decoded.deposits) {
      const envelope = decodeEnvelope(body)
      const ciphertext = envelope.form === 'clear' ? envelope.ciphertext : decodeCiphertext(unpadBucket(envelope.sealed.subarray(SEAL_BYTES)))
      // A retry request uses no key.
      if (ciphertext.kind === 'plaintext') continue
      const { key, content } = keyUse(ciphertext.body)
      if ((this.#contentOf.get(key) ?? content) !== content) this.reused.add(key)
      this.#contentOf.set(key, content)
    }
  }
}
