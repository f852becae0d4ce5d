import assert from 'node:assert/strict'
import { create, toBinary } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { ResultFrameSchema } from '../../../protocols/deposit/deposit_pb.ts'
import {
  decodeDepositFrame, decodeResultFrame, encodeDepositFrame, encodeResultFrame,
  type Deposit, type DepositFrame, type GoodbyeReason, type RefusalReason, type Result, type ResultFrame
} from '../../../protocols/deposit/wire.ts'
import { BATCH_DEPOSITS_MAX, BATCH_FRAME_BYTES_MAX } from '../../../protocols/core/limits.ts'
import type { Hello } from '../../../protocols/deposit/hello.ts'
import { envelopeId } from '../../../protocols/core/ids.ts'
import { bytesOf, bytesUpTo, envelopeIds, uint32s } from '../core/arbitraries.ts'
import { assertMalformed, describeCodec } from '../core/codec.ts'

const hellos: fc.Arbitrary<Hello> = fc.record({
  versionMin: fc.integer({ min: 1, max: 100 }),
  range: fc.nat({ max: 100 }),
  features: fc.array(fc.stringMatching(/^[!-~]{1,64}$/), { maxLength: 5 })
}).map(({ versionMin, range, features }) => ({ versionMin, versionMax: versionMin + range, features }))

const deposits: fc.Arbitrary<Deposit> = fc.record({
  depositId: envelopeIds,
  body: bytesUpTo(200, 0),
  lifetimeS: uint32s,
  isWake: fc.boolean(),
  gateToken: fc.option(bytesOf(16), { nil: undefined })
})

const depositFrames: fc.Arbitrary<DepositFrame> = fc.oneof(
  hellos.map(hello => ({ type: 'hello', hello }) as const),
  fc.array(deposits, { maxLength: 6 }).map(batch => ({ type: 'batch', deposits: batch }) as const)
)

const reasons = fc.constantFrom<RefusalReason>('tooLarge', 'unknownSender', 'badToken', 'full', 'rate', 'malformed', 'busy', 'storage', 'undecryptable', 'notAccepted')
const goodbyes = fc.constantFrom<GoodbyeReason>('version', 'malformed', 'shutdown', 'replaced', 'idle')
const results: fc.Arbitrary<Result<RefusalReason>> = fc.oneof(
  fc.record({ type: fc.constant('stored' as const), depositId: envelopeIds }),
  fc.record({ type: fc.constant('refused' as const), depositId: envelopeIds, reason: reasons, retryAfterMs: uint32s }),
  fc.record({ type: fc.constant('refused' as const), depositId: envelopeIds, reason: fc.constant('undecryptable' as const), retryAfterMs: uint32s, decryptionError: bytesUpTo(60) })
)

const resultFrames: fc.Arbitrary<ResultFrame<RefusalReason, GoodbyeReason>> = fc.oneof(
  hellos.map(hello => ({ type: 'hello', hello }) as const),
  fc.array(results, { maxLength: 6 }).map(batch => ({ type: 'batch', results: batch }) as const),
  goodbyes.map(reason => ({ type: 'goodbye', reason }) as const)
)

describeCodec('DepositFrame', { values: depositFrames, encode: encodeDepositFrame, decode: decodeDepositFrame })
describeCodec<ResultFrame>('ResultFrame', {
  values: resultFrames,
  encode: frame => encodeResultFrame(frame as ResultFrame<RefusalReason, GoodbyeReason>),
  decode: decodeResultFrame
})

describe('a batch', () => {
  function batchOf (count: number, bodyBytes = 1): DepositFrame {
    const deposit = { depositId: envelopeId(new Uint8Array(16)), body: new Uint8Array(bodyBytes), lifetimeS: 0, isWake: false, gateToken: undefined }
    return { type: 'batch', deposits: Array.from({ length: count }, () => deposit) }
  }

  it('holds BATCH_DEPOSITS_MAX deposits and not one more', () => {
    const frame = decodeDepositFrame(encodeDepositFrame(batchOf(BATCH_DEPOSITS_MAX)))
    assert.ok(frame.type === 'batch' && frame.deposits.length === BATCH_DEPOSITS_MAX)
    assertMalformed(() => decodeDepositFrame(encodeDepositFrame(batchOf(BATCH_DEPOSITS_MAX + 1))), /at most 256 items/)
  })

  it('fits the frame limit', () => {
    assertMalformed(() => decodeDepositFrame(encodeDepositFrame(batchOf(9, 60_000))), new RegExp(`at most ${BATCH_FRAME_BYTES_MAX} bytes`))
  })

  it('is refused before it becomes a hundred thousand objects', () => {
    const bomb = new Uint8Array(BATCH_FRAME_BYTES_MAX).map((_, index) => index % 2 === 0 ? 0x12 : 0x00)
    const startedAtMs = performance.now()
    assertMalformed(() => decodeDepositFrame(bomb), /at most \d+ fields/)
    assert.ok(performance.now() - startedAtMs < 100)
  })

  it('has deposits with an id, so that each can be answered by itself', () => {
    const frame = batchOf(1)
    assert.ok(frame.type === 'batch')
    const nameless = frame.deposits.map(deposit => ({ ...deposit, depositId: new Uint8Array(15) as Deposit['depositId'] }))
    assertMalformed(() => decodeDepositFrame(encodeDepositFrame({ type: 'batch', deposits: nameless })), /envelope id/)
  })

  it('takes a body of any size that fits the frame, for the policy to refuse', () => {
    const frame = decodeDepositFrame(encodeDepositFrame(batchOf(1, 100_000)))
    assert.ok(frame.type === 'batch' && frame.deposits[0]?.body.byteLength === 100_000)
  })

  it('is read without copying its bodies', () => {
    const bytes = encodeDepositFrame(batchOf(1, 100))
    const frame = decodeDepositFrame(bytes)
    assert.ok(frame.type === 'batch')
    assert.equal(frame.deposits[0]?.body.buffer, bytes.buffer)
  })
})

describe('results of a newer version', () => {
  it('read as "other", so that the sender can be patient', () => {
    const refused = create(ResultFrameSchema, {
      frame: { case: 'batch', value: { results: [{ depositId: new Uint8Array(16), outcome: { case: 'refused', value: { reason: 99 as never, retryAfterMs: 5 } } }] } }
    })
    assert.deepEqual(decodeResultFrame(toBinary(ResultFrameSchema, refused)), {
      type: 'batch', results: [{ type: 'refused', depositId: new Uint8Array(16), reason: 'other', retryAfterMs: 5 }]
    })
    const goodbye = create(ResultFrameSchema, { frame: { case: 'goodbye', value: { reason: 99 as never } } })
    assert.deepEqual(decodeResultFrame(toBinary(ResultFrameSchema, goodbye)), { type: 'goodbye', reason: 'other' })
  })

  it('are malformed when they are no result or frame that we know', () => {
    const nothing = create(ResultFrameSchema, { frame: { case: 'batch', value: { results: [{ depositId: new Uint8Array(16) }] } } })
    assertMalformed(() => decodeResultFrame(toBinary(ResultFrameSchema, nothing)), /a kind that this version knows/)
    assertMalformed(() => decodeResultFrame(new Uint8Array(0)), /a kind that this version knows/)
    assertMalformed(() => decodeDepositFrame(new Uint8Array(0)), /a kind that this version knows/)
  })
})
