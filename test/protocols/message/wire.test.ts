import assert from 'node:assert/strict'
import fc from 'fast-check'
import { create, toBinary } from '@bufbuild/protobuf'
import { MalformedError } from '../../../protocols/core/errors.ts'
import { InvariantError } from '../../../protocols/core/invariant.ts'
import { ENVELOPE_BYTES_MAX } from '../../../protocols/core/limits.ts'
import { CIPHERTEXT_BYTES_MAX, padContent } from '../../../protocols/envelope/padding.ts'
import { HLC_US_MAX } from '../../../protocols/message/clock.ts'
import type { WritableContent } from '../../../protocols/message/content.ts'
import { ContentSchema, PackSchema } from '../../../protocols/message/content_pb.ts'
import { encodeAttachment } from '../../../protocols/message/attachment.ts'
import { encodeContent } from '../../../protocols/message/encode-content.ts'
import { decodePack, encodePack, joinPack, type DecodedPack } from '../../../protocols/message/wire.ts'
import { contentArbitrary, generatedContent, mediaContent, packArbitrary, smallAttachment, textContent } from './arbitraries.ts'
import { idOf } from './ids.ts'

const STATEMENT = { epoch: 0, seq: 3, hash: new Uint8Array(32).fill(7) }

describe('the wire form of contents', () => {
  it('gives back what was written', () => {
    fc.assert(fc.property(packArbitrary, pack => {
      assert.deepEqual(decodePack(encodePack(pack)), { ...pack, skippedCount: 0 })
    }), { numRuns: 300 })
  })

  it('writes the bytes that the generated code writes', () => {
    fc.assert(fc.property(packArbitrary, pack => {
      assert.deepEqual(encodePack(pack), generatedPack(pack))
    }), { numRuns: 300 })
  })

  it('reads what the generated code writes, in any order of its fields', () => {
    fc.assert(fc.property(contentArbitrary, fc.infiniteStream(fc.nat()), (content, numbers) => {
      const shuffled = shuffle(fieldsOf(content), numbers)
      assert.deepEqual(decodePack(joinPack({ contents: [concat(shuffled)], senderStatement: undefined })).contents, [content])
    }))
  })

  it('reads a Buffer as it reads a Uint8Array, and keeps no part of it', () => {
    fc.assert(fc.property(packArbitrary, pack => {
      const bytes = Buffer.from(encodePack(pack))
      const { contents } = decodePack(bytes)
      bytes.fill(0xff)
      assert.deepEqual(contents, pack.contents)
    }))
  })

  it('leaves room for the ratchet and the seal around the largest pack', () => {
    const parents = [1, 2, 3, 4].map(idOf)
    const largest: WritableContent = { id: idOf(5), counter: Number.MAX_SAFE_INTEGER, hlcUs: HLC_US_MAX, parents, sentAtMs: 8.64e15, type: 'text', text: 'x'.repeat(60_000), replyTo: idOf(1) }
    const preKeyHeaderBytes = 2_000
    assert.ok(padContent(encodePack({ contents: [largest], senderStatement: STATEMENT })).byteLength + preKeyHeaderBytes < CIPHERTEXT_BYTES_MAX)
    const files = [1, 2, 3].map(number => smallAttachment({ thumbnail: new Uint8Array(7_900).fill(number) }))
    const bytes = files.reduce((sum, file) => sum + encodeAttachment(file).byteLength, 0)
    const withFiles = { ...largest, ...mediaContent(5, files, 'x'.repeat(60_000 - bytes)), parents, replyTo: idOf(1) }
    assert.ok(padContent(encodePack({ contents: [withFiles], senderStatement: STATEMENT })).byteLength + preKeyHeaderBytes < CIPHERTEXT_BYTES_MAX)
  })
})

describe('what a writer must not do', () => {
  const wrong: ReadonlyArray<readonly [string, WritableContent]> = [
    ['write an empty text', textContent(1, '')],
    ['write a text above 60,000 bytes', textContent(1, 'x'.repeat(60_001))],
    ['write a text whose UTF-8 is above 60,000 bytes', textContent(1, '€'.repeat(20_001))],
    ['write half of a surrogate pair, which would arrive as another text', textContent(1, 'a\ud83e')],
    ['name five parents', { ...textContent(9), parents: [1, 2, 3, 4, 5].map(idOf) }],
    ['write a clock without room above it', { ...textContent(1), hlcUs: HLC_US_MAX + 1 }],
    ['write a number that is not whole', { ...textContent(1), counter: 1.5 }],
    ['write a message with files that has none', mediaContent(1, [])],
    ['write seventeen attachments', mediaContent(1, Array.from({ length: 17 }, () => smallAttachment()))],
    ['write attachments above 24 KiB', mediaContent(1, [1, 2, 3, 4].map(() => smallAttachment({ thumbnail: new Uint8Array(8_000) })))],
    ['write a text and attachments above 60,000 bytes', mediaContent(1, [smallAttachment()], 'x'.repeat(59_900))],
    ['write a thumbnail above 8 KiB', mediaContent(1, [smallAttachment({ thumbnail: new Uint8Array(8_193) })])],
    ['write a name above 1,024 bytes', mediaContent(1, [smallAttachment({ name: 'x'.repeat(1_025) })])],
    ['write a receipt for nothing', { ...textContent(1), type: 'receipt', kind: 'read', ids: [] }]
  ]
  for (const [what, content] of wrong) {
    it(`must not ${what}`, () => {
      assert.throws(() => encodeContent(content), InvariantError)
    })
  }

  it('leaves nothing of a failed content in the next one', () => {
    const before = encodeContent(textContent(1))
    assert.throws(() => encodeContent({ ...textContent(2), type: 'reaction', target: idOf(1), emoji: 'x'.repeat(65) }), InvariantError)
    assert.deepEqual(encodeContent(textContent(1)), before)
  })

  it('must not pack nothing, or more than 64', () => {
    assert.throws(() => encodePack({ contents: [], senderStatement: undefined }), InvariantError)
    const many = Array.from({ length: 65 }, (_, index) => textContent(index + 1))
    assert.throws(() => encodePack({ contents: many, senderStatement: undefined }), InvariantError)
  })
})

