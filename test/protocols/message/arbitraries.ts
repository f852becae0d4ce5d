/** Contents, and the generated code's idea of them, for the tests of this folder and its fuzz target. */
import fc from 'fast-check'
import type { MessageInitShape } from '@bufbuild/protobuf'
import { contentId, type ContentId } from '../../../protocols/core/ids.ts'
import { cleanName, utf8Bytes } from '../../../protocols/core/text.ts'
import { HLC_US_MAX } from '../../../protocols/message/clock.ts'
import type { Attachment, Stamp, WritableBody, WritableContent } from '../../../protocols/message/content.ts'
import { BlobNoticeKind, ReceiptKind, type AttachmentSchema, type ContentSchema } from '../../../protocols/message/content_pb.ts'
import { FILE_BYTES_MAX, paddedBytes } from '../../../protocols/media/padding.ts'
import { blobRoot, type BlobRoot } from '../../../protocols/media/root.ts'
import { BLOB_LAYOUT, ciphertextBytes } from '../../../protocols/media/segments.ts'
import { idOf } from './ids.ts'

export const idArbitrary: fc.Arbitrary<ContentId> = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(contentId)

/** Any Unicode, of at most so many bytes. */
function textArbitrary (bytesMin: number, bytesMax: number): fc.Arbitrary<string> {
  return fc.string({ unit: 'binary', minLength: bytesMin, maxLength: Math.min(bytesMax, 200) }).filter(text => utf8Bytes(text) <= bytesMax)
}

const stampArbitrary: fc.Arbitrary<Stamp> = fc.record({
  id: idArbitrary,
  counter: fc.maxSafeNat(),
  hlcUs: fc.nat({ max: HLC_US_MAX }),
  parents: fc.uniqueArray(idArbitrary, { maxLength: 4, selector: id => id.join() }),
  sentAtMs: fc.nat({ max: 8_640_000_000_000_000 })
}, { noNullPrototype: true }).filter(stamp => stamp.parents.every(parent => parent.join() !== stamp.id.join()))

const nameArbitrary = textArbitrary(0, 128).map(cleanName)
const addressesArbitrary = fc.array(textArbitrary(1, 256), { maxLength: 8 })

const hashArbitrary = fc.uint8Array({ minLength: 32, maxLength: 32 })

function rootArbitrary (codec: number): fc.Arbitrary<BlobRoot> {
  return hashArbitrary.map(hash => blobRoot(Uint8Array.of(1, codec, 0x12, 32, ...hash)))
}

/** A size, and that of a blob with or without padding. */
const sizesArbitrary = fc.tuple(fc.oneof(fc.nat(3_000_000), fc.nat(FILE_BYTES_MAX)), fc.boolean())
  .map(([bytes, isPadded]) => ({ bytes, blobBytes: ciphertextBytes(BLOB_LAYOUT, isPadded ? paddedBytes(bytes) : bytes) }))

const attachmentArbitrary: fc.Arbitrary<Attachment> = sizesArbitrary.chain(({ bytes, blobBytes }) => fc.record({
  root: rootArbitrary(blobBytes <= BLOB_LAYOUT.segmentBytes ? 0x55 : 0x70),
  key: hashArbitrary,
  readKey: hashArbitrary,
  bytes: fc.constant(bytes),
  blobBytes: fc.constant(blobBytes),
  sha256: hashArbitrary,
  name: textArbitrary(0, 1_024),
  type: fc.constantFrom('', 'image/jpeg', 'application/octet-stream'),
  width: fc.nat(65_535),
  height: fc.nat(65_535),
  durationMs: fc.maxSafeNat(),
  thumbhash: fc.uint8Array({ maxLength: 64 }),
  thumbnail: fc.uint8Array({ maxLength: 200 }),
  isVoice: fc.boolean(),
  keepUntilMs: fc.nat({ max: 8_640_000_000_000_000 }),
  holders: fc.array(textArbitrary(1, 256), { maxLength: 2 })
}, { noNullPrototype: true }))

const bodyArbitrary: fc.Arbitrary<WritableBody> = fc.oneof(
  fc.record({ type: fc.constant('text' as const), text: textArbitrary(1, 60_000), replyTo: idArbitrary }, { requiredKeys: ['type', 'text'], noNullPrototype: true }),
  fc.record({ type: fc.constant('edit' as const), target: idArbitrary, text: textArbitrary(1, 60_000) }, { noNullPrototype: true }),
  fc.record({ type: fc.constant('deletion' as const), target: idArbitrary }, { noNullPrototype: true }),
  fc.record({ type: fc.constant('reaction' as const), target: idArbitrary, emoji: textArbitrary(0, 64) }, { noNullPrototype: true }),
  fc.record({ type: fc.constant('receipt' as const), kind: fc.constantFrom('delivered' as const, 'read' as const), ids: fc.array(idArbitrary, { minLength: 1, maxLength: 256 }) }, { noNullPrototype: true }),
  fc.record({ type: fc.constant('request' as const), name: nameArbitrary, text: textArbitrary(0, 500), addresses: addressesArbitrary, token: fc.option(fc.uint8Array({ minLength: 16, maxLength: 16 }), { nil: undefined }) }, { noNullPrototype: true }),
  fc.record({ type: fc.constant('accept' as const), name: nameArbitrary, addresses: addressesArbitrary }, { noNullPrototype: true }),
  fc.record({ type: fc.constant('profile' as const), name: nameArbitrary, addresses: addressesArbitrary, versionMs: fc.maxSafeNat() }, { noNullPrototype: true }),
  fc.record({ type: fc.constant('media' as const), text: textArbitrary(0, 60_000), replyTo: idArbitrary, attachments: fc.array(attachmentArbitrary, { minLength: 1, maxLength: 16 }) }, { requiredKeys: ['type', 'text', 'attachments'], noNullPrototype: true }),
  fc.record({ type: fc.constant('blobNotice' as const), root: rootArbitrary(0x70), kind: fc.constantFrom('fetched' as const, 'missing' as const, 'gone' as const) }, { noNullPrototype: true })
)

