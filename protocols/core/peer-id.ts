/**
 * The key inside a PeerId: Ed25519 keys are small enough to be their own name, so whoever knows a peer's id can check its signatures.
 * libp2p peer-ids, "Keys" and "Peer IDs"; multihash of kind identity.
 */
import { fromString } from 'uint8arrays'
import { PUBLIC_KEY_BYTES } from './signed.ts'

/** identity multihash of 36 bytes: a PublicKey message of type Ed25519 (1) with 32 bytes of data. */
const PREFIX = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20)

/** Ed25519 public key of a PeerId in text form; undefined when it holds none, as with RSA keys. */
export function networkKeyOf (peerId: string): Uint8Array | undefined {
  const bytes = multihashOf(peerId)
  if (bytes?.byteLength !== PREFIX.byteLength + PUBLIC_KEY_BYTES || !PREFIX.every((byte, index) => bytes[index] === byte)) return undefined
  return bytes.subarray(PREFIX.byteLength)
}

function multihashOf (peerId: string): Uint8Array | undefined {
  try {
    return fromString(peerId, 'base58btc')
  } catch {
    return undefined
  }
}
