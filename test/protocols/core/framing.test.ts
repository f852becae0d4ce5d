import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Deframer, encodeFrames } from '../../../protocols/core/framing.ts'
import { MalformedError } from '../../../protocols/core/errors.ts'

const FRAME_BYTES_MAX = 4096

const framesArbitrary = fc.array(fc.uint8Array({ maxLength: 600 }), { maxLength: 20 })
/** Cuts as fractions of the whole, so that they shrink together with it. */
const cutsArbitrary = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 40 })

describe('framing', () => {
  it('gives back the same frames however the stream was cut', () => {
    fc.assert(fc.property(framesArbitrary, cutsArbitrary, (frames, cuts) => {
      const deframer = new Deframer(FRAME_BYTES_MAX)
      const received = pieces(encodeFrames(frames), cuts).flatMap(piece => deframer.push(piece))
      assert.deepEqual(received.map(frame => Buffer.from(frame)), frames.map(frame => Buffer.from(frame)))
      assert.equal(deframer.isWithinFrame, false)
      assert.equal(deframer.startedCount, frames.length)
    }))
  })

  it('gives back the same frames when every byte arrives alone', () => {
    const frames = [new Uint8Array(0), new Uint8Array(127).fill(1), new Uint8Array(128).fill(2), new Uint8Array(FRAME_BYTES_MAX).fill(3)]
    const deframer = new Deframer(FRAME_BYTES_MAX)
    const received = [...encodeFrames(frames)].flatMap(byte => deframer.push(Uint8Array.of(byte)))
    assert.deepEqual(received, frames)
  })

  it('takes arbitrary bytes without anything but frames within the limit or a malformed error', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), cutsArbitrary, fc.integer({ min: 0, max: 200 }), (bytes, cuts, frameBytesMax) => {
      const deframer = new Deframer(frameBytesMax)
      try {
        for (const piece of pieces(bytes, cuts)) {
          for (const frame of deframer.push(piece)) assert.ok(frame.byteLength <= frameBytesMax)
        }
      } catch (error) {
        assert.ok(error instanceof MalformedError)
      }
    }))
  })

  it('refuses a frame one byte above the limit at its length, before any of its bytes', () => {
    const [frame] = new Deframer(300).push(encodeFrames([new Uint8Array(300)]))
    assert.equal(frame?.byteLength, 300)
    const header = encodeFrames([new Uint8Array(301)]).subarray(0, 2)
    assert.throws(() => new Deframer(300).push(header), MalformedError)
  })

  it('refuses a length that never ends', () => {
    const deframer = new Deframer(FRAME_BYTES_MAX)
    deframer.push(Uint8Array.of(0x80, 0x80, 0x80))
    assert.throws(() => deframer.push(Uint8Array.of(0x80)), MalformedError)
  })

  it('refuses a length beyond 32 bits instead of wrapping it around', () => {
    // 2^32 + 5 as a varint: read modulo 2^32 it would look like 5.
    assert.throws(() => new Deframer(FRAME_BYTES_MAX).push(Uint8Array.of(0x85, 0x80, 0x80, 0x80, 0x10)), MalformedError)
  })

  it('keeps room only for what has arrived of a large frame', () => {
    const before = process.memoryUsage().arrayBuffers
    const deframers = Array.from({ length: 1000 }, () => new Deframer(100 * 1024 * 1024))
    // A length of 100 MiB and one byte, a thousand times: a claim must cost nothing.
    for (const deframer of deframers) deframer.push(Uint8Array.of(0x80, 0x80, 0x80, 0x32, 0x00))
    assert.ok(process.memoryUsage().arrayBuffers - before < 8 * 1024 * 1024)
    assert.ok(deframers.every(deframer => deframer.isWithinFrame))
  })

  it('gives plain bytes for the buffers of Node', () => {
    const [frame] = new Deframer(FRAME_BYTES_MAX).push(Buffer.from(encodeFrames([Uint8Array.of(1, 2, 3)])))
    assert.deepEqual(frame, Uint8Array.of(1, 2, 3))
  })

  it('tells a frame that has begun from none', () => {
    const deframer = new Deframer(FRAME_BYTES_MAX)
    assert.equal(deframer.isWithinFrame, false)
    deframer.push(Uint8Array.of(0x80))
    assert.equal(deframer.isWithinFrame, true)
    deframer.push(Uint8Array.of(0x01, 7))
    assert.equal(deframer.isWithinFrame, true)
    assert.equal(deframer.startedCount, 1)
  })
})

function pieces (bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const offsets = [0, ...cuts.map(cut => Math.floor(cut * bytes.byteLength)).sort((left, right) => left - right), bytes.byteLength]
  return offsets.slice(1).map((end, index) => bytes.subarray(offsets[index], end))
}