export const contentArbitrary: fc.Arbitrary<WritableContent> = fc.tuple(stampArbitrary, bodyArbitrary).map(([stamp, body]) => ({ ...stamp, ...body }))

const statementArbitrary = fc.record({ epoch: fc.nat(), seq: fc.maxSafeNat(), hash: fc.uint8Array({ minLength: 32, maxLength: 32 }) }, { noNullPrototype: true })

export const packArbitrary = fc.record({
  contents: fc.array(contentArbitrary, { minLength: 1, maxLength: 64 }),
  senderStatement: fc.option(statementArbitrary, { nil: undefined })
}, { noNullPrototype: true })

/** A content as the generated code takes it. */
export function generatedContent (content: WritableContent): MessageInitShape<typeof ContentSchema> {
  const { id, parents } = content
  return { id, parents: [...parents], counter: BigInt(content.counter), hlcUs: BigInt(content.hlcUs), sentAtMs: BigInt(content.sentAtMs), body: generatedBody(content) }
}

function generatedBody (body: WritableBody): NonNullable<MessageInitShape<typeof ContentSchema>['body']> {
  switch (body.type) {
    case 'text': return { case: 'text', value: { text: body.text, ...(body.replyTo !== undefined && { replyTo: body.replyTo }) } }
    case 'edit': return { case: 'edit', value: { target: body.target, text: body.text } }
    case 'deletion': return { case: 'deletion', value: { target: body.target } }
    case 'reaction': return { case: 'reaction', value: { target: body.target, emoji: body.emoji } }
    case 'receipt': return { case: 'receipt', value: { kind: body.kind === 'read' ? ReceiptKind.READ : ReceiptKind.DELIVERED, ids: [...body.ids] } }
    case 'request': return { case: 'request', value: { name: body.name, text: body.text, addresses: [...body.addresses], ...(body.token !== undefined && { token: body.token }) } }
    case 'accept': return { case: 'accept', value: { name: body.name, addresses: [...body.addresses] } }
    case 'media': return { case: 'media', value: { text: body.text, ...(body.replyTo !== undefined && { replyTo: body.replyTo }), attachments: body.attachments.map(generatedAttachment) } }
    case 'blobNotice': return { case: 'blobNotice', value: { root: body.root, kind: { fetched: BlobNoticeKind.FETCHED, missing: BlobNoticeKind.MISSING, gone: BlobNoticeKind.GONE }[body.kind] } }
    case 'profile': return { case: 'profile', value: { name: body.name, addresses: [...body.addresses], versionMs: BigInt(body.versionMs) } }
  }
}

function generatedAttachment (attachment: Attachment): MessageInitShape<typeof AttachmentSchema> {
  const { bytes, blobBytes, durationMs, keepUntilMs, holders } = attachment
  return { ...attachment, holders: [...holders], bytes: BigInt(bytes), blobBytes: BigInt(blobBytes), durationMs: BigInt(durationMs), keepUntilMs: BigInt(keepUntilMs) }
}

/** A small file, which is one leaf. */
export function smallAttachment (changes: Partial<Attachment> = {}): Attachment {
  return {
    root: blobRoot(Uint8Array.of(1, 0x55, 0x12, 32, ...new Uint8Array(32).fill(0xb1))),
    key: new Uint8Array(32).fill(1),
    readKey: new Uint8Array(32).fill(2),
    bytes: 5,
    blobBytes: ciphertextBytes(BLOB_LAYOUT, paddedBytes(5)),
    sha256: new Uint8Array(32).fill(3),
    name: 'photo.jpg',
    type: 'image/jpeg',
    width: 0,
    height: 0,
    durationMs: 0,
    thumbhash: new Uint8Array(0),
    thumbnail: new Uint8Array(0),
    isVoice: false,
    keepUntilMs: 0,
    holders: [],
    ...changes
  }
}

/** A message with files. */
export function mediaContent (number: number, attachments: readonly Attachment[], text = ''): WritableContent {
  return { ...textContent(number), type: 'media', text, attachments }
}

/** A text as simple as a text can be. */
export function textContent (number: number, text = 'Leaving now'): WritableContent {
  return { id: idOf(number), counter: 1, hlcUs: 1_763_950_000_000_000, parents: [], sentAtMs: 1_763_950_000_000, type: 'text', text }
}
