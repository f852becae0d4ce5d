/** The little of Exif that has to be understood: how a picture is to be turned, and whether it tells where it was taken. */
import { ascii } from './source.ts'

interface Exif { readonly orientation: number, readonly hasLocation: boolean }

const ORIENTATION = 0x0112
const GPS_DIRECTORY = 0x8825
const ENTRY_BYTES = 12

/** Of a TIFF structure, without what stands before it in a container. What makes no sense is upright and nowhere. */
export function readExif (tiff: Uint8Array): Exif {
  const order = ascii(tiff, 0, 2)
  if (tiff.length < 8 || (order !== 'II' && order !== 'MM')) return { orientation: 1, hasLocation: false }
  const isLittle = order === 'II'
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength)
  const directory = view.getUint32(4, isLittle)
  const count = directory + 2 <= tiff.length ? view.getUint16(directory, isLittle) : 0
  let orientation = 1
  let hasLocation = false
  for (let at = directory + 2; at + ENTRY_BYTES <= tiff.length && at < directory + 2 + count * ENTRY_BYTES; at += ENTRY_BYTES) {
    const tag = view.getUint16(at, isLittle)
    if (tag === ORIENTATION) orientation = view.getUint16(at + 8, isLittle)
    if (tag === GPS_DIRECTORY) hasLocation = true
  }
  return { orientation: orientation >= 1 && orientation <= 8 ? orientation : 1, hasLocation }
}

/** A TIFF structure that tells the orientation and nothing else; or nothing at all. */
export function smallestExif (orientation?: number): Uint8Array {
  const head = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8]
  const entry = orientation === undefined ? [] : [ORIENTATION >> 8, ORIENTATION & 0xff, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]
  return Uint8Array.from([...head, 0, entry.length / ENTRY_BYTES, ...entry, 0, 0, 0, 0])
}

/** Coordinates stand in XMP, too. */
export function tellsLocation (xmp: Uint8Array): boolean {
  return /GPSL(at|ong)itude|[Ll]ocation/.test(new TextDecoder('latin1').decode(xmp))
}

export function isSame (a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}
