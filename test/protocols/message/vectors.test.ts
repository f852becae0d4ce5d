import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { MalformedError } from '../../../protocols/core/errors.ts'
import type { WritableContent } from '../../../protocols/message/content.ts'
import { decodePack, encodePack } from '../../../protocols/message/wire.ts'

interface Vector {
  readonly name: string
  readonly hex: string
  readonly valid: boolean
  readonly rule: string
  /** Of a valid pack: the types of what comes out, in order. */
  readonly contents?: readonly string[]
}

const vectors = JSON.parse(readFileSync(new URL('../../vectors/message.json', import.meta.url), 'utf8')) as readonly Vector[]

describe('vectors of message', () => {
  for (const { name, hex, valid, rule, contents } of vectors) {
    const bytes = new Uint8Array(Buffer.from(hex, 'hex'))
    if (valid) {
      it(`${name}: ${rule}`, () => {
        assert.deepEqual(decodePack(bytes).contents.map(content => content.type), contents)
      })
    } else {
      it(`${name} is malformed: ${rule}`, () => {
        assert.throws(() => decodePack(bytes), MalformedError)
      })
    }
  }

  it('hold each kind of content in the form that we write ourselves', () => {
    const kinds = new Set<string>()
    for (const { hex, valid } of vectors) {
      if (!valid) continue
      const pack = decodePack(new Uint8Array(Buffer.from(hex, 'hex')))
      const writable = pack.contents.filter((content): content is WritableContent => content.type !== 'unsupported')
      if (writable.length === 0 || writable.length !== pack.contents.length) continue
      if (Buffer.from(encodePack({ ...pack, contents: writable })).toString('hex') === hex) writable.forEach(content => kinds.add(content.type))
    }
    assert.deepEqual([...kinds].sort(), ['accept', 'blobNotice', 'deletion', 'edit', 'media', 'profile', 'reaction', 'receipt', 'request', 'text'])
  })
})
