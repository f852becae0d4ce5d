/**
 * The key of a node on the network and the PeerId that follows from it: in bytes on the wire and in the store, in text
 * inside the program. A PeerId names a device's connection, never a person. docs/protocols/transport.md, "Peers".
 */
import { generateKeyPairSync } from 'node:crypto'
import { privateKeyFromProtobuf, privateKeyFromRaw, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey, peerIdFromString } from '@libp2p/peer-id'
import type { PeerId, PrivateKey } from '@libp2p/interface'
import { concat, fromString, toString } from 'uint8arrays'
import { MalformedError } from '../../protocols/core/errors.ts'
import { PEER_ID_BYTES_MAX } from '../../protocols/core/limits.ts'
import { invariant } from '../../protocols/core/invariant.ts'
import { publicKeyOf, SECRET_KEY_BYTES } from '../../protocols/core/signed.ts'

/** A new Ed25519 private key in libp2p's protobuf form. */
export function generateNetworkKey (): Uint8Array {
  const { d: seed, x: publicKey } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })
  invariant(seed !== undefined && publicKey !== undefined, 'an Ed25519 key has a seed and a public half')
  return inProtobuf(fromString(seed, 'base64url'), fromString(publicKey, 'base64url'))
}

/** The same form of a secret that is there already: Ed25519, 32 bytes. */
export function networkKeyFrom (secret: Uint8Array): Uint8Array { return inProtobuf(secret, publicKeyOf(secret)) }

/** libp2p's raw form of an Ed25519 private key is the seed, then the public key. */
function inProtobuf (seed: Uint8Array, publicKey: Uint8Array): Uint8Array {
  return privateKeyToProtobuf(privateKeyFromRaw(concat([seed, publicKey])))
}

/** The 32 bytes behind it. @throws MalformedError unless `networkKey` is a private key as `generateNetworkKey` makes them */
export function secretOf (networkKey: Uint8Array): Uint8Array { return privateKeyOf(networkKey).raw.subarray(0, SECRET_KEY_BYTES) }

/** @throws MalformedError unless `networkKey` is a private key as `generateNetworkKey` makes them */
export function privateKeyOf (networkKey: Uint8Array): PrivateKey {
  try {
    return privateKeyFromProtobuf(networkKey)
  } catch {
    throw new MalformedError('network key', 'must be a private key in protobuf form')
  }
}

/** @throws MalformedError unless `networkKey` is a private key as `generateNetworkKey` makes them */
export function peerIdOf (networkKey: Uint8Array): string {
  return peerIdFromPrivateKey(privateKeyOf(networkKey)).toString()
}

/** @throws MalformedError unless `text` is a PeerId in its one text form (base58) */
export function parsePeerId (text: string): PeerId {
  const peerId = text.length > 2 * PEER_ID_BYTES_MAX ? undefined : tryParse(text)
  // The other text forms (CIDs) would give one peer two names.
  if (peerId?.toString() !== text) throw new MalformedError('peer id', 'must be a PeerId in base58')
  return peerId
}

/** Multihash bytes of a PeerId. @throws MalformedError unless `text` is a PeerId */
export function peerIdToBytes (text: string): Uint8Array { return parsePeerId(text).toMultihash().bytes }

/** @throws MalformedError unless `bytes` are the multihash of a PeerId */
export function peerIdFromBytes (bytes: Uint8Array): string {
  if (bytes.byteLength > PEER_ID_BYTES_MAX) throw new MalformedError('peer id', `must be at most ${PEER_ID_BYTES_MAX} bytes`)
  // base58 of the multihash is the text form, and parsing it checks the rest.
  return parsePeerId(toString(bytes, 'base58btc')).toString()
}

function tryParse (text: string): PeerId | undefined {
  try {
    return peerIdFromString(text)
  } catch {
    return undefined
  }
}
