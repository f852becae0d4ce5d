import type { FuzzTarget } from './targets.ts'
import { Deframer, encodeFrames } from '../../protocols/core/framing.ts'
import { BATCH_FRAME_BYTES_MAX } from '../../protocols/core/limits.ts'

/** Frames as a stream cuts them: the pieces are of no size that a frame has. */
const PIECE_BYTES = 7

export const coreTargets: readonly FuzzTarget[] = [{
  name: 'core/frames',
  decode: bytes => {
    const deframer = new Deframer(BATCH_FRAME_BYTES_MAX)
    for (let start = 0; start < bytes.byteLength; start += PIECE_BYTES) deframer.push(bytes.subarray(start, start + PIECE_BYTES))
  },
  seeds: [encodeFrames([new Uint8Array(3), new Uint8Array(0), new Uint8Array(300)]), encodeFrames([new Uint8Array(20_000)])]
}]
