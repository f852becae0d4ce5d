/** What is signed, hashed and proven about blobs. Law: docs/protocols/media.md, "Transfer" (`put`). */
import { concat, fromString } from 'uint8arrays'
import { bigEndian64 } from '../core/bytes.ts'
import { domainHash, inDomain, isSignedBy, type Domain } from '../core/signed.ts'
import type { BlobRoot } from './root.ts'

export type BlobWordKind = 'promise' | 'stored'

/** What a relay says of a blob: until when it will keep it. */
export interface BlobWord { readonly root: BlobRoot, readonly blobBytes: number, readonly keepUntilMs: number }

const DOMAINS = { promise: 'skein/blob-promise/v1', stored: 'skein/blob-stored/v1' } as const satisfies Record<BlobWordKind, Domain>
const PUT_DOMAIN = concat([fromString('skein/blob-put/v1'), Uint8Array.of(0)])

/** What a relay's signature runs over. */
export function blobWordInput (kind: BlobWordKind, word: BlobWord): Uint8Array { return inDomain(DOMAINS[kind], wordBytes(word)) }

export function isBlobWordSigned (kind: BlobWordKind, word: BlobWord, { signature, publicKey }: { readonly signature: Uint8Array, readonly publicKey: Uint8Array }): boolean {
  return isSignedBy({ domain: DOMAINS[kind], bytes: wordBytes(word), signature, publicKey })
}

/** What the MAC of a put runs over. */
export function blobPutMacInput ({ root, blobBytes, readTag }: { readonly root: BlobRoot, readonly blobBytes: number, readonly readTag: Uint8Array }): Uint8Array {
  return concat([PUT_DOMAIN, root, bigEndian64(blobBytes), readTag])
}

/** What a relay knows of a read key before somebody reads. */
export function readTagOf (readKey: Uint8Array): Uint8Array { return domainHash('skein/blob-read/v1', readKey) }

function wordBytes ({ root, blobBytes, keepUntilMs }: BlobWord): Uint8Array {
  return concat([root, bigEndian64(blobBytes), bigEndian64(keepUntilMs)])
}
