import assert from 'node:assert/strict'
import { isPublishedSecret, mayMeet, PUBLISHED_MARK } from '../../../protocols/account/published.ts'
import { NONCE_BYTES } from '../../../protocols/core/limits.ts'

const [published, own] = [Buffer.concat([PUBLISHED_MARK, Buffer.alloc(16, 7)]), Buffer.alloc(32, 7)]

describe('keys that everybody knows', () => {
  it('are known by their beginning, which fills a nonce', () => {
    assert.equal(PUBLISHED_MARK.byteLength, NONCE_BYTES)
    assert.deepEqual([isPublishedSecret(published), isPublishedSecret(own), isPublishedSecret(new Uint8Array())], [true, false, false])
  })

  it('make contacts of each other and of nobody else', () => {
    const [theirs, strange] = [{ nonce: PUBLISHED_MARK }, { nonce: new Uint8Array(NONCE_BYTES) }]
    assert.deepEqual([mayMeet(published, theirs), mayMeet(own, strange)], [true, true])
    assert.deepEqual([mayMeet(published, strange), mayMeet(own, theirs)], [false, false])
  })
})
