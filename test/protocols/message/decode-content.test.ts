import assert from 'node:assert/strict'
import { create, toBinary } from '@bufbuild/protobuf'
import type { Content } from '../../../protocols/message/content.ts'
import { ContentSchema } from '../../../protocols/message/content_pb.ts'
import { decodeContent } from '../../../protocols/message/decode-content.ts'
import { encodeContent } from '../../../protocols/message/encode-content.ts'
import { generatedContent, textContent } from './arbitraries.ts'
import { idOf } from './ids.ts'

const CLOCK_US = 1_763_950_000_000_000
const SENT_AT_MS = 1_763_950_000_000

describe('a broken content with a valid id', () => {
  it('stays as unsupported, and keeps what is right in its stamp', () => {
    const emptyText = written({ body: { case: 'text', value: { text: '' } } })
    assert.deepEqual(decodeContent(emptyText), { id: idOf(9), counter: 3, hlcUs: CLOCK_US, parents: [idOf(7), idOf(8)], sentAtMs: SENT_AT_MS, type: 'unsupported' })
  })

  it('counts a clock beyond the limit as absent, and still stands after its parents', () => {
    assert.deepEqual(decodeContent(written({ hlcUs: 2n ** 60n })), { id: idOf(9), counter: 3, hlcUs: 0, parents: [idOf(7), idOf(8)], sentAtMs: SENT_AT_MS, type: 'unsupported' })
  })

  it('counts wrong parents, counters and times as absent', () => {
    assert.deepEqual(decodeContent(written({ parents: [idOf(9)] }))?.parents, [])
    assert.equal(decodeContent(written({ counter: 2n ** 63n }))?.counter, 0)
    assert.equal(decodeContent(written({ sentAtMs: 2n ** 53n - 1n }))?.sentAtMs, 0)
  })

  it('keeps what was read before its bytes broke off', () => {
    const whole = encodeContent({ ...textContent(9), parents: [idOf(7)] })
    for (let length = 18; length < whole.byteLength; length++) {
      const content: Content | undefined = decodeContent(whole.slice(0, length))
      assert.equal(content?.type, 'unsupported')
      assert.deepEqual(content.id, idOf(9))
    }
  })
})

describe('names that others chose', () => {
  it('are cleaned and cut, because a bad name must not cost us what it came with', () => {
    const bad = 'Ana\n\u001b[31m' + 'x'.repeat(300)
    const content = decodeContent(written({ body: { case: 'profile', value: { name: bad, addresses: [], versionMs: 5n } } }))
    assert.ok(content?.type === 'profile')
    assert.match(content.name, /^Ana \[31mx+$/)
    assert.equal(content.name.length, 128)
  })
})

function written (change: Partial<ReturnType<typeof generatedContent>>): Uint8Array {
  const content = generatedContent({ ...textContent(9), counter: 3, hlcUs: CLOCK_US, parents: [idOf(7), idOf(8)], sentAtMs: SENT_AT_MS })
  return toBinary(ContentSchema, create(ContentSchema, { ...content, ...change } as typeof content))
}
