/**
 * What a relay has promised, so that it can be proven: one signature for all that one commit stored for one stream, over the root of
 * a Merkle tree (RFC 6962, section 2.1), and for each deposit the path to it. Law: docs/protocols/deposit.md, "Stored".
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { concat } from 'uint8arrays'
import { bigEndian64 } from '../core/bytes.ts'
import { MalformedError } from '../core/errors.ts'
import { invariant } from '../core/invariant.ts'
import { ALIAS_BYTES, ALIAS_EPOCH_BYTES, BATCH_DEPOSITS_MAX, EVIDENCE_BYTES_MAX } from '../core/limits.ts'
import { HASH_BYTES, inDomain, isSignedBy, SIGNATURE_BYTES } from '../core/signed.ts'

/** What a relay says of one deposit. */
export interface StoredFacts {
  readonly alias: Uint8Array
  readonly depositId: Uint8Array
  /** SHA-256. */
  readonly bodyHash: Uint8Array
  /** Both by the relay's clock. */
  readonly relayTimeMs: number
  readonly expiresAtMs: number
  readonly aliasEpoch: Uint8Array
}

/** All that is needed to prove it to somebody who was not there. */
export interface Evidence extends StoredFacts {
  /** Which of the batch's deposits it is, of how many. */
  readonly index: number
  readonly count: number
  readonly path: readonly Uint8Array[]
  readonly signature: Uint8Array
}

const LEAF = Uint8Array.of(0)
const INNER = Uint8Array.of(1)
const DEPOSIT_ID_BYTES = 16
/** A tree of 256 leaves is eight deep. */
const PATH_MAX = Math.log2(BATCH_DEPOSITS_MAX)
const FIXED_BYTES = ALIAS_BYTES + DEPOSIT_ID_BYTES + HASH_BYTES + 8 + 8 + ALIAS_EPOCH_BYTES + 2 + 2 + SIGNATURE_BYTES

/** The hash of one leaf. */
export function storedLeaf ({ alias, depositId, bodyHash, relayTimeMs, expiresAtMs, aliasEpoch }: StoredFacts): Uint8Array {
  return sha256(concat([LEAF, alias, depositId, bodyHash, bigEndian64(relayTimeMs), bigEndian64(expiresAtMs), aliasEpoch]))
}

/** The root over leaf hashes, at least one, in the order of the results. */
export function merkleRoot (leaves: readonly Uint8Array[]): Uint8Array {
  invariant(leaves.length > 0, 'a tree has leaves')
  if (leaves.length === 1) return leaves[0] ?? LEAF
  const half = splitOf(leaves.length)
  return innerHash(merkleRoot(leaves.slice(0, half)), merkleRoot(leaves.slice(half)))
}

export interface MerkleTree {
  readonly root: Uint8Array
  /** For each leaf what is hashed with it on the way to the root, from below. */
  readonly paths: ReadonlyArray<readonly Uint8Array[]>
}

/** The root and all paths: each hash is made once, where one path after the other would make all of them for each leaf. */
export function merkleTree (leaves: readonly Uint8Array[]): MerkleTree {
  invariant(leaves.length > 0, 'a tree has leaves')
  if (leaves.length === 1) return { root: leaves[0] ?? LEAF, paths: [[]] }
  const half = splitOf(leaves.length)
  const [left, right] = [merkleTree(leaves.slice(0, half)), merkleTree(leaves.slice(half))]
  return {
    root: innerHash(left.root, right.root),
    paths: [...left.paths.map(path => [...path, right.root]), ...right.paths.map(path => [...path, left.root])]
  }
}

/** The root that a leaf and its path lead to; undefined when the path does not fit the place. */
export function rootFromPath (leaf: Uint8Array, { index, count, path }: Pick<Evidence, 'index' | 'count' | 'path'>): Uint8Array | undefined {
  if (count <= 1) return path.length === 0 && index === 0 ? leaf : undefined
  const sibling = path.at(-1)
  if (sibling === undefined || index >= count) return undefined
  const half = splitOf(count)
  const isLeft = index < half
  const below = rootFromPath(leaf, { index: isLeft ? index : index - half, count: isLeft ? half : count - half, path: path.slice(0, -1) })
  if (below === undefined) return undefined
  return isLeft ? innerHash(below, sibling) : innerHash(sibling, below)
}

