/**
 * Size, placeholder and thumbnail of a picture; the door to sharp and thumbhash. Runs in the child alone (child.ts): decoders are where
 * hostile files do harm.
 */
import sharp from 'sharp'
import type { Sharp } from 'sharp'
import { rgbaToThumbHash } from 'thumbhash'
import { THUMBNAIL_BYTES_MAX } from './inspection.ts'
import type { Inspection, Trouble } from './inspection.ts'

type Picture = Pick<Inspection, 'width' | 'height' | 'thumbhash' | 'thumbnail' | 'trouble'>

/** Formats that are opened. Not among them: SVG (it refers to other files), PDF, whatever else a build of libvips may bring. */
const LOADERS = ['VipsForeignLoadJpeg', 'VipsForeignLoadPng', 'VipsForeignLoadWebp', 'VipsForeignLoadNsgif', 'VipsForeignLoadHeif', 'VipsForeignLoadTiff']
const DECODED = /^image\/(jpeg|a?png|webp|gif|avif|heic|heif|tiff)$/
/** Phones make pictures of 200 megapixels; those are JPEG, of which only a fraction is decoded for a thumbnail. */
const PIXELS_MAX = 256 * 1024 * 1024
/** docs/protocols/media.md, "Attachment". */
const SIDE_MAX = 65_535
/** thumbhash takes no more. */
const HASH_SIDE = 100
/** From the best thumbnail downwards, until one fits. The last one has so few pixels that it always does. */
const TRIES = [[320, 65], [320, 45], [256, 45], [192, 40], [128, 35], [64, 20], [16, 10]] as const

sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({ operation: LOADERS })
// One picture in a process of its own: what is kept for the next one, and the threads for many, would only take memory.
sharp.cache(false)
sharp.concurrency(1)

/** Whether libvips has a decoder, so that a header which it cannot read is none. */
export function isDecoded (type: string): boolean { return DECODED.test(type) }

/** `onSize` is told before anything is decoded. `undefined`: not even its header can be read. */
export async function pictureOf (path: string, onSize: (size: Size) => void): Promise<Picture | undefined> {
  const size = await sizeOf(path)
  if (size === undefined) return undefined
  onSize(shown(size))
  if (size.width * size.height > PIXELS_MAX) return { ...shown(size), trouble: 'too large' }
  try {
    return { ...shown(size), ...await previewOf(path) }
  } catch (thrown) {
    return { ...shown(size), trouble: troubleOf(thrown) }
  }
}

interface Size { readonly width: number, readonly height: number }

async function sizeOf (path: string): Promise<Size | undefined> {
  try {
    return (await sharp(path, { limitInputPixels: false }).metadata()).autoOrient
  } catch {
    // sharp throws plain errors with the text of libvips: there is nothing to tell them apart by.
    return undefined
  }
}

function shown ({ width, height }: Size): Size {
  return width > SIDE_MAX || height > SIDE_MAX ? { width: 0, height: 0 } : { width, height }
}

async function previewOf (path: string): Promise<Pick<Picture, 'thumbhash' | 'thumbnail'>> {
  // What is damaged shows as far as it can be decoded.
  const { data, info } = await sharp(path, { limitInputPixels: PIXELS_MAX, failOn: 'none', sequentialRead: true })
    .autoOrient().resize(TRIES[0][0], TRIES[0][0], { fit: 'inside', withoutEnlargement: true })
    .toColourspace('srgb').ensureAlpha().raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true })
  const small = sharp(data, { raw: { width: info.width, height: info.height, channels: 4 } })
  const tiny = await small.clone().resize(HASH_SIDE, HASH_SIDE, { fit: 'inside', withoutEnlargement: true }).raw().toBuffer({ resolveWithObject: true })
  return { thumbhash: rgbaToThumbHash(tiny.info.width, tiny.info.height, tiny.data), thumbnail: await thumbnailOf(small) }
}

async function thumbnailOf (small: Sharp): Promise<Uint8Array | undefined> {
  for (const [side, quality] of TRIES) {
    const webp = await small.clone().resize(side, side, { fit: 'inside', withoutEnlargement: true }).webp({ quality, alphaQuality: quality, effort: 4 }).toBuffer()
    if (webp.length <= THUMBNAIL_BYTES_MAX) return Uint8Array.from(webp)
  }
  return undefined
}

function troubleOf (thrown: unknown): Trouble {
  return thrown instanceof Error && /exceeds pixel limit/.test(thrown.message) ? 'too large' : 'undecodable'
}
