/** What every codec keeps: its own values, its temper on foreign bytes, its calm about fields of newer versions. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { concat } from 'uint8arrays'
import { MalformedError } from '../../../protocols/core/errors.ts'

export interface Codec<Value> {
  readonly values: fc.Arbitrary<Value>
  readonly encode: (value: Value) => Uint8Array
  readonly decode: (bytes: Uint8Array) => Value
}

/** Decodes, or fails as a decoder may; anything else thrown fails the test. */
export function valueOrMalformed (decode: () => unknown): 'value' | 'malformed' {
  try {
    decode()
    return 'value'
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
    return 'malformed'
  }
}

export function assertMalformed (decode: () => unknown, rule: RegExp): void {
  assert.throws(decode, (error: unknown) => error instanceof MalformedError && rule.test(error.message))
}

/** fast-check makes some records without a prototype; decoders never do. */
export function plain<Value> (values: fc.Arbitrary<Value>): fc.Arbitrary<Value> {
  return values.map(value => structuredClone(value))
}

/** Field 1000 in each wire type that a newer version may use, as its bytes stand on the wire. */
const fieldsOfNewerVersions: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.nat({ max: 127 }).map(value => Uint8Array.of(0xc0, 0x3e, value)),
  fc.uint8Array({ minLength: 8, maxLength: 8 }).map(value => concat([Uint8Array.of(0xc1, 0x3e), value])),
  fc.uint8Array({ maxLength: 100 }).map(value => concat([Uint8Array.of(0xc2, 0x3e, value.byteLength), value])),
  fc.uint8Array({ minLength: 4, maxLength: 4 }).map(value => concat([Uint8Array.of(0xc5, 0x3e), value]))
)

export function describeCodec<Value> (name: string, { values: any, encode, decode }: Codec<Value>): void {
  const values = plain(any)

  describe(name, () => {
    it('reads back whatever it writes', () => {
      fc.assert(fc.property(values, value => { assert.deepEqual(decode(encode(value)), value) }))
    })

    it('reads a value or reports malformed bytes, whatever the bytes', () => {
      fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), bytes => { valueOrMalformed(() => decode(bytes)) }))
    })

    it('reads a value or reports malformed bytes when a valid message is cut or changed', () => {
      const harm = fc.record({ cut: fc.nat(), place: fc.nat(), byte: fc.nat({ max: 255 }) })
      fc.assert(fc.property(values, harm, (value, { cut, place, byte }) => {
        const bytes = encode(value)
        valueOrMalformed(() => decode(bytes.subarray(0, cut % (bytes.byteLength + 1))))
        const changed = Uint8Array.from(bytes)
        if (changed.byteLength > 0) changed[place % changed.byteLength] = byte
        valueOrMalformed(() => decode(changed))
      }))
    })

    it('ignores fields of newer versions', () => {
      fc.assert(fc.property(values, fieldsOfNewerVersions, (value, field) => {
        assert.deepEqual(decode(concat([encode(value), field])), value)
        assert.deepEqual(decode(concat([field, encode(value)])), value)
      }))
    })
  })
}
