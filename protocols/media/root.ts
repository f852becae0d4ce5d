/**
 * The name of a blob: the CID of its root (CIDv1, raw leaf or dag-pb node, SHA-256), in the binary form of the multiformats specification.
 * It pins every byte of the ciphertext. Law: docs/protocols/media.md, "Blob".
 */
import { toString } from 'uint8arrays'
import { MalformedError } from '../core/errors.ts'

declare const brand: unique symbol
/** 36 bytes: version, codec, the hash's kind and length, the hash. */
export type BlobRoot = Uint8Array & { readonly [brand]: 'BlobRoot' }

export const BLOB_ROOT_BYTES = 36
/** Of one inner node. */
export const LINKS_MAX = 1_024
const VERSION = 1
const RAW = 0x55
const DAG_PB = 0x70
const SHA2_256 = 0x12
const HASH_BYTES = 32

/** @throws MalformedError unless `bytes` is such a CID */
export function blobRoot (bytes: Uint8Array): BlobRoot {
  const [version, codec, hash, length] = bytes
  const isRoot = bytes.byteLength === BLOB_ROOT_BYTES && version === VERSION && (codec === RAW || codec === DAG_PB) && hash === SHA2_256 && length === HASH_BYTES
  if (!isRoot) throw new MalformedError('root of a blob', 'must be a CID of version 1, raw or dag-pb, with SHA-256')
  return bytes as BlobRoot
}

/** Whether the blob is a single leaf. */
export function isLeafRoot (root: BlobRoot): boolean { return root[1] === RAW }

/** As every program of IPFS writes it: multibase prefix and base32. */
export function rootText (root: BlobRoot): string { return 'b' + toString(root, 'base32') }
