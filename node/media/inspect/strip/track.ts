/**
 * Tracks that are neither seen nor heard: positions, motion, exposure, faces, as phones, drones and action cameras record them beside the
 * picture. Their samples lie among those of picture and sound; where exactly is told by the tables of the track.
 */
import { MalformedError } from '../../../../protocols/core/errors.ts'
import type { Box, Boxes } from './boxes.ts'
import type { Edit } from './edits.ts'
import { ascii, u32, u64 } from './source.ts'

/** Handlers of what is seen, heard and read (registered at mp4ra.org, and QuickTime's). All others tell about it. */
const SHOWN = new Set(['vide', 'soun', 'auxv', 'pict', 'text', 'sbtl', 'subt', 'subp', 'clcp', 'hint', 'tmcd', 'MPEG', 'sdsm', 'odsm'])
/** Two hundred a second for more than an hour. */
const SAMPLES_MAX = 1_000_000

export async function isTimedMetadata (boxes: Boxes, track: Box): Promise<boolean> {
  const media = await within(boxes, track, 'mdia')
  const handler = media === undefined ? undefined : await within(boxes, media, 'hdlr')
  if (handler === undefined) throw new MalformedError('film', 'a track says what it is')
  return !SHOWN.has(ascii(await boxes.source.read(handler.body, 12), 8, 12))
}

/** Zeros over every sample of a track. */
export async function sampleEdits (boxes: Boxes, { track, films }: { readonly track: Box, readonly films: readonly Box[] }): Promise<readonly Edit[]> {
  const table = await path(boxes, track, ['mdia', 'minf', 'stbl'])
  if (table === undefined) throw new MalformedError('film', 'a track has tables of its samples')
  const content = async (type: string): Promise<Uint8Array | undefined> => {
    const box = await within(boxes, table, type)
    return box === undefined ? undefined : await boxes.content(box)
  }
  const short = await content('stco')
  const places = placesOf(short ?? await content('co64'), short === undefined ? 8 : 4)
  const sizes = sizesOf(await content('stsz'))
  const perChunk = samplesPerChunk(await content('stsc'), places.length)
  let sample = 0
  return places.flatMap((from, chunk) => {
    let to = from
    for (const last = sample + (perChunk[chunk] ?? 0); sample < last; sample++) to += sizes(sample)
    if (to === from) return []
    if (!films.some(film => from >= film.body && to <= film.to)) throw new MalformedError('film', 'samples lie in its media data')
    return [{ from, to, bytes: new Uint8Array(0), removes: ['timed metadata'] as const }]
  })
}

/** After version and flags stands how many there are. */
function rowsOf (content: Uint8Array | undefined, rowBytes: number): number {
  if (content === undefined || content.length < 8) throw new MalformedError('film', 'a track has tables of its samples')
  const count = u32(content, 4)
  if (count > SAMPLES_MAX || 8 + count * rowBytes > content.length) throw new MalformedError('film', 'a table has as many rows as it says')
  return count
}

function placesOf (content: Uint8Array | undefined, placeBytes: 4 | 8): readonly number[] {
  const count = rowsOf(content, placeBytes)
  const table = content ?? new Uint8Array(0)
  return Array.from({ length: count }, (_, index) => placeBytes === 4 ? u32(table, 8 + index * 4) : u64(table, 8 + index * 8))
}

function sizesOf (content: Uint8Array | undefined): (sample: number) => number {
  if (content === undefined || content.length < 12) throw new MalformedError('film', 'a track has tables of its samples')
  const all = u32(content, 4)
  const count = u32(content, 8)
  if (count > SAMPLES_MAX || (all === 0 && 12 + count * 4 > content.length)) throw new MalformedError('film', 'a table has as many rows as it says')
  return sample => {
    if (sample >= count) throw new MalformedError('film', 'every sample has a size')
    return all === 0 ? u32(content, 12 + sample * 4) : all
  }
}

/** Rows of: from which chunk on (the first is 1), how many samples, of which description. */
function samplesPerChunk (content: Uint8Array | undefined, chunks: number): readonly number[] {
  const rows = rowsOf(content, 12)
  const table = content ?? new Uint8Array(0)
  const perChunk: number[] = []
  let samples = 0
  for (let row = 0; row < rows; row++) {
    const end = row + 1 < rows ? u32(table, 8 + (row + 1) * 12) - 1 : chunks
    if (end > chunks || end < perChunk.length) throw new MalformedError('film', 'chunks are counted upwards')
    for (; perChunk.length < end; samples += perChunk.at(-1) ?? 0) perChunk.push(u32(table, 8 + row * 12 + 4))
    if (samples > SAMPLES_MAX) throw new MalformedError('film', `a track of metadata has at most ${SAMPLES_MAX} samples`)
  }
  return perChunk
}

async function path (boxes: Boxes, from: Box, types: readonly string[]): Promise<Box | undefined> {
  let box: Box | undefined = from
  for (const type of types) box = box === undefined ? undefined : await within(boxes, box, type)
  return box
}

async function within (boxes: Boxes, box: Box, type: string): Promise<Box | undefined> {
  return (await boxes.inside(box)).find(inner => inner.type === type)
}
