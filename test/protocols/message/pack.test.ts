import assert from 'node:assert/strict'
import fc from 'fast-check'
import { PACK_BYTES_MAX, PACK_CONTENTS_MAX } from '../../../protocols/core/limits.ts'
import { packContents } from '../../../protocols/message/pack.ts'
import { joinPack } from '../../../protocols/message/wire.ts'

const sizesArbitrary = fc.array(fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 20, max: 400 }) },
  { weight: 2, arbitrary: fc.integer({ min: 400, max: 20_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 20_000, max: 60_200 }) }
), { maxLength: 300 })

describe('packing', () => {
  it('keeps every content once, in order', () => {
    fc.assert(fc.property(sizesArbitrary, sizes => {
      const items = itemsOf(sizes)
      assert.deepEqual(packContents(items).flat(), items)
    }))
  })

  it('keeps each pack within 64 contents and 14 KiB, unless one content alone is larger', () => {
    fc.assert(fc.property(sizesArbitrary, sizes => {
      for (const pack of packContents(itemsOf(sizes))) {
        assert.ok(pack.length >= 1 && pack.length <= PACK_CONTENTS_MAX)
        if (pack.length > 1) assert.ok(packBytes(pack) <= PACK_BYTES_MAX)
      }
    }))
  })

  it('begins a pack only when the next content does not fit into the one before', () => {
    fc.assert(fc.property(sizesArbitrary, sizes => {
      const packs = packContents(itemsOf(sizes))
      for (const [index, pack] of packs.entries()) {
        const next = packs[index + 1]?.[0]
        if (next === undefined) continue
        assert.ok(pack.length === PACK_CONTENTS_MAX || packBytes([...pack, next]) > PACK_BYTES_MAX)
      }
    }))
  })

  it('makes no pack of nothing', () => {
    assert.deepEqual(packContents([]), [])
  })
})

interface Item { readonly bytes: Uint8Array, readonly number: number }

function itemsOf (sizes: readonly number[]): Item[] {
  return sizes.map((size, number) => ({ bytes: new Uint8Array(size), number }))
}

/** As it really is, not as the packing counts it. */
function packBytes (pack: readonly Item[]): number {
  let bytes = 0
  for (const item of pack) bytes += joinPack({ contents: [item.bytes], senderStatement: undefined }).byteLength
  return bytes
}
