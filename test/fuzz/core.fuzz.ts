import type { FuzzTarget } from './targets.ts'
import { Deframer, encodeFrames } from '../../protocols/core/framing.ts'
import { BATCH_FRAME_BYTES_MAX } from '../../protocols/core/limits.ts'

/** Frames as a stream cuts them: the pieces are of no size that a frame has. */
const PIECE_BYTES = 7

export const coreTargets: readonly FuzzTarget[] = [{
  name: 'core/frames',
  decode: deframe,
  seeds: [encodeFrames([new Uint8Array(3), new Uint8Array(0), new Uint8Array(300)]), encodeFrames([new Uint8Array(2_000)])]
}]

function deframe (bytes: Uint8Array): number {
  const deframer = new Deframer(BATCH_FRAME_BYTES_MAX)
  let count = 0
  for (let start = 0; start < bytes.byteLength; start += PIECE_BYTES) count += deframer.push(bytes.subarray(start, start + PIECE_BYTES)).length
  return count
}
