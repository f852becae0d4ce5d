/**
 * PNG and APNG without metadata (W3C PNG, third edition): chunks are dropped, all others stay as they are. Kept are those that the
 * pixels and the animation are made of, those that tell colours, transparency and shape, and of Exif the orientation.
 */
import { crc32 } from 'node:zlib'
import { MalformedError } from '../../../../protocols/core/errors.ts'
import type { Removed } from '../inspection.ts'
import { isSame, readExif, smallestExif, tellsLocation } from './exif.ts'
import type { Plan } from './plan.ts'
import { ascii, u32 } from './source.ts'
import type { Source } from './source.ts'

const SIGNATURE_BYTES = 8
/** Length, type; and the checksum behind the body. */
const HEAD_BYTES = 8
const CRC_BYTES = 4
const PIXELS = new Set(['IHDR', 'PLTE', 'IDAT', 'IEND', 'acTL', 'fcTL', 'fdAT'])
const RENDERING = new Set(['tRNS', 'gAMA', 'cHRM', 'sRGB', 'iCCP', 'cICP', 'mDCV', 'mDCv', 'cLLI', 'cLLi', 'sBIT', 'bKGD', 'pHYs'])
const KINDS: Readonly<Record<string, Removed>> = { tEXt: 'text', zTXt: 'text', iTXt: 'text', tIME: 'dates', eXIf: 'Exif', caBX: 'provenance' }
/** So much of a text is looked at to say what kind it is. */
const LOOK_BYTES = 64 * 1024

export async function planPng (source: Source, plan: Plan): Promise<void> {
  plan.keep(0, SIGNATURE_BYTES)
  let at = SIGNATURE_BYTES
  while (at < source.bytes) {
    const head = await source.read(at, HEAD_BYTES)
    if (head.length < HEAD_BYTES) throw new MalformedError('PNG', 'a chunk has a length and a type')
    const type = ascii(head, 4, 8)
    const to = at + HEAD_BYTES + u32(head, 0) + CRC_BYTES
    if (to > source.bytes && type !== 'IDAT' && type !== 'fdAT') throw new MalformedError('PNG', 'a chunk ends within the file')
    if (PIXELS.has(type) || RENDERING.has(type)) plan.keep(at, Math.min(to, source.bytes))
    else if (/^[A-Z]/.test(type)) throw new MalformedError('PNG', 'no chunk that cannot be left out is unknown')
    else await drop({ source, plan }, { type, from: at + HEAD_BYTES, to: to - CRC_BYTES })
    at = to
    if (type !== 'IEND') continue
    if (at < source.bytes) plan.removed.add('appended data')
    return
  }
}

async function drop ({ source, plan }: { readonly source: Source, readonly plan: Plan }, chunk: { readonly type: string, readonly from: number, readonly to: number }): Promise<void> {
  const body = await source.read(chunk.from, Math.min(chunk.to - chunk.from, LOOK_BYTES))
  if (chunk.type === 'eXIf') {
    const { orientation, hasLocation } = readExif(body)
    const smallest = smallestExif(orientation)
    if (hasLocation) plan.removed.add('location')
    if (orientation !== 1) plan.put(chunkOf('eXIf', smallest))
    if (orientation !== 1 && isSame(body, smallest)) return
  }
  if (tellsLocation(body)) plan.removed.add('location')
  plan.removed.add(ascii(body, 0, 17) === 'XML:com.adobe.xmp' ? 'XMP' : KINDS[chunk.type] ?? 'maker data')
}

function chunkOf (type: string, body: Uint8Array): Uint8Array {
  const typed = Uint8Array.from([...new TextEncoder().encode(type), ...body])
  const chunk = new Uint8Array(4 + typed.length + CRC_BYTES)
  const view = new DataView(chunk.buffer)
  view.setUint32(0, body.length)
  chunk.set(typed, 4)
  view.setUint32(4 + typed.length, crc32(typed))
  return chunk
}
