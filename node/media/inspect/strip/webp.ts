/** WebP without metadata (RFC 9649): chunks are dropped, the header's size and flags are set to what is left. */
import { MalformedError } from '../../../../protocols/core/errors.ts'
import type { Removed } from '../inspection.ts'
import { isSame, readExif, smallestExif, tellsLocation } from './exif.ts'
import type { Plan } from './plan.ts'
import { ascii, readExactly } from './source.ts'
import type { Source } from './source.ts'

const RIFF_HEAD_BYTES = 12
const CHUNK_HEAD_BYTES = 8
const VP8X_BYTES = 18
const KEPT = new Set(['VP8 ', 'VP8L', 'ALPH', 'ANIM', 'ANMF', 'ICCP'])
const KINDS: Readonly<Record<string, Removed>> = { EXIF: 'Exif', 'XMP ': 'XMP', C2PA: 'provenance' }
const FLAGS_AT = 8
const EXIF_FLAG = 0x08
const XMP_FLAG = 0x04
const LOOK_BYTES = 64 * 1024

export async function planWebp (source: Source, plan: Plan): Promise<void> {
  const riff = await readExactly(source, 0, RIFF_HEAD_BYTES)
  if (riff === undefined) throw new MalformedError('WebP', 'it has a header')
  plan.put(riff)
  const end = Math.min(source.bytes, CHUNK_HEAD_BYTES + little(riff, 4))
  if (end < source.bytes) plan.removed.add('appended data')
  let flags: Uint8Array | undefined
  let hasExif = false
  let at = RIFF_HEAD_BYTES
  while (at + CHUNK_HEAD_BYTES <= end) {
    const head = await readExactly(source, at, CHUNK_HEAD_BYTES)
    if (head === undefined) throw new MalformedError('WebP', 'a chunk has a head')
    const type = ascii(head, 0, 4)
    const bodyBytes = little(head, 4)
    // Chunks are filled up to an even length.
    const to = Math.min(end, at + CHUNK_HEAD_BYTES + bodyBytes + bodyBytes % 2)
    if (type === 'VP8X') {
      flags = await readExactly(source, at, VP8X_BYTES)
      if (flags === undefined || flags.length !== to - at) throw new MalformedError('WebP', 'its extended header has 10 bytes')
      plan.put(flags)
    } else if (KEPT.has(type)) plan.keep(at, to)
    else if (await drop({ source, plan }, { type, from: at + CHUNK_HEAD_BYTES, to: at + CHUNK_HEAD_BYTES + bodyBytes })) hasExif = true
    at = to
  }
  if (flags !== undefined) flags[FLAGS_AT] = ((flags[FLAGS_AT] ?? 0) & ~(EXIF_FLAG | XMP_FLAG)) | (hasExif ? EXIF_FLAG : 0)
  new DataView(riff.buffer).setUint32(4, plan.bytes - CHUNK_HEAD_BYTES, true)
}

/** Whether an orientation is left of it. */
async function drop ({ source, plan }: { readonly source: Source, readonly plan: Plan }, chunk: { readonly type: string, readonly from: number, readonly to: number }): Promise<boolean> {
  const body = Uint8Array.from(await source.read(chunk.from, Math.min(chunk.to - chunk.from, LOOK_BYTES)))
  if (chunk.type === 'EXIF') {
    // Some writers begin as in a JPEG.
    const tiff = ascii(body, 0, 6) === 'Exif\0\0' ? body.subarray(6) : body
    const { orientation, hasLocation } = readExif(tiff)
    if (hasLocation) plan.removed.add('location')
    if (orientation !== 1) {
      const smallest = smallestExif(orientation)
      plan.put(Uint8Array.from([0x45, 0x58, 0x49, 0x46, smallest.length, 0, 0, 0, ...smallest]))
      if (!isSame(body, smallest)) plan.removed.add('Exif')
      return true
    }
  }
  if (tellsLocation(body)) plan.removed.add('location')
  plan.removed.add(KINDS[chunk.type] ?? 'maker data')
  return false
}

function little (bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at, true)
}
