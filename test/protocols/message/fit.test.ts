/** Previews that a message can carry: as many as fit, and the files always. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { ATTACHMENTS_BYTES_MAX, TEXT_BYTES_MAX } from '../../../protocols/core/limits.ts'
import { utf8Bytes } from '../../../protocols/core/text.ts'
import { encodeAttachment } from '../../../protocols/message/attachment.ts'
import { encodeContent } from '../../../protocols/message/encode-content.ts'
import { fitAttachments } from '../../../protocols/message/fit.ts'
import { mediaContent, smallAttachment } from './arbitraries.ts'

const files = fc.array(fc.integer({ min: 0, max: 8_192 }).map(bytes => smallAttachment({ thumbnail: new Uint8Array(bytes), thumbhash: Uint8Array.of(1) })), { minLength: 1, maxLength: 16 })

describe('files that fit a message', () => {
  it('keep all but thumbnails, of which the last ones go first, and no more than must', () => {
    fc.assert(fc.property(files, fc.nat(60_000), (attachments, length) => {
      const text = 'x'.repeat(length)
      const fitted = fitAttachments(attachments, text)
      const bare = attachments.map(attachment => ({ ...attachment, thumbnail: new Uint8Array(0) }))
      const bytesOf = (list: typeof attachments): number => list.reduce((sum, attachment) => sum + encodeAttachment(attachment).byteLength, 0)
      const room = Math.min(ATTACHMENTS_BYTES_MAX, TEXT_BYTES_MAX - utf8Bytes(text))
      if (fitted === undefined) return assert.ok(bytesOf(bare) > room)
      assert.ok(bytesOf([...fitted]) <= room)
      encodeContent(mediaContent(1, fitted, text))
      const kept = fitted.findIndex((attachment, index) => attachment !== attachments[index])
      const first = kept === -1 ? fitted.length : kept
      assert.deepEqual(fitted, [...attachments.slice(0, first), ...bare.slice(first)])
      if (first < fitted.length) assert.ok(bytesOf([...attachments.slice(0, first + 1), ...bare.slice(first + 1)]) > room, 'one more would not fit')
    }))
  })
})
