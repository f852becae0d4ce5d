import assert from 'node:assert/strict'
import fc from 'fast-check'
import { RECORD_AHEAD_MS_MAX, RECORD_BYTES_MAX } from '../../../protocols/core/limits.ts'
import { publicKeyOf } from '../../../protocols/core/signed.ts'
import { decodeRecord, dhtKey, encodeRecord, nameOfDhtKey, nextSeq, recordName, selectRecord, signRecord, validateRecord } from '../../../protocols/directory/record.ts'
import { bytesOf, bytesUpTo } from '../core/arbitraries.ts'
import { assertMalformed, valueOrMalformed } from '../core/codec.ts'

const NOW_MS = 1_795_000_000_000
const secretKey = new Uint8Array(32).fill(4)
const key = { secretKey, publicKey: publicKeyOf(secretKey) }
const fields = { seq: 7, notAfterMs: NOW_MS + 1_000, ciphertext: new Uint8Array(200).fill(1), statementHash: new Uint8Array(32).fill(2) }
const record = signRecord(fields, key)
const versions = fc.record({ seq: fc.nat(), ciphertext: bytesUpTo(50) })

describe('a directory record', () => {
  it('is believed under the hash of its key while it lasts', () => {
    const believed = validateRecord(record, { key: recordName(key.publicKey), nowMs: NOW_MS })
    assert.deepEqual({ seq: believed.seq, ciphertext: believed.ciphertext }, { seq: 7, ciphertext: fields.ciphertext })
    assertMalformed(() => validateRecord(record, { key: new Uint8Array(32), nowMs: NOW_MS }), /hash of its key/)
    assertMalformed(() => validateRecord(record, { nowMs: NOW_MS + 1_000 }), /expired/)
    assertMalformed(() => validateRecord(signRecord({ ...fields, notAfterMs: NOW_MS + RECORD_AHEAD_MS_MAX + 1 }, key), { nowMs: NOW_MS }), /eight days/)
  })

  it('is believed as it was signed, and in no other way', () => {
    const signed = decodeRecord(record)
    for (const change of [{ seq: 8 }, { notAfterMs: NOW_MS + 2_000 }, { ciphertext: new Uint8Array(200) }, { statementHash: new Uint8Array(32) }, { recordKey: publicKeyOf(new Uint8Array(32).fill(5)) }]) {
      assertMalformed(() => validateRecord(encodeRecord({ ...signed, ...change }), { nowMs: NOW_MS }), /signed by its key/)
    }
    // The same fields with one more that nobody knows.
    assertMalformed(() => validateRecord(Uint8Array.from([...record, 0xc0, 0x3e, 1]), { nowMs: NOW_MS }), /one way/)
  })

  it('is small', () => {
    assert.ok(signRecord({ ...fields, ciphertext: new Uint8Array(800) }, key).byteLength <= RECORD_BYTES_MAX)
    assertMalformed(() => validateRecord(new Uint8Array(RECORD_BYTES_MAX + 1), { nowMs: NOW_MS }), /at most/)
    assertMalformed(() => signRecord({ ...fields, ciphertext: new Uint8Array(1_000) }, key), /at most/)
  })

  it('gives way to a higher seq, and of two of one seq all choose the same', () => {
    fc.assert(fc.property(versions, versions, (left, right) => {
      const [a, b] = [signRecord({ ...fields, ...left }, key), signRecord({ ...fields, ...right }, key)]
      const chosen = selectRecord(a, b)
      assert.deepEqual(selectRecord(b, a), chosen)
      assert.equal(decodeRecord(chosen).seq, Math.max(left.seq, right.seq))
    }), { numRuns: 30 })
  })

  it('has a name in the DHT, and other names there are none', () => {
    fc.assert(fc.property(bytesOf(32), name => { assert.deepEqual(nameOfDhtKey(dhtKey(name)), name) }))
    for (const bad of ['', '/skein/', '/pk/abc', '/skein/ABC', `/skein/${'a'.repeat(53)}`]) assertMalformed(() => nameOfDhtKey(new TextEncoder().encode(bad)), /DHT key/)
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), bytes => { valueOrMalformed(() => nameOfDhtKey(bytes)) }))
  })

  it('rises, also after a memory was lost or a clock set back', () => {
    assert.equal(nextSeq(0, NOW_MS), NOW_MS / 1000)
    assert.equal(nextSeq(NOW_MS, 5_000), NOW_MS + 1)
  })
})
