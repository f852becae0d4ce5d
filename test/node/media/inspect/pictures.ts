/**
 * Files that tell too much, made for these tests: pictures by sharp, with every kind of metadata put in by hand where sharp writes none.
 * `samples/` has what cannot be made here, of a picture and a film that show nothing: photo.heic by libheif 1.15 (x265) with Exif and XMP by
 * ExifTool 12.57; the clips by FFmpeg 5.1 (testsrc and a tone, one second; clip.mov has QuickTime's keys and a quarter turn, live.webm
 * was written to a pipe as a browser records, without sizes).
 */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { crc32, deflateSync } from 'node:zlib'
import sharp from 'sharp'
import type { Sharp } from 'sharp'

const text = new TextEncoder()
const latin1 = new TextDecoder('latin1')

/** The secrets: an author, a camera, a moment, a place (in words, and as Exif has it). */
const XMP = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:GPSLatitude="48,51.50220N"><dc:creator><rdf:Seq><rdf:li>Ana Example</rdf:li></rdf:Seq></dc:creator></rdf:Description></rdf:RDF></x:xmpmeta>'
const EXIF = {
  IFD0: { Make: 'Phone', Model: 'SkeinCam', Artist: 'Ana Example', DateTime: '2024:05:06 07:08:09' },
  IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '48/1 51/1 3013/100', GPSLongitudeRef: 'E', GPSLongitude: '2/1 17/1 4013/100' }
}
const TRACES = [
  'Ana Example', 'SkeinCam', 'Secret', '2024:05:06', '48.858', '48,51.5', 'xmpmeta', 'ns.adobe.com', 'Photoshop 3.0', 'GPS', 'jumb', 'MPF\0', 'ISO6709', '\xa9xyz', 'loci',
  // 3013/100, the seconds of the latitude: big-endian and little-endian.
  '\x00\x00\x0b\xc5\x00\x00\x00\x64', '\xc5\x0b\x00\x00\x64\x00\x00\x00'
]

/** Every secret of ours that stands in the bytes, whatever format they are. */
export function tracesIn (bytes: Uint8Array): readonly string[] {
  const content = latin1.decode(bytes)
  return TRACES.filter(trace => content.includes(trace))
}

export function sample (name: 'photo.heic' | 'clip.mp4' | 'clip.mov' | 'clip.mkv' | 'live.webm'): Uint8Array {
  return readFileSync(path.join(import.meta.dirname, 'samples', name))
}

/** A picture with edges and slopes, so that a turn or another colour shows. */
export function plain (width = 96, height = 64): Sharp {
  const pixels = new Uint8Array(width * height * 3)
  for (let at = 0; at < width * height; at++) pixels.set([at % width * 2, Math.floor(at / width) * 3, at % 7 * 30], at * 3)
  return sharp(pixels, { raw: { width, height, channels: 3 } })
}

/** With what sharp itself can write: Exif with a place, XMP, a colour profile; and lying on its side. */
export function telling (orientation = 1, width = 96, height = 64): Sharp {
  return plain(width, height).withIccProfile('p3').withExif(EXIF).withXmp(XMP).withMetadata({ orientation })
}

function segment (marker: number, body: Uint8Array | string): Uint8Array {
  const bytes = typeof body === 'string' ? Uint8Array.from(body, character => character.charCodeAt(0)) : body
  return Uint8Array.from([0xff, marker, (bytes.length + 2) >> 8, (bytes.length + 2) & 0xff, ...bytes])
}

