/**
 * Items of a HEIC or AVIF picture (ISO/IEC 23008-12): the picture itself, tiles, depth; and Exif and XMP, which are overwritten where they
 * lie. The orientation is a property of the picture here, and does not rest on Exif.
 */
import { MalformedError } from '../../../../protocols/core/errors.ts'
import type { Removed } from '../inspection.ts'
import type { Box, Boxes } from './boxes.ts'
import { isSame, readExif, smallestExif } from './exif.ts'
import type { Edit } from './edits.ts'
import { ascii, u16, u32, u64 } from './source.ts'

interface Extent { readonly from: number, readonly to: number }
/** Items that tell about the picture, by their type. */
const TELLING: Readonly<Record<string, Removed>> = { Exif: 'Exif', mime: 'XMP', 'uri ': 'maker data' }
const EXTENTS_MAX = 65_536
/** So much of Exif is looked at for a location; the directory of it stands at the front. */
const LOOK_BYTES = 64 * 1024

/** Of items in the media data of the file, or in the box of the picture itself. `undefined`: not the box of a picture. */
export async function itemEdits (boxes: Boxes, { meta, data }: { readonly meta: Box, readonly data: readonly Box[] }): Promise<readonly Edit[] | undefined> {
  // After version and flags, unlike QuickTime's box of the same name.
  const inner = await boxes.list(meta.body + 4, meta.to)
  const one = (type: string): Box | undefined => inner.find(box => box.type === type)
  const handler = one('hdlr')
  if (handler === undefined || ascii(await boxes.source.read(handler.body, 12), 8, 12) !== 'pict') return undefined
  const list = one('iinf')
  const places = one('iloc')
  if (list === undefined || places === undefined) throw new MalformedError('picture', 'it says where its items are')
  const types = await itemTypes(boxes, list)
  const own = one('idat')
  const homes = own === undefined ? data : [...data, own]
  const edits: Edit[] = []
  for (const [item, extents] of placesOf(await boxes.content(places), own)) {
    const type = types.get(item) ?? ''
    const removes = TELLING[type]
    if (removes === undefined) continue
    for (const extent of extents) {
      // Whoever writes zeros where a file says must know that it is not the file's own structure.
      if (!homes.some(home => extent.from >= home.body && extent.to <= home.to)) throw new MalformedError('picture', 'its items lie in its data')
      edits.push(...await extentEdits(boxes, { extent, type, removes }))
    }
  }
  return edits
}

async function itemTypes (boxes: Boxes, list: Box): Promise<ReadonlyMap<number, string>> {
  const version = (await boxes.source.read(list.body, 1))[0] ?? 0
  const types = new Map<number, string>()
  for (const entry of await boxes.list(list.body + (version === 0 ? 6 : 8), list.to)) {
    const head = await boxes.source.read(entry.body, Math.min(14, entry.to - entry.body))
    const isWide = head[0] === 3
    if (entry.type !== 'infe' || head.length < (isWide ? 14 : 12) || (head[0] ?? 0) < 2) throw new MalformedError('picture', 'an item has a type')
    types.set(isWide ? u32(head, 4) : u16(head, 4), isWide ? ascii(head, 10, 14) : ascii(head, 8, 12))
  }
  return types
}

/** The table of places: fields as wide as it says in its second word. */
function placesOf (table: Uint8Array, data: Box | undefined): ReadonlyMap<number, readonly Extent[]> {
  const version = table[0] ?? 0
  let at = 6
  const field = (bytes: number): number => {
    if (at + bytes > table.length || ![0, 2, 4, 8].includes(bytes)) throw new MalformedError('picture', 'its table of places is whole')
    at += bytes
    return bytes === 0 ? 0 : bytes === 2 ? u16(table, at - 2) : bytes === 4 ? u32(table, at - 4) : u64(table, at - 8)
  }
  const [offsetBytes, lengthBytes, baseBytes, indexBytes] = [(table[4] ?? 0) >> 4, (table[4] ?? 0) & 15, (table[5] ?? 0) >> 4, version === 0 ? 0 : (table[5] ?? 0) & 15]
  const idBytes = version < 2 ? 2 : 4
  const items = new Map<number, readonly Extent[]>()
  let count = 0
  for (let left = field(idBytes); left > 0; left--) {
    const id = field(idBytes)
    const method = version === 0 ? 0 : field(2) & 15
    field(2)
    const base = field(baseBytes) + (method === 1 ? data?.body ?? 0 : 0)
    const extents: Extent[] = []
    for (let parts = field(2); parts > 0; parts--) {
      if (++count > EXTENTS_MAX || method > 1) throw new MalformedError('picture', 'its items lie in the file')
      field(indexBytes)
      const from = base + field(offsetBytes)
      extents.push({ from, to: from + field(lengthBytes) })
    }
    items.set(id, extents)
  }
  return items
}

async function extentEdits (boxes: Boxes, { extent, type, removes }: { readonly extent: Extent, readonly type: string, readonly removes: Removed }): Promise<readonly Edit[]> {
  const { from, to } = extent
  if (to <= from) throw new MalformedError('picture', 'an item has a length')
  const look = await boxes.source.read(from, Math.min(to - from, LOOK_BYTES))
  // Four bytes say how far Exif begins behind them.
  const empty = type === 'Exif' ? Uint8Array.from([0, 0, 0, 0, ...smallestExif()]) : new Uint8Array(0)
  const bytes = empty.length <= to - from ? empty : new Uint8Array(0)
  const isBlank = to - from <= LOOK_BYTES && isSame(look.subarray(0, bytes.length), bytes) && look.subarray(bytes.length).every(byte => byte === 0)
  if (isBlank) return []
  const tiff = look.length > 4 ? look.subarray(4 + Math.min(u32(look, 0), LOOK_BYTES)) : look
  return [{ from, to, bytes, removes: type === 'Exif' && readExif(tiff).hasLocation ? ['location', removes] : [removes] }]
}
