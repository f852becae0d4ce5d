/**
 * MP4, MOV, M4A, 3GP, HEIC and AVIF without metadata. Nothing is moved: a box that tells too much becomes a `free` box of the same size
 * full of zeros, so every place that the file itself points to stays where it is. Streams of position and motion, which cameras
 * record as tracks of their own, are overwritten in the same way (track.ts), and so are the items of pictures (items.ts).
 */
import { MalformedError } from '../../../../protocols/core/errors.ts'
import type { Removed } from '../inspection.ts'
import { Boxes } from './boxes.ts'
import type { Box } from './boxes.ts'
import { applyEdits } from './edits.ts'
import type { Edit } from './edits.ts'
import { itemEdits } from './items.ts'
import type { Plan } from './plan.ts'
import type { Source } from './source.ts'
import { isTimedMetadata, sampleEdits } from './track.ts'

interface Walk { readonly boxes: Boxes, readonly edits: Edit[], readonly films: readonly Box[], readonly isFragmented: boolean }

/** What a film is played by, at the top, in `moov`, in `trak`, `mdia` and `moof`. Everything else says something about it. */
const TOP = new Set(['ftyp', 'styp', 'moov', 'moof', 'mdat', 'mfra', 'sidx', 'ssix', 'pdin', 'meta'])
const MOVIE = new Set(['mvhd', 'trak', 'mvex', 'iods', 'ctab', 'clip', 'rmra', 'pssh'])
const TRACK = new Set(['tkhd', 'tref', 'edts', 'mdia', 'tapt', 'load', 'imap', 'clip', 'matt', 'trgr'])
const MEDIA = new Set(['mdhd', 'hdlr', 'minf', 'elng'])
const FRAGMENT = new Set(['mfhd', 'traf', 'pssh'])
const TRACK_FRAGMENT = new Set(['tfhd', 'trun', 'tfdt', 'sdtp', 'subs', 'sbgp', 'sgpd', 'saiz', 'saio', 'senc'])
const PADDING = new Set(['free', 'skip', 'wide'])
/** How a film that surrounds the viewer is to be shown (Spherical Video V1). */
const SPHERICAL = 'ffcc8263f8554a938814587a02521fdd'
const XMP = 'be7acfcb97a942e89c71999491e3afac'
const FREE = new TextEncoder().encode('free')
const CHUNK_BYTES = 64 * 1024

export async function planFilm (source: Source, plan: Plan): Promise<void> {
  const boxes = new Boxes(source)
  const top = await boxes.list(0, source.bytes)
  const walk: Walk = { boxes, edits: [], films: top.filter(box => box.type === 'mdat'), isFragmented: top.some(box => box.type === 'moof') }
  for (const box of top) {
    if (box.type === 'moov') await takeMovie(walk, box)
    else if (box.type === 'moof') await takeFragment(walk, box)
    else if (box.type === 'meta') await takeMeta(walk, box)
    else await blankUnless(TOP, walk, box)
  }
  const end = top.at(-1)?.to ?? 0
  applyEdits(walk.edits, { plan, end })
  if (end < source.bytes) plan.removed.add('appended data')
}

async function takeMovie (walk: Walk, movie: Box): Promise<void> {
  for (const box of await walk.boxes.inside(movie)) {
    if (box.type === 'cmov') throw new MalformedError('film', 'its table of contents is not compressed')
    if (box.type === 'mvhd') await clearDates(walk, box)
    else if (box.type === 'trak') await takeTrack(walk, box)
    else await blankUnless(MOVIE, walk, box)
  }
}

async function takeTrack (walk: Walk, track: Box): Promise<void> {
  if (await isTimedMetadata(walk.boxes, track)) {
    if (walk.isFragmented) throw new MalformedError('film', 'its tracks of metadata are not in fragments')
    walk.edits.push(...await sampleEdits(walk.boxes, { track, films: walk.films }), blank(track, ['timed metadata']))
    return
  }
  for (const box of await walk.boxes.inside(track)) {
    if (box.type === 'tkhd') await clearDates(walk, box)
    else if (box.type === 'mdia') await takeMedia(walk, box)
    else if (box.type !== 'uuid' || await uuidOf(walk, box) !== SPHERICAL) await blankUnless(TRACK, walk, box)
  }
}

async function takeMedia (walk: Walk, media: Box): Promise<void> {
  for (const box of await walk.boxes.inside(media)) {
    if (box.type === 'mdhd') await clearDates(walk, box)
    else await blankUnless(MEDIA, walk, box)
  }
}

async function takeFragment (walk: Walk, fragment: Box): Promise<void> {
  for (const box of await walk.boxes.inside(fragment)) {
    if (box.type !== 'traf') await blankUnless(FRAGMENT, walk, box)
    else for (const part of await walk.boxes.inside(box)) await blankUnless(TRACK_FRAGMENT, walk, part)
  }
}

/** A picture's own box holds what it is shown by; that of a film holds what is said about it. */
async function takeMeta (walk: Walk, meta: Box): Promise<void> {
  const edits = await itemEdits(walk.boxes, { meta, data: walk.films })
  walk.edits.push(...edits ?? [blank(meta, await kindsOf(walk, meta))])
}

async function blankUnless (kept: ReadonlySet<string>, walk: Walk, box: Box): Promise<void> {
  if (kept.has(box.type)) return
  if (PADDING.has(box.type) && await isZero(walk.boxes.source, box)) return
  walk.edits.push(blank(box, await kindsOf(walk, box)))
}

function blank (box: Box, removes: readonly Removed[]): Edit {
  // The size stays as it stands; only what kind of box it is changes.
  return box.body - box.from === 8
    ? { from: box.from + 4, to: box.to, bytes: FREE, removes }
    : { from: box.from + 4, to: box.to, bytes: Uint8Array.from([...FREE, ...sizeBytes(box.to - box.from)]), removes }
}

function sizeBytes (size: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(size))
  return bytes
}

async function kindsOf (walk: Walk, box: Box): Promise<readonly Removed[]> {
  const look = new TextDecoder('latin1').decode(await walk.boxes.source.read(box.body, Math.min(box.to - box.body, CHUNK_BYTES)))
  // QuickTime's and Apple's, 3GPP's; XMP's.
  const hasLocation = /\xa9xyz|loci|location\.ISO6709|GPSL(at|ong)itude/.test(look)
  const isXmp = box.type === 'uuid' && await uuidOf(walk, box) === XMP
  return [...hasLocation ? ['location' as const] : [], isXmp ? 'XMP' : box.type === 'udta' || box.type === 'meta' ? 'tags' : 'maker data']
}

async function uuidOf (walk: Walk, box: Box): Promise<string> {
  return Buffer.from(await walk.boxes.source.read(box.body, Math.min(16, box.to - box.body))).toString('hex')
}

/** Created and changed: the first fields after version and flags. */
async function clearDates (walk: Walk, box: Box): Promise<void> {
  const version = (await walk.boxes.source.read(box.body, 1))[0] ?? 0
  const from = box.body + 4
  const to = from + (version === 1 ? 16 : 8)
  if (to > box.to) throw new MalformedError('film', 'a header has its dates')
  if (!await isZero(walk.boxes.source, { body: from, to })) walk.edits.push({ from, to, bytes: new Uint8Array(0), removes: ['dates'] })
}

async function isZero (source: Source, { body, to }: Pick<Box, 'body' | 'to'>): Promise<boolean> {
  for (let at = body; at < to;) {
    const part = await source.read(at, Math.min(CHUNK_BYTES, to - at))
    if (part.length === 0 || part.some(byte => byte !== 0)) return part.length === 0
    at += part.length
  }
  return true
}
