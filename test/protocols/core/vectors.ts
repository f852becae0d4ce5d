/** Vectors: bytes that any implementation must read alike, and bytes that all must refuse, each with the rule it tests. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { fromString, toString } from 'uint8arrays'
import { assertMalformed } from './codec.ts'

export interface Vector {
  /** What it shows. */
  readonly name: string
  /** The message or text that the bytes are of; text is UTF-8. */
  readonly of: string
  readonly hex: string
  readonly valid: boolean
  /** Whether these are the bytes that we write for the value, too. */
  readonly canonical?: boolean
  /** What a valid one shows; a piece of the rule that an invalid one breaks. */
  readonly rule: string
}

export interface VectorCodec {
  readonly decode: (bytes: Uint8Array) => unknown
  /** Reads and writes again; only canonical vectors stay the same. */
  readonly recode: (bytes: Uint8Array) => Uint8Array
}

function readVectors (protocol: string): readonly Vector[] {
  const path = new URL(`../../vectors/${protocol}.json`, import.meta.url)
  return JSON.parse(readFileSync(path, 'utf8')) as readonly Vector[]
}

/** The bytes of every valid vector of one message. */
export function validBytes (protocol: string, of: string): readonly Uint8Array[] {
  return readVectors(protocol).filter(vector => vector.of === of && vector.valid).map(vector => fromString(vector.hex, 'hex'))
}

export function describeVectors (protocol: string, codecs: Readonly<Record<string, VectorCodec>>): void {
  describe(`vectors of ${protocol}`, () => {
    const vectors = readVectors(protocol)

    it('cover every message, with valid and invalid bytes', () => {
      for (const of of Object.keys(codecs)) {
        const kinds = new Set(vectors.filter(vector => vector.of === of).map(vector => vector.valid))
        assert.equal(kinds.size, 2, of)
      }
    })

    for (const vector of vectors) {
      it(`${vector.valid ? 'reads' : 'refuses'} ${vector.of}: ${vector.name}`, () => {
        const codec = codecs[vector.of]
        assert.ok(codec !== undefined, `no codec for ${vector.of}`)
        const bytes = fromString(vector.hex, 'hex')
        if (!vector.valid) assertMalformed(() => codec.decode(bytes), new RegExp(vector.rule.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
        else if (vector.canonical === true) assert.equal(toString(codec.recode(bytes), 'hex'), vector.hex)
        else codec.decode(bytes)
      })
    }
  })
}