describe('bytes that anybody may have made', () => {
  it('are a pack within the limits, or malformed', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), bytes => {
      checkLimits(decodeOrMalformed(bytes))
    }), { numRuns: 2000 })
  })

  it('are a pack within the limits, or malformed, when a valid pack was damaged', () => {
    fc.assert(fc.property(packArbitrary, fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 6 }), (pack, damages) => {
      const bytes = encodePack(pack)
      for (const [at, value] of damages) bytes[at % bytes.byteLength] = value
      checkLimits(decodeOrMalformed(bytes))
    }), { numRuns: 1000 })
  })

  it('never cost the sound contents beside them', () => {
    fc.assert(fc.property(contentArbitrary, fc.uint8Array({ maxLength: 200 }), contentArbitrary, (before, broken, after) => {
      const { contents, skippedCount } = decodePack(joinPack({ contents: [encodeContent(before), broken, encodeContent(after)], senderStatement: undefined }))
      assert.deepEqual(contents[0], before)
      assert.deepEqual(contents.at(-1), after)
      assert.equal(contents.length + skippedCount, 3)
    }), { numRuns: 500 })
  })

  it('are unsupported as attachments above a limit that a writer keeps', () => {
    const file = smallAttachment({ thumbnail: new Uint8Array(8_000) })
    const pack = (text: string, count: number): Uint8Array => toBinary(PackSchema, create(PackSchema, { contents: [generatedContent(mediaContent(1, Array.from({ length: count }, () => file), text))] }))
    assert.deepEqual(decodePack(pack('', 2)).contents.map(({ type }) => type), ['media'])
    for (const wrong of [pack('', 4), pack('x'.repeat(55_000), 1)]) assert.deepEqual(decodePack(wrong).contents.map(({ type }) => type), ['unsupported'])
  })

  it('are not read beyond an envelope', () => {
    assert.throws(() => decodePack(new Uint8Array(ENVELOPE_BYTES_MAX + 1)), MalformedError)
  })

  it('take little time whatever they are', () => {
    // The most that 64 KiB can hold: two bytes a field.
    const content = Uint8Array.from({ length: ENVELOPE_BYTES_MAX - 16 }, (_, index) => index % 2 === 0 ? 0x10 : 1)
    const pack = joinPack({ contents: [content], senderStatement: undefined })
    const startedMs = performance.now()
    assert.equal(decodePack(pack).skippedCount, 1)
    assert.ok(performance.now() - startedMs < 500)
  })
})

function generatedPack ({ contents, senderStatement }: Pick<DecodedPack, 'senderStatement'> & { readonly contents: readonly WritableContent[] }): Uint8Array {
  return toBinary(PackSchema, create(PackSchema, {
    contents: contents.map(generatedContent),
    ...(senderStatement !== undefined && { senderStatement: { ...senderStatement, seq: BigInt(senderStatement.seq) } })
  }))
}

/** Each field of a content by itself, as the generated code writes it; parents stay in their order. */
function fieldsOf (content: WritableContent): Uint8Array[] {
  const { id, counter, hlcUs, parents, sentAtMs, body } = generatedContent(content)
  const parts = [{ id }, { counter }, { hlcUs }, { parents }, { sentAtMs }, { body }]
  return parts.map(part => toBinary(ContentSchema, create(ContentSchema, part as Parameters<typeof create<typeof ContentSchema>>[1])))
}

function shuffle<Item> (items: readonly Item[], numbers: fc.Stream<number>): Item[] {
  return items.map(item => ({ item, number: Number(numbers.next().value) })).sort((left, right) => left.number - right.number).map(({ item }) => item)
}

function concat (parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

function decodeOrMalformed (bytes: Uint8Array): DecodedPack | undefined {
  try {
    return decodePack(bytes)
  } catch (error) {
    assert.ok(error instanceof MalformedError)
    return undefined
  }
}

function checkLimits (pack: DecodedPack | undefined): void {
  if (pack === undefined) return
  assert.ok(pack.contents.length + pack.skippedCount <= 64)
  for (const { id, counter, hlcUs, parents, sentAtMs } of pack.contents) {
    assert.equal(id.byteLength, 16)
    assert.ok(Number.isSafeInteger(counter) && Number.isSafeInteger(hlcUs) && hlcUs <= HLC_US_MAX)
    assert.ok(parents.length <= 4 && parents.every(parent => parent.byteLength === 16))
    assert.doesNotThrow(() => new Date(sentAtMs).toISOString())
  }
}
