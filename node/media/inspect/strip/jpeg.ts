/**
 * JPEG without metadata (ITU-T T.81, annex B): segments are dropped, what is decoded stays as it is, byte for byte. Kept of the application
 * segments: JFIF's header without its picture, the colour profile, Adobe's colour transform, and of Exif the orientation.
 */
import { MalformedError } from '../../../../protocols/core/errors.ts'
import type { Removed } from '../inspection.ts'
import { isSame, readExif, smallestExif, tellsLocation } from './exif.ts'
import type { Plan } from './plan.ts'
import { ascii, readExactly, u16 } from './source.ts'
import type { Source } from './source.ts'

interface Segment { readonly marker: number, readonly from: number, readonly to: number, readonly body: Uint8Array<ArrayBuffer> }
interface Walk { readonly source: Source, readonly plan: Plan, hasExif: boolean }

const SOS = 0xda
const EOI = 0xd9
const COM = 0xfe
const APP0 = 0xe0
const APP15 = 0xef
/** JFIF without its picture, Adobe's transform: so long is what is decoded by. */
const JFIF_BODY_BYTES = 14
const ADOBE_BODY_BYTES = 12
const EXIF_HEAD = 'Exif\0\0'
const XMP_HEADS = ['http://ns.adobe.com/xap/1.0/\0', 'http://ns.adobe.com/xmp/extension/\0']

export async function planJpeg (source: Source, plan: Plan): Promise<void> {
  const walk: Walk = { source, plan, hasExif: false }
  plan.keep(0, 2)
  let at = 2
  for (;;) {
    const segment = await readSegment(source, await skipPadding(walk, at))
    if (segment.marker === EOI) {
      plan.keep(segment.from, segment.to)
      // Other pictures (previews, depth, brightness for better screens) and the film of a moving photo, with metadata of their own.
      if (segment.to < source.bytes) plan.removed.add('appended data')
      return
    }
    if (segment.marker === COM) plan.removed.add('comment')
    else if (segment.marker >= APP0 && segment.marker <= APP15) takeApplication(walk, segment)
    else plan.keep(segment.from, segment.to)
    at = segment.to
    if (segment.marker !== SOS) continue
    at = await endOfScan(source, segment.to)
    plan.keep(segment.to, at)
    // A photo that was cut off shows what is there.
    if (at >= source.bytes) return
  }
}

/** Some cameras leave zeros between segments, and decoders pass over whatever stands there. */
async function skipPadding ({ source, plan }: Walk, at: number): Promise<number> {
  const next = await source.read(at, 2)
  if (next.length < 2 || (next[0] === 0xff && next[1] !== 0)) return at
  plan.removed.add('maker data')
  return await endOfScan(source, at)
}

async function readSegment (source: Source, at: number): Promise<Segment> {
  let from = at
  let head = await source.read(from, 4)
  // A marker may be filled up with 0xff before it.
  while (head[0] === 0xff && head[1] === 0xff) head = await source.read(++from, 4)
  const marker = head[1]
  if (head[0] !== 0xff || marker === undefined || marker === 0) throw new MalformedError('JPEG', 'a marker stands before each segment')
  const isAlone = marker === EOI || marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)
  if (isAlone) return { marker, from, to: from + 2, body: new Uint8Array(0) }
  const length = head.length < 4 ? 0 : u16(head, 2)
  const body = length < 2 ? undefined : await readExactly(source, from + 4, length - 2)
  if (body === undefined) throw new MalformedError('JPEG', 'a segment ends within the file')
  return { marker, from, to: from + 2 + length, body }
}

/** Up to the next marker that ends the coded data of a scan: stuffed zeros and restarts belong to it. */
async function endOfScan (source: Source, from: number): Promise<number> {
  let at = from
  for (;;) {
    const window = await source.read(at, 64 * 1024)
    if (window.length < 2) return source.bytes
    let index = window.indexOf(0xff)
    for (; index !== -1 && index + 1 < window.length; index = window.indexOf(0xff, index + 1)) {
      const next = window[index + 1] ?? 0
      if (next !== 0 && next !== 0xff && !(next >= 0xd0 && next <= 0xd7)) return at + index
    }
    at += window.length - 1
  }
}

function takeApplication (walk: Walk, { marker, from, to, body }: Segment): void {
  const { plan } = walk
  const begins = (text: string): boolean => ascii(body, 0, text.length) === text
  if (marker === 0xe0 && begins('JFIF\0') && body.length >= JFIF_BODY_BYTES) return takeJfif(plan, { from, to, body })
  if (marker === 0xe2 && begins('ICC_PROFILE\0')) return plan.keep(from, to)
  if (marker === 0xee && begins('Adobe') && body.length === ADOBE_BODY_BYTES) return plan.keep(from, to)
  if (marker === 0xee && begins('Adobe') && body.length > ADOBE_BODY_BYTES) {
    plan.put(Uint8Array.from([0xff, marker, 0, 2 + ADOBE_BODY_BYTES, ...body.subarray(0, ADOBE_BODY_BYTES)]))
    plan.removed.add('maker data')
    return
  }
  if (marker === 0xe1 && begins(EXIF_HEAD)) return takeExif(walk, body.subarray(EXIF_HEAD.length))
  plan.removed.add(kindOf(marker, begins))
  if (marker === 0xe1 && tellsLocation(body)) plan.removed.add('location')
}

function takeJfif (plan: Plan, { from, to, body }: Pick<Segment, 'from' | 'to' | 'body'>): void {
  if (body.length === JFIF_BODY_BYTES) return plan.keep(from, to)
  plan.put(Uint8Array.from([0xff, APP0, 0, 2 + JFIF_BODY_BYTES, ...body.subarray(0, JFIF_BODY_BYTES - 2), 0, 0]))
  plan.removed.add('embedded preview')
}

/** Of the first one, as readers do. */
function takeExif (walk: Walk, tiff: Uint8Array): void {
  const { orientation, hasLocation } = readExif(tiff)
  const smallest = smallestExif(orientation)
  if (!walk.hasExif && orientation !== 1) {
    const body = Uint8Array.from([...new TextEncoder().encode(EXIF_HEAD), ...smallest])
    walk.plan.put(Uint8Array.from([0xff, 0xe1, 0, 2 + body.length, ...body]))
  }
  if (walk.hasExif || orientation === 1 || !isSame(tiff, smallest)) walk.plan.removed.add('Exif')
  if (hasLocation) walk.plan.removed.add('location')
  walk.hasExif = true
}

function kindOf (marker: number, begins: (text: string) => boolean): Removed {
  if (marker === 0xe1 && XMP_HEADS.some(begins)) return 'XMP'
  if (marker === 0xe2 && begins('MPF\0')) return 'embedded preview'
  if (marker === 0xe0) return 'embedded preview'
  if (marker === 0xeb) return 'provenance'
  if (marker === 0xed) return 'IPTC'
  return 'maker data'
}
