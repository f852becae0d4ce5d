/** Width and height of an MP4 or MOV as shown (of its largest track, turned as the track says), and how long it lasts. */
import { open } from 'node:fs/promises'
import { MalformedError } from '../../../protocols/core/errors.ts'
import { Boxes } from './strip/boxes.ts'
import type { Box } from './strip/boxes.ts'
import { Source, u32, u64 } from './strip/source.ts'

interface Size { readonly width: number, readonly height: number }
interface FilmHeader extends Size { readonly durationMs: number }

const NONE: FilmHeader = { width: 0, height: 0, durationMs: 0 }
/** A year: what claims more is not believed. */
export const DURATION_MS_MAX = 366 * 24 * 60 * 60 * 1_000
const SIDE_MAX = 65_535
/** Of 16.16 fixed-point numbers. */
const ONE = 0x1_0000
/** From the end of a track's header: nine numbers that turn it, and two that measure it. */
const MATRIX_AND_SIZE_BYTES = 44
/** A film's header as far as its duration. */
const MOVIE_BYTES = 32

export async function readFilmHeader (path: string): Promise<FilmHeader> {
  await using file = await open(path, 'r')
  try {
    const source = new Source(file, (await file.stat()).size)
    const boxes = new Boxes(source)
    const movie = (await boxes.list(0, source.bytes)).find(box => box.type === 'moov')
    let header = NONE
    for (const box of movie === undefined ? [] : await boxes.inside(movie)) {
      if (box.type === 'mvhd') header = { ...header, durationMs: durationOf(await source.read(box.body, MOVIE_BYTES)) }
      if (box.type === 'trak') header = { ...header, ...larger(header, await trackSize(boxes, box)) }
    }
    return header
  } catch (thrown) {
    if (thrown instanceof MalformedError || thrown instanceof RangeError) return NONE
    throw thrown
  }
}

function larger (a: Size, b: Size): Size { return a.width * a.height >= b.width * b.height ? { width: a.width, height: a.height } : b }

async function trackSize (boxes: Boxes, track: Box): Promise<Size> {
  const header = (await boxes.inside(track)).find(box => box.type === 'tkhd')
  return header === undefined ? { width: 0, height: 0 } : shownSize(await boxes.source.read(header.to - MATRIX_AND_SIZE_BYTES, MATRIX_AND_SIZE_BYTES))
}

/** Units in a second, and how many of them. */
function durationOf (movie: Uint8Array): number {
  const [scale, units] = movie[0] === 1 ? [u32(movie, 20), u64(movie, 24)] : [u32(movie, 12), u32(movie, 16)]
  const durationMs = scale === 0 ? 0 : Math.round(units * 1_000 / scale)
  return durationMs <= DURATION_MS_MAX ? durationMs : 0
}

function shownSize (end: Uint8Array): Size {
  const width = Math.round(u32(end, 36) / ONE)
  const height = Math.round(u32(end, 40) / ONE)
  if (width > SIDE_MAX || height > SIDE_MAX) return { width: 0, height: 0 }
  // A quarter turn: nothing in the diagonal of the matrix.
  const isTurned = u32(end, 0) === 0 && u32(end, 4) !== 0
  return isTurned ? { width: height, height: width } : { width, height }
}
