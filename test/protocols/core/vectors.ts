/** Vectors: bytes that any implementation must read alike, and bytes that all must refuse, each with the rule it tests. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { fromString } from 'uint8arrays'
import { assertMalformed } from './codec.ts'

export interface Vector {
  /** What it shows. */
  readonly name: string
  /** The message or text that the bytes are of; text is UTF-8. */
  readonly of: string
  readonly hex: string
  readonly valid: boolean
  /** For an invalid one: a piece of the rule that it breaks. */
  readonly rule: string
}

export function readVectors (protocol: string): readonly Vector[] {
  const path = new URL(`../../vectors/${protocol}.json`, import.meta.url)
  return JSON.parse(readFileSync(path, 'utf8')) as readonly Vector[]
}

/** The bytes of a valid vector. */
export function vectorNamed (vectors: readonly Vector[], name: string): Uint8Array {
  const vector = vectors.find(candidate => candidate.name === name)
  assert.ok(vector?.valid, `no valid vector ${name}`)
  return fromString(vector.hex, 'hex')
}

export function describeVectors (protocol: string, decoders: Readonly<Record<string, (bytes: Uint8Array) => unknown>>): void {
  describe(`vectors of ${protocol}`, () => {
    const vectors = readVectors(protocol)

    it('cover every message, with valid and invalid bytes', () => {
      for (const of of Object.keys(decoders)) {
        const kinds = new Set(vectors.filter(vector => vector.of === of).map(vector => vector.valid))
        assert.equal(kinds.size, 2, of)
      }
    })

    for (const vector of vectors) {
      it(`${vector.valid ? 'reads' : 'refuses'} ${vector.of}: ${vector.name}`, () => {
        const decode = decoders[vector.of]
        assert.ok(decode !== undefined, `no decoder for ${vector.of}`)
        const bytes = fromString(vector.hex, 'hex')
        if (vector.valid) decode(bytes)
        else assertMalformed(() => decode(bytes), new RegExp(vector.rule.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
      })
    }
  })
}
