/** Lists of ids in one column: what an envelope holds by reference, a content's parents, an event's subjects. */
import { StorageError } from '../protocols/core/errors.ts'
import { CONTENT_ID_BYTES, type ContentId } from '../protocols/core/ids.ts'
import { invariant } from '../protocols/core/invariant.ts'
import { namesOf } from './tables/columns.ts'
import type { Ref, RefKind } from './types.ts'

/** A kind byte, then the id. */
const REF_BYTES = 1 + CONTENT_ID_BYTES

/** The numbers are stored. */
const REF_KIND = { text: 1, change: 2, delivered: 3, read: 4, request: 5, accept: 6, profile: 7, retry: 8, blobFetched: 9, blobMissing: 10, blobGone: 11 } as const satisfies Record<RefKind, number>
const KIND_OF = namesOf(REF_KIND)

const NOTHING = new Uint8Array(0)

export function encodeRefs (refs: readonly Ref[]): Uint8Array {
  const blob = new Uint8Array(refs.length * REF_BYTES)
  let offset = 0
  for (const { kind, id } of refs) {
    invariant(id.byteLength === CONTENT_ID_BYTES, 'what an envelope holds is named by 16 bytes')
    blob[offset] = REF_KIND[kind]
    blob.set(id, offset + 1)
    offset += REF_BYTES
  }
  return blob
}

/** @throws StorageError when `blob` is not a list of refs: the row is damaged */
export function decodeRefs (blob: Uint8Array): Ref[] {
  if (blob.byteLength % REF_BYTES !== 0) throw damaged()
  const refs: Ref[] = []
  for (let offset = 0; offset < blob.byteLength; offset += REF_BYTES) {
    const kind = KIND_OF.get(blob[offset] ?? 0)
    if (kind === undefined) throw damaged()
    refs.push({ kind, id: Uint8Array.from(blob.subarray(offset + 1, offset + REF_BYTES)) })
  }
  return refs
}

export function encodeIds (ids: readonly ContentId[]): Uint8Array {
  const [first] = ids
  if (first === undefined) return NOTHING
  if (ids.length === 1) return first
  const blob = new Uint8Array(ids.length * CONTENT_ID_BYTES)
  ids.forEach((id, index) => blob.set(id, index * CONTENT_ID_BYTES))
  return blob
}

/** @throws StorageError when `blob` is not a list of ids: the row is damaged */
export function decodeIds (blob: Uint8Array): ContentId[] {
  if (blob.byteLength % CONTENT_ID_BYTES !== 0) throw damaged()
  const ids: ContentId[] = []
  for (let offset = 0; offset < blob.byteLength; offset += CONTENT_ID_BYTES) {
    ids.push(Uint8Array.from(blob.subarray(offset, offset + CONTENT_ID_BYTES)) as ContentId)
  }
  return ids
}

function damaged (): StorageError {
  return new StorageError('a row of the account database is damaged', 'Copy the home folder first; then run `skein doctor`, or restore a backup.')
}
