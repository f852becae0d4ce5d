/**
 * Matroska and WebM without metadata (RFC 9559). As in other films nothing is moved: an element that tells too much becomes a Void element of the
 * same size. Kept are the tracks, what is played of them, indexes and chapters.
 */
import { MalformedError } from '../../../../protocols/core/errors.ts'
import type { Removed } from '../inspection.ts'
import { applyEdits } from './edits.ts'
import type { Edit } from './edits.ts'
import type { Plan } from './plan.ts'
import type { Source } from './source.ts'

interface Element { readonly id: number, readonly from: number, readonly body: number, readonly to: number, readonly hasSize: boolean }

const HEADER = 0x1a45dfa3
const SEGMENT = 0x18538067
const INFO = 0x1549a966
const CLUSTER = 0x1f43b675
/** A checksum over what stands beside it: wrong when that has changed, and asked for by nothing. It tells nothing by itself. */
const CHECKSUM = 0xbf
const VOID = 0xec
/** In a segment. */
const TELLING: Readonly<Record<number, Removed>> = { 0x1254c367: 'tags', 0x1941a469: 'embedded preview' }
/** In its information: title, date, names of files. */
const TELLING_INFO: Readonly<Record<number, Removed>> = { 0x7ba9: 'tags', 0x4461: 'dates', 0x7384: 'tags', 0x3c83ab: 'tags', 0x3e83bb: 'tags' }
/** What a browser records has clusters without a size, so that every block is an element to step over: hours of them. */
const ELEMENTS_MAX = 2_000_000
const LOOK_BYTES = 64 * 1024

export async function planMatroska (source: Source, plan: Plan): Promise<void> {
  const edits: Edit[] = []
  let at = 0
  for (let count = 0; at < source.bytes; count++) {
    const element = await readElement(source, at)
    if (count === 0 && element.id !== HEADER) throw new MalformedError('Matroska', 'it begins with its header')
    if (count > ELEMENTS_MAX) throw new MalformedError('Matroska', `it has at most ${ELEMENTS_MAX} elements`)
    const removes = TELLING[element.id]
    if (removes !== undefined || element.id === CHECKSUM) edits.push(await blank(source, element, removes))
    if (element.id === INFO) edits.push(...await infoEdits(source, element))
    // What has no size ends where something follows that cannot be inside: its parts are walked like what stands beside it.
    at = element.id === SEGMENT || (element.id === CLUSTER && !element.hasSize) ? element.body : element.to
  }
  applyEdits(edits, { plan, end: source.bytes })
}

async function infoEdits (source: Source, info: Element): Promise<readonly Edit[]> {
  const edits: Edit[] = []
  for (let at = info.body; at < info.to;) {
    const element = await readElement(source, at)
    if (element.to > info.to) throw new MalformedError('Matroska', 'an element ends within the one around it')
    const removes = TELLING_INFO[element.id]
    if (removes !== undefined || element.id === CHECKSUM) edits.push(await blank(source, element, removes))
    at = element.to
  }
  return edits
}

async function readElement (source: Source, at: number): Promise<Element> {
  const head = await source.read(at, 12)
  const idBytes = Math.clz32(head[0] ?? 0) - 23
  const sizeBytes = Math.clz32(head[idBytes] ?? 0) - 23
  if (idBytes > 4 || sizeBytes > 8 || head.length < idBytes + sizeBytes) throw new MalformedError('Matroska', 'an element has an id and a size')
  const id = head.subarray(0, idBytes).reduce((value, byte) => value * 256 + byte, 0)
  const field = head.subarray(idBytes, idBytes + sizeBytes)
  const marker = 2 ** (8 - sizeBytes)
  const hasSize = !field.every((byte, index) => byte === (index === 0 ? 2 * marker - 1 : 255))
  const size = field.reduce((value, byte, index) => value * 256 + (index === 0 ? byte - marker : byte), 0)
  const body = at + idBytes + sizeBytes
  if (!hasSize && id !== SEGMENT && id !== CLUSTER) throw new MalformedError('Matroska', 'an element has a size')
  // The last one of a film that was cut off ends where the file does.
  return { id, from: at, body, to: hasSize ? Math.min(body + size, source.bytes) : source.bytes, hasSize }
}

/** Id and size of a Void element, and zeros. */
async function blank (source: Source, { from, body, to }: Element, removes: Removed | undefined): Promise<Edit> {
  const length = to - from
  const isShort = length <= 128
  const head = new Uint8Array(isShort ? 2 : 9)
  const view = new DataView(head.buffer)
  if (isShort) view.setUint16(0, (VOID << 8) | 0x80 | (length - 2))
  else {
    view.setBigUint64(1, BigInt(length - 9) | (1n << 56n))
    head[0] = VOID
  }
  const look = new TextDecoder('latin1').decode(await source.read(body, Math.min(to - body, LOOK_BYTES)))
  if (removes === undefined) return { from, to, bytes: head, removes: [] }
  return { from, to, bytes: head, removes: /LOCATION|location|GPS/.test(look) ? ['location', removes] : [removes] }
}