/** What a relay signs with its network key. */
export function storedSigningInput (root: Uint8Array): Uint8Array {
  return inDomain('skein/stored/v1', root)
}

/** Whether the holder of this network key has promised so. Never throws. */
export function verifyEvidence (evidence: Evidence, relayPublicKey: Uint8Array): boolean {
  const root = rootFromPath(storedLeaf(evidence), evidence)
  return root !== undefined && isSignedBy({ domain: 'skein/stored/v1', bytes: root, signature: evidence.signature, publicKey: relayPublicKey })
}

/** As it is kept and shown: field after field, then the path. */
export function encodeEvidence ({ alias, depositId, bodyHash, relayTimeMs, expiresAtMs, aliasEpoch, index, count, path, signature }: Evidence): Uint8Array {
  const place = new Uint8Array(4)
  new DataView(place.buffer).setUint16(0, index)
  new DataView(place.buffer).setUint16(2, count)
  return concat([alias, depositId, bodyHash, bigEndian64(relayTimeMs), bigEndian64(expiresAtMs), aliasEpoch, place, signature, ...path])
}

/** @throws MalformedError */
export function decodeEvidence (bytes: Uint8Array): Evidence {
  const pathBytes = bytes.byteLength - FIXED_BYTES
  if (bytes.byteLength > EVIDENCE_BYTES_MAX || pathBytes < 0 || pathBytes % HASH_BYTES !== 0 || pathBytes / HASH_BYTES > PATH_MAX) throw new MalformedError('evidence', 'must be fields and a path')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  const take = (length: number): Uint8Array => {
    at += length
    return bytes.slice(at - length, at)
  }
  const number = (): number => {
    at += 8
    return view.getUint32(at - 8) * 2 ** 32 + view.getUint32(at - 4)
  }
  const facts = { alias: take(ALIAS_BYTES), depositId: take(DEPOSIT_ID_BYTES), bodyHash: take(HASH_BYTES), relayTimeMs: number(), expiresAtMs: number(), aliasEpoch: take(ALIAS_EPOCH_BYTES) }
  const [index, count] = [view.getUint16(at), view.getUint16(at + 2)]
  at += 4
  const signature = take(SIGNATURE_BYTES)
  return { ...facts, index, count, signature, path: Array.from({ length: pathBytes / HASH_BYTES }, () => take(HASH_BYTES)) }
}

/** What a relay answers about custody, and what it signs: the question's nonce, its alias, time, and each id with its state. */
export interface CustodyFacts {
  readonly nonce: Uint8Array
  readonly alias: Uint8Array
  readonly relayTimeMs: number
  readonly depositIds: readonly Uint8Array[]
  /** The numbers of the schema, in the same order. */
  readonly states: readonly number[]
}

export function custodySigningInput (facts: CustodyFacts): Uint8Array {
  return inDomain('skein/custody/v1', custodyBytes(facts))
}

export function isCustodySigned (facts: CustodyFacts, signature: Uint8Array, relayPublicKey: Uint8Array): boolean {
  return isSignedBy({ domain: 'skein/custody/v1', bytes: custodyBytes(facts), signature, publicKey: relayPublicKey })
}

/** What the MAC of a custody question runs over, by the alias's MAC key. */
export function custodyMacInput ({ nonce, depositIds }: Pick<CustodyFacts, 'nonce' | 'depositIds'>): Uint8Array {
  return inDomain('skein/custody/v1', concat([nonce, ...depositIds]))
}

function custodyBytes ({ nonce, alias, relayTimeMs, depositIds, states }: CustodyFacts): Uint8Array {
  return concat([nonce, alias, bigEndian64(relayTimeMs), ...depositIds.flatMap((id, index) => [id, Uint8Array.of(states[index] ?? 0)])])
}

/** The largest power of two below `count`. */
function splitOf (count: number): number {
  return 2 ** (31 - Math.clz32(count - 1))
}

function innerHash (left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concat([INNER, left, right]))
}
