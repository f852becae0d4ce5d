/** Bytes of a file at any place, through one window: what walks a file of many gigabytes holds a quarter of a megabyte of it. */
import type { FileHandle } from 'node:fs/promises'

/** Most walks go forward in small steps: a system call for each of them would be all that they do. */
const WINDOW_BYTES = 256 * 1024

export class Source {
  readonly bytes: number
  readonly #file: FileHandle
  readonly #buffer = new Uint8Array(WINDOW_BYTES)
  #from = 0
  #length = 0

  constructor (file: FileHandle, bytes: number) {
    this.#file = file
    this.bytes = bytes
  }

  /**
   * Fewer than `length` bytes only at the end of the file, never more than a window. They are valid until the next read: who keeps them,
   * copies them.
   */
  async read (at: number, length: number): Promise<Uint8Array> {
    const wanted = Math.max(0, Math.min(length, WINDOW_BYTES, this.bytes - at))
    if (at < this.#from || at + wanted > this.#from + this.#length) await this.#fill(at)
    return this.#buffer.subarray(at - this.#from, Math.min(at - this.#from + wanted, this.#length))
  }

  async #fill (at: number): Promise<void> {
    this.#from = at
    this.#length = 0
    while (this.#length < WINDOW_BYTES && at + this.#length < this.bytes) {
      const { bytesRead } = await this.#file.read(this.#buffer, this.#length, WINDOW_BYTES - this.#length, at + this.#length)
      if (bytesRead === 0) return
      this.#length += bytesRead
    }
  }
}

/** A copy of exactly so many bytes, or `undefined` where the file ends before. */
export async function readExactly (source: Source, at: number, length: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const bytes = await source.read(at, length)
  return bytes.length < length ? undefined : Uint8Array.from(bytes)
}

export function u16 (bytes: Uint8Array, at: number): number { return view(bytes).getUint16(at) }
export function u32 (bytes: Uint8Array, at: number): number { return view(bytes).getUint32(at) }
/** As a number: a place or a length beyond 2^53 is in no file, and comparing it says so. */
export function u64 (bytes: Uint8Array, at: number): number { return Number(view(bytes).getBigUint64(at)) }

/** Bytes as the ISO 8859-1 characters that formats name their parts by. */
export function ascii (bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to))
}

function view (bytes: Uint8Array): DataView { return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) }
