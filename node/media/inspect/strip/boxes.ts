/** Boxes of the ISO base media file format (ISO/IEC 14496-12; QuickTime's atoms): MP4, MOV, M4A, 3GP, HEIC and AVIF are made of them. */
import { MalformedError } from '../../../../protocols/core/errors.ts'
import { ascii, readExactly, u32, u64 } from './source.ts'
import type { Source } from './source.ts'

export interface Box {
  readonly type: string
  readonly from: number
  /** Where its content begins. */
  readonly body: number
  readonly to: number
}

/** A film of hours in fragments of a second has tens of thousands. */
const BOXES_MAX = 200_000
/** Nothing that is read whole is larger: tables of a track of one sample a frame, for hours. */
const TABLE_BYTES_MAX = 16 * 1024 * 1024

export class Boxes {
  readonly source: Source
  #count = 0

  constructor (source: Source) { this.source = source }

  /** Those that stand between two places. The last one of a file that was cut off ends where the file does. */
  async list (from: number, to: number): Promise<readonly Box[]> {
    const boxes: Box[] = []
    for (let at = from; at < to;) {
      const box = await this.#read(at, to)
      // Four zeros end QuickTime's user data; whatever is too short for a box is none.
      if (box === undefined) break
      if (++this.#count > BOXES_MAX) throw new MalformedError('film', `it has at most ${BOXES_MAX} boxes`)
      boxes.push(box)
      at = box.to
    }
    return boxes
  }

  async inside (box: Box): Promise<readonly Box[]> { return await this.list(box.body, box.to) }

  /** The whole content. */
  async content (box: Box): Promise<Uint8Array> {
    const length = box.to - box.body
    if (length > TABLE_BYTES_MAX) throw new MalformedError('film', `its tables have at most ${TABLE_BYTES_MAX} bytes`)
    const content = new Uint8Array(length)
    for (let at = 0; at < length;) {
      const part = await this.source.read(box.body + at, length - at)
      if (part.length === 0) throw new MalformedError('film', 'a box ends within the file')
      content.set(part, at)
      at += part.length
    }
    return content
  }

  async #read (at: number, end: number): Promise<Box | undefined> {
    const head = await readExactly(this.source, at, Math.min(16, this.source.bytes - at, end - at))
    if (head === undefined || head.length < 8) return undefined
    const short = u32(head, 0)
    const type = ascii(head, 4, 8)
    if (short === 0 && type === '\0\0\0\0') return undefined
    if (short === 1 && head.length < 16) throw new MalformedError('film', 'a box has a size')
    const size = short === 0 ? end - at : short === 1 ? u64(head, 8) : short
    const body = at + (short === 1 ? 16 : 8)
    if (at + size < body) throw new MalformedError('film', 'a box is not smaller than its head')
    const isCutOff = at + size > end
    if (isCutOff && end < this.source.bytes) throw new MalformedError('film', 'a box ends within the one around it')
    return { type, from: at, body, to: Math.min(at + size, end) }
  }
}
