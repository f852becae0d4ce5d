/**
 * What a copy without metadata is made of: ranges of the source, bytes instead of others, zeros. Made by one walk over the structure of
 * the source, carried out by another one over its bytes; neither holds more than a window.
 */
import type { FileHandle } from 'node:fs/promises'
import { MalformedError } from '../../../../protocols/core/errors.ts'
import type { Removed } from '../inspection.ts'

type Piece =
  | { readonly is: 'range', readonly from: number, to: number }
  | { readonly is: 'bytes', readonly bytes: Uint8Array }
  | { readonly is: 'zeros', readonly length: number }

/** A file of a camera has a few dozen; a track of positions, one a second, has so many in 18 hours. */
const PIECES_MAX = 65_536
const COPY_BYTES = 1024 * 1024

export class Plan {
  readonly removed = new Set<Removed>()
  readonly #pieces: Piece[] = []

  keep (from: number, to: number): void {
    if (to <= from) return
    const last = this.#pieces.at(-1)
    if (last?.is === 'range' && last.to === from) last.to = to
    else this.#add({ is: 'range', from, to })
  }

  /** `bytes` may still be changed until the copy is made. */
  put (bytes: Uint8Array): void { this.#add({ is: 'bytes', bytes }) }

  zeros (length: number): void { if (length > 0) this.#add({ is: 'zeros', length }) }

  get bytes (): number {
    return this.#pieces.reduce((sum, piece) => sum + (piece.is === 'range' ? piece.to - piece.from : piece.is === 'bytes' ? piece.bytes.length : piece.length), 0)
  }

  async copy (from: FileHandle, to: FileHandle): Promise<void> {
    const buffer = new Uint8Array(COPY_BYTES)
    for (const piece of this.#pieces) {
      if (piece.is === 'bytes') await writeAll(to, piece.bytes)
      else if (piece.is === 'zeros') await writeZeros(to, buffer, piece.length)
      else await copyRange(from, to, { ...piece, buffer })
    }
  }

  #add (piece: Piece): void {
    if (this.#pieces.length >= PIECES_MAX) throw new MalformedError('file', `more than ${PIECES_MAX} parts with metadata between them`)
    this.#pieces.push(piece)
  }
}

async function copyRange (from: FileHandle, to: FileHandle, range: { readonly from: number, readonly to: number, readonly buffer: Uint8Array }): Promise<void> {
  let at = range.from
  while (at < range.to) {
    const { bytesRead } = await from.read(range.buffer, 0, Math.min(COPY_BYTES, range.to - at), at)
    if (bytesRead === 0) throw new MalformedError('file', 'it became shorter while it was read')
    await writeAll(to, range.buffer.subarray(0, bytesRead))
    at += bytesRead
  }
}

async function writeZeros (to: FileHandle, buffer: Uint8Array, length: number): Promise<void> {
  buffer.fill(0)
  for (let left = length; left > 0; left -= COPY_BYTES) await writeAll(to, buffer.subarray(0, Math.min(COPY_BYTES, left)))
}

async function writeAll (to: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += (await to.write(bytes, at, bytes.length - at)).bytesWritten
}
