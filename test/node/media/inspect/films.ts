/** MP4 files made box by box: those that cameras write beside picture and sound, and those that no camera writes. */

export function box (type: string, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), ...parts])
  return Buffer.concat([u32s(body.length + 4), body])
}

export function u32s (...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  values.forEach((value, index) => bytes.writeUInt32BE(value, index * 4))
  return bytes
}

/** With version 0 and no flags. */
function full (type: string, ...values: readonly number[]): Buffer { return box(type, u32s(0, ...values)) }

function handler (type: string): Buffer { return box('hdlr', u32s(0, 0), Buffer.from(type), Buffer.alloc(12), Buffer.from('\0')) }

/** A HEIC of one item of Exif, and where it says that this lies. */
export function pictureWithExifAt (at: number, length: number): Buffer {
  const item = box('infe', u32s(0x02000000), Buffer.of(0, 1, 0, 0), Buffer.from('Exif\0'))
  const places = box('iloc', u32s(0), Buffer.of(0x44, 0, 0, 1, 0, 1, 0, 0, 0, 1), u32s(at, length))
  const meta = box('meta', u32s(0), handler('pict'), box('iinf', u32s(0), Buffer.of(0, 1), item), places)
  return Buffer.concat([box('ftyp', Buffer.from('heic'), u32s(0), Buffer.from('mif1')), meta, box('mdat', Buffer.from('Ana Example, by herself'))])
}

interface Track { readonly handler: string, readonly places: readonly number[], readonly sizes: readonly number[], readonly perChunk: number }

function track ({ handler: type, places, sizes, perChunk }: Track): Buffer {
  const table = box('stbl', full('stsc', 1, 1, perChunk, 1), full('stsz', 0, sizes.length, ...sizes), full('stco', places.length, ...places))
  return box('trak', full('tkhd', 0, 0, 1, 0, 0), box('mdia', full('mdhd', 0, 0, 1000, 0, 0), handler(type), box('minf', table)))
}

/** Positions that an action camera records, once a second, between the pictures. */
const POSITION = Buffer.from('GPS +48.8584+002.2945')
const PICTURE = Buffer.from('as it was, pictures')

export const FTYP = box('ftyp', Buffer.from('isom'), u32s(0), Buffer.from('isom'))

export interface FilmOptions {
  readonly seconds?: number
  /** Instead of where they are. */
  readonly places?: readonly number[]
  readonly perChunk?: number
}

/** Pictures and positions by turns, and tables that tell where each of them is. */
export function filmWithPositions ({ seconds = 3, places, perChunk = 1 }: FilmOptions = {}): { readonly film: Buffer, readonly pictures: readonly number[] } {
  const data = box('mdat', ...Array.from({ length: seconds }, () => [PICTURE, POSITION]).flat())
  const first = FTYP.length + 8
  const step = PICTURE.length + POSITION.length
  const pictures = Array.from({ length: seconds }, (_, second) => first + second * step)
  const movie = box('moov', full('mvhd', 0, 0, 1000, seconds * 1000),
    track({ handler: 'vide', places: pictures, sizes: pictures.map(() => PICTURE.length), perChunk: 1 }),
    track({ handler: 'meta', places: places ?? pictures.map(at => at + PICTURE.length), sizes: pictures.map(() => POSITION.length), perChunk }))
  return { film: Buffer.concat([FTYP, data, movie]), pictures }
}

export function pictureAt (film: Uint8Array, at: number): boolean { return PICTURE.equals(film.subarray(at, at + PICTURE.length)) }
