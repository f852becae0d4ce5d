/** GIF without metadata (GIF89a): extensions that show nothing are dropped; pictures, their timing, looping and colour profile stay. */
import { MalformedError } from '../../../../protocols/core/errors.ts'
import type { Removed } from '../inspection.ts'
import type { Plan } from './plan.ts'
import { ascii } from './source.ts'
import type { Source } from './source.ts'

const SCREEN_BYTES = 13
const EXTENSION = 0x21
const IMAGE = 0x2c
const TRAILER = 0x3b
const TIMING = 0xf9
const APPLICATION = 0xff
const COMMENT = 0xfe
/** Text that is drawn, as a format of 1989 has it; nothing shows it today. */
const PLAIN_TEXT = 0x01
const KEPT_APPLICATIONS = new Set(['NETSCAPE2.0', 'ANIMEXTS1.0', 'ICCRGBG1012'])

export async function planGif (source: Source, plan: Plan): Promise<void> {
  const screen = await source.read(0, SCREEN_BYTES)
  if (screen.length < SCREEN_BYTES) throw new MalformedError('GIF', 'it has a header')
  let at = SCREEN_BYTES + tableBytes(screen[10] ?? 0)
  plan.keep(0, at)
  while (at < source.bytes) {
    const block = await source.read(at, 14)
    const from = at
    if (block[0] === TRAILER) {
      plan.keep(at, at + 1)
      if (at + 1 < source.bytes) plan.removed.add('appended data')
      return
    }
    if (block[0] === IMAGE) {
      // Position, size and flags; its own colours; the width of the first code.
      at = await endOfBlocks(source, at + 10 + tableBytes(block[9] ?? 0) + 1)
      plan.keep(from, at)
    } else if (block[0] === EXTENSION) {
      const kind = kindOf(block)
      at = await endOfBlocks(source, at + 2)
      if (kind === undefined) plan.keep(from, at)
      else plan.removed.add(kind)
    } else throw new MalformedError('GIF', 'every block is a picture, an extension or the end')
  }
}

/** `undefined`: it stays. */
function kindOf (block: Uint8Array): Removed | undefined {
  if (block[1] === TIMING) return undefined
  if (block[1] === COMMENT) return 'comment'
  if (block[1] === PLAIN_TEXT) return 'text'
  if (block[1] !== APPLICATION) return 'maker data'
  const application = ascii(block, 3, 14)
  if (KEPT_APPLICATIONS.has(application)) return undefined
  return application === 'XMP DataXMP' ? 'XMP' : 'maker data'
}

function tableBytes (flags: number): number {
  return (flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1)
}

async function endOfBlocks (source: Source, from: number): Promise<number> {
  let at = from
  while (at < source.bytes) {
    const length = (await source.read(at, 1))[0] ?? 0
    at += 1 + length
    if (length === 0) break
  }
  return Math.min(at, source.bytes)
}
