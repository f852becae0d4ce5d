/** What stands beside the leaves of a blob on the disk: at the end of the file of a complete one, in a file of its own for one that is not. */
import type { FileHandle } from 'node:fs/promises'
import { concat, fromString } from 'uint8arrays'
import { bigEndian64 } from '../../protocols/core/bytes.ts'
import { StorageError } from '../../protocols/core/errors.ts'
import { LEAF_BYTES } from '../../protocols/core/limits.ts'
import { noLeaves } from '../../protocols/media/leaves.ts'

/** The last bytes of a complete file: size of the blob, size of the nodes before this, and what it is. */
const FOOTER_MAGIC = fromString('skeinbl1')
/** The first bytes of the file beside an unfinished one: what it is, size of the blob, size of the nodes; then a bit for each leaf, and the nodes. */
const HAVE_MAGIC = fromString('skeinhv1')
const HEAD_BYTES = 24

export interface Have { readonly blobBytes: number, readonly have: Uint8Array, readonly nodes: readonly Uint8Array[] }

/** Each with its length before it. */
export function joinNodes (nodes: readonly Uint8Array[]): Uint8Array {
  return concat(nodes.flatMap(node => [bigEndian64(node.byteLength), node]))
}

export function footerOf (blobBytes: number, nodesBytes: number): Uint8Array {
  return concat([bigEndian64(blobBytes), bigEndian64(nodesBytes), FOOTER_MAGIC])
}

/** undefined: the file is damaged. */
export async function readFooter (file: FileHandle): Promise<Pick<Have, 'blobBytes' | 'nodes'> | undefined> {
  const { size } = await file.stat()
  if (size < HEAD_BYTES) return undefined
  const footer = await readAt(file, size - HEAD_BYTES, HEAD_BYTES)
  if (!isSame(footer.subarray(16), FOOTER_MAGIC)) return undefined
  const blobBytes = numberAt(footer, 0)
  const nodesBytes = numberAt(footer, 8)
  if (blobBytes + nodesBytes + HEAD_BYTES !== size) return undefined
  return { blobBytes, nodes: splitNodes(await readAt(file, blobBytes, nodesBytes)) }
}

/** One that was cut short tells of nothing: what it is about is asked for again. */
export async function readHave (file: FileHandle): Promise<Have> {
  const nothing = { blobBytes: 0, have: new Uint8Array(0), nodes: [] }
  const { size } = await file.stat()
  if (size < HEAD_BYTES) return nothing
  const head = await readAt(file, 0, HEAD_BYTES)
  const blobBytes = numberAt(head, 8)
  const nodesBytes = numberAt(head, 16)
  const { byteLength: haveBytes } = emptyHave(blobBytes)
  if (!isSame(head.subarray(0, 8), HAVE_MAGIC) || HEAD_BYTES + haveBytes + nodesBytes !== size) return nothing
  return { blobBytes, have: await readAt(file, HEAD_BYTES, haveBytes), nodes: splitNodes(await readAt(file, HEAD_BYTES + haveBytes, nodesBytes)) }
}

export async function writeHave (file: FileHandle, { blobBytes, have, nodes }: Have): Promise<void> {
  const tail = joinNodes(nodes)
  await file.truncate(0)
  await file.write(concat([HAVE_MAGIC, bigEndian64(blobBytes), bigEndian64(tail.byteLength), have, tail]), 0, undefined, 0)
}

/** One leaf more. */
export async function markLeaf (file: FileHandle, have: Uint8Array, index: number): Promise<void> {
  const place = index >>> 3
  await file.write(have, place, 1, HEAD_BYTES + place)
}

function emptyHave (blobBytes: number): Uint8Array { return noLeaves(Math.max(1, Math.ceil(blobBytes / LEAF_BYTES))) }

function splitNodes (bytes: Uint8Array): Uint8Array[] {
  const nodes: Uint8Array[] = []
  for (let offset = 0; offset + 8 <= bytes.byteLength;) {
    const length = numberAt(bytes, offset)
    nodes.push(bytes.subarray(offset + 8, offset + 8 + length))
    offset += 8 + length
  }
  return nodes
}

async function readAt (file: FileHandle, position: number, length: number): Promise<Uint8Array> {
  if (position < 0) throw damaged()
  const bytes = new Uint8Array(length)
  const { bytesRead } = await file.read(bytes, 0, length, position)
  if (bytesRead !== length) throw damaged()
  return bytes
}

function numberAt (bytes: Uint8Array, offset: number): number {
  const value = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(offset))
  if (!Number.isSafeInteger(value)) throw damaged()
  return value
}

function isSame (left: Uint8Array, right: Uint8Array): boolean { return left.every((byte, index) => byte === right[index]) }

function damaged (): StorageError { return new StorageError('the file of a blob is damaged', 'Remove it; it is fetched again when somebody still has it.') }