/** A JPEG with everything that its standard and the makers of cameras have found a place for. */
export async function tellingJpeg (orientation = 1): Promise<Uint8Array> {
  const jpeg = await telling(orientation).jpeg().toBuffer()
  const inside = [
    segment(0xe0, 'JFIF\0\x01\x02\x01\0\x48\0\x48\x01\x01Sec'),
    segment(0xe0, 'JFXX\0\x10Secret'),
    segment(0xe1, 'http://ns.adobe.com/xmp/extension/\0Ana Example'),
    segment(0xe2, 'MPF\0Secret'),
    segment(0xe4, 'SkeinCam'),
    segment(0xeb, 'JP\0\x01jumbSecret'),
    segment(0xed, 'Photoshop 3.0\x008BIM\x04\x04\0\0Ana Example'),
    segment(0xfe, 'Secret')
  ]
  return Buffer.concat([jpeg.subarray(0, 2), ...inside, jpeg.subarray(2), await telling().jpeg().toBuffer(), text.encode('Secret')])
}

function chunk (type: string, body: Uint8Array): Uint8Array {
  const typed = Buffer.concat([text.encode(type), body])
  const whole = Buffer.alloc(typed.length + 8)
  whole.writeUInt32BE(body.length)
  whole.set(typed, 4)
  whole.writeUInt32BE(crc32(typed), 4 + typed.length)
  return whole
}

/** Chunks of any kind behind the header of a PNG. */
export async function pngWith (chunks: ReadonlyArray<readonly [type: string, body: Uint8Array]>, png?: Uint8Array): Promise<Uint8Array> {
  const bytes = png ?? await plain().png().toBuffer()
  const header = 8 + 25
  return Buffer.concat([bytes.subarray(0, header), ...chunks.map(([type, body]) => chunk(type, body)), bytes.subarray(header)])
}

export async function tellingPng (orientation = 1): Promise<Uint8Array> {
  const png = await pngWith([
    ['tEXt', text.encode('Comment\0Secret')], ['zTXt', Buffer.concat([text.encode('Author\0\0'), deflateSync('Ana Example')])],
    ['iTXt', text.encode(`XML:com.adobe.xmp\0\0\0\0\0${XMP}`)], ['tIME', Uint8Array.of(7, 232, 5, 6, 7, 8, 9)], ['caBX', text.encode('jumbSecret')], ['maKr', text.encode('SkeinCam')]
  ], await telling(orientation).png().toBuffer())
  return Buffer.concat([png, text.encode('Secret')])
}

export async function tellingWebp (orientation = 1): Promise<Uint8Array> {
  return Buffer.concat([await telling(orientation).webp({ lossless: true }).toBuffer(), text.encode('Secret')])
}

export async function animation (format: 'gif' | 'webp', frames = 4): Promise<Uint8Array> {
  const pictures = await Promise.all(Array.from({ length: frames }, async (_, index) => await plain().negate(index % 2 === 1).blur(0.5 + index).png().toBuffer()))
  const joined = sharp(pictures, { join: { animated: true } })
  return await (format === 'gif' ? joined.gif({ delay: frames === 0 ? [] : pictures.map(() => 80), loop: 3 }) : joined.withExif(EXIF).withXmp(XMP).webp({ delay: pictures.map(() => 80), loop: 3 })).toBuffer()
}

/** A GIF that moves, with a comment and XMP between its frames. */
export async function tellingGif (): Promise<Uint8Array> {
  const gif = await animation('gif')
  const head = 13 + ((gif[10] ?? 0) & 0x80 ? 3 * 2 ** (((gif[10] ?? 0) & 7) + 1) : 0)
  const comment = Uint8Array.from([0x21, 0xfe, 6, ...text.encode('Secret'), 0])
  // XMP stands in a GIF as it is, and readers of blocks find its end by a ramp of 258 bytes.
  const ramp = Uint8Array.from({ length: 258 }, (_, index) => index === 0 ? 1 : index === 257 ? 0 : 256 - index)
  const xmp = Buffer.concat([Uint8Array.of(0x21, 0xff, 11), text.encode('XMP DataXMP'), text.encode(XMP), ramp])
  return Buffer.concat([gif.subarray(0, head), comment, xmp, gif.subarray(head), text.encode('Secret')])
}

/** Pixels of every frame, not turned. */
export async function pixelsOf (bytes: Uint8Array): Promise<Buffer> {
  return await sharp(bytes, { animated: true, failOn: 'error' }).raw().toBuffer()
}
