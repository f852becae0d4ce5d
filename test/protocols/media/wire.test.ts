import assert from 'node:assert/strict'
import fc from 'fast-check'
import { hasLeaf, noLeaves, countLeaves, withLeaf } from '../../../protocols/media/leaves.ts'
import { blobPutMacInput, blobWordInput, isBlobWordSigned, readTagOf } from '../../../protocols/media/proof.ts'
import { blobRoot } from '../../../protocols/media/root.ts'
import { decodeBlobAnswer, decodeBlobRequest, encodeBlobAnswer, encodeBlobRequest, type BlobAnswer, type BlobRequest } from '../../../protocols/media/wire.ts'
import { signerOf } from '../../../node/crypto/signer.ts'
import { bytesOf, bytesUpTo, instants, uint32s } from '../core/arbitraries.ts'
import { describeCodec } from '../core/codec.ts'

const sizes = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
const roots = fc.record({ codec: fc.constantFrom(0x55, 0x70), hash: bytesOf(32) }).map(({ codec, hash }) => blobRoot(Uint8Array.of(1, codec, 0x12, 32, ...hash)))
const noneOr = (length: number): fc.Arbitrary<Uint8Array> => fc.oneof(fc.constant(new Uint8Array(0)), bytesOf(length))
const of = <Type extends string>(type: Type): fc.Arbitrary<Type> => fc.constant(type)

describeCodec<BlobRequest>('BlobRequest', {
  values: fc.oneof(
    fc.record({ type: of('put'), version: uint32s, root: roots, blobBytes: sizes, alias: noneOr(24), mac: noneOr(32), ttlMs: sizes, readTag: bytesOf(32) }),
    fc.record({ type: of('node'), bytes: bytesUpTo(200) }),
    fc.record({ type: of('leaf'), index: uint32s, bytes: bytesUpTo(200) }),
    fc.record({ type: of('get'), version: uint32s, root: roots, readKey: bytesOf(32) }),
    fc.record({ type: of('wantNodes') }),
    fc.record({ type: of('want'), first: uint32s, count: uint32s }),
    fc.record({ type: of('release'), root: roots })
  ),
  encode: encodeBlobRequest,
  decode: decodeBlobRequest
})

describeCodec<BlobAnswer>('BlobAnswer', {
  values: fc.oneof(
    fc.record({ type: of('promise'), keepUntilMs: instants, have: bytesUpTo(50), hasNodes: fc.boolean(), signature: bytesOf(64) }),
    fc.record({ type: of('progress'), leaves: uint32s }),
    fc.record({ type: of('stored'), keepUntilMs: instants, signature: bytesOf(64) }),
    fc.record({ type: of('opened'), blobBytes: sizes, have: bytesUpTo(50) }),
    fc.record({ type: of('node'), bytes: bytesUpTo(200) }),
    fc.record({ type: of('leaf'), index: uint32s, bytes: bytesUpTo(200) }),
    fc.record({ type: of('lacking'), index: uint32s }),
    fc.record({ type: of('released') }),
    fc.record({ type: of('refused'), reason: fc.constantFrom('version', 'notFound', 'badKey', 'unknownAlias', 'tooLarge', 'quota', 'capacity', 'busy', 'rate', 'notOffered', 'malformed', 'other'), limitBytes: sizes, retryAfterMs: uint32s })
  ),
  encode: encodeBlobAnswer,
  decode: decodeBlobAnswer
})

describe('what is proven about a blob', () => {
  const signer = signerOf(new Uint8Array(32).fill(3))
  const root = blobRoot(Uint8Array.of(1, 0x55, 0x12, 32, ...new Uint8Array(32).fill(6)))
  const word = { root, blobBytes: 5_000, keepUntilMs: 1_800_000_000_000 }

  it('is signed for one blob, one size, one time and one purpose', () => {
    const signature = signer.sign(blobWordInput('promise', word))
    const by = { signature, publicKey: signer.publicKey }
    assert.equal(isBlobWordSigned('promise', word, by), true)
    assert.equal(isBlobWordSigned('stored', word, by), false)
    assert.equal(isBlobWordSigned('promise', { ...word, blobBytes: 5_001 }, by), false)
    assert.equal(isBlobWordSigned('promise', { ...word, keepUntilMs: word.keepUntilMs + 1 }, by), false)
    assert.equal(isBlobWordSigned('promise', { ...word, root: blobRoot(Uint8Array.from(root, (byte, place) => place === 35 ? 7 : byte)) }, by), false)
  })

  it('is laid out as the law says', () => {
    const readTag = readTagOf(new Uint8Array(32).fill(9))
    assert.equal(readTag.byteLength, 32)
    const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
    assert.equal(text(blobPutMacInput({ root, blobBytes: 258, readTag })), `skein/blob-put/v1\0${text(root)}\0\0\0\0\0\0\x01\x02${text(readTag)}`)
    assert.equal(text(blobWordInput('stored', { ...word, blobBytes: 1 })), `skein/blob-stored/v1\0${text(root)}\0\0\0\0\0\0\0\x01${text(Uint8Array.of(0, 0, 0x01, 0xa3, 0x18, 0x5c, 0x50, 0x00))}`)
  })
})

describe('a set of leaves', () => {
  it('says of each whether it is there, and how many are', () => {
    fc.assert(fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }), there => {
      let leaves = noLeaves(there.length)
      for (const [index, isThere] of there.entries()) leaves = withLeaf(leaves, index, isThere)
      assert.deepEqual(there.map((_, index) => hasLeaf(leaves, index)), there)
      assert.equal(countLeaves(leaves), there.filter(Boolean).length)
    }))
  })
})
