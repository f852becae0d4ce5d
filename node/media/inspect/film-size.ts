/** Width and height of an MP4 or MOV as shown: of its largest track, turned as the track says. */
import { open } from 'node:fs/promises'
import { MalformedError } from '../../../protocols/core/errors.ts'
import { Boxes } from './strip/boxes.ts'
import { Source, u32 } from './strip/source.ts'

interface Size { readonly width: number, readonly height: number }

const NONE: Size = { width: 0, height: 0 }
const SIDE_MAX = 65_535
/** Of 16.16 fixed-point numbers. */
const ONE = 0x1_0000
/** From the end of a track's header: nine numbers that turn it, and two that measure it. */
const MATRIX_AND_SIZE_BYTES = 44

export async function filmSizeOf (path: string): Promise<Size> {
  await using file = await open(path, 'r')
  try {
    const source = new Source(file, (await file.stat()).size)
    const boxes = new Boxes(source)
    const movie = (await boxes.list(0, source.bytes)).find(box => box.type === 'moov')
    let largest = NONE
    for (const track of movie === undefined ? [] : await boxes.inside(movie)) {
      const header = track.type === 'trak' ? (await boxes.inside(track)).find(box => box.type === 'tkhd') : undefined
      if (header === undefined) continue
      const size = shownSize(Uint8Array.from(await source.read(header.to - MATRIX_AND_SIZE_BYTES, MATRIX_AND_SIZE_BYTES)))
      if (size.width * size.height > largest.width * largest.height) largest = size
    }
    return largest
  } catch (thrown) {
    if (thrown instanceof MalformedError || thrown instanceof RangeError) return NONE
    throw thrown
  }
}

function shownSize (end: Uint8Array): Size {
  const width = Math.round(u32(end, 36) / ONE)
  const height = Math.round(u32(end, 40) / ONE)
  if (width > SIDE_MAX || height > SIDE_MAX) return NONE
  // A quarter turn: nothing in the diagonal of the matrix.
  const isTurned = u32(end, 0) === 0 && u32(end, 4) !== 0
  return isTurned ? { width: height, height: width } : { width, height }
}
