/** Streaming encryption: Tink's vector first, then every boundary, and everything that somebody may do to a ciphertext. */
import assert from 'node:assert/strict'
import { createCipheriv, createHmac } from 'node:crypto'
import fc from 'fast-check'
import { readHeader, SegmentCipher, type StreamParameters, type StreamSecrets } from '../../../node/crypto/segments.ts'
import { ciphertextBytes, plaintextBytes, segmentAt, segmentCount, segmentRoom, segmentStart, type SegmentLayout } from '../../../protocols/media/segments.ts'

/** Published by Tink: testing/cross_language/streaming_aead/aes_gcm_hkdf_streaming_key_test.py, "manually created test vector". */
const TINK = {
  key: '6eb56cdc726dfbe5d57f2fcdc6e9345b',
  salt: '93b3af5e14ab378d065addfc8484da64',
  noncePrefix: '2c0862877baea8',
  associatedData: 'aad',
  plaintext: 'This is a fairly long plaintext. It is of the exact length to create three output blocks. ',
  ciphertext: [
    '18', '93b3af5e14ab378d065addfc8484da64', '2c0862877baea8',
    'db92d9c77406a406168478821c4298eab3e6d531277f4c1a051714faebcaefcbca7b7be05e9445ea',
    'a0bb2904153398a25084dd80ae0edcd1c3079fcea2cd3770630ee36f7539207b8ec9d754956d486b71cdf989f0ed6fba6779b63558be0a66e668df14e1603cd2',
    'af8944844078345286d0b292e772e7190775c51a0f83e40c0b75821027e7e538e111'
  ].join('')
}

const SMALL: SegmentLayout = { keyBytes: 32, segmentBytes: 128 }
const PARAMETERS: StreamParameters = { layout: SMALL, hash: 'sha256', associatedData: Buffer.from('skein/media/v1') }
const SECRETS: StreamSecrets = { key: new Uint8Array(32).fill(1), salt: new Uint8Array(32).fill(2), noncePrefix: new Uint8Array(7).fill(3) }

function sealAll (parameters: StreamParameters, secrets: StreamSecrets, plaintext: Uint8Array): Uint8Array[] {
  const cipher = new SegmentCipher(parameters, secrets)
  const { layout } = parameters
  const count = segmentCount(layout, plaintext.byteLength)
  return Array.from({ length: count }, (_, index) => cipher.seal(index, plaintext.subarray(segmentStart(layout, index), segmentStart(layout, index + 1)), index === count - 1))
}

function openAll (parameters: StreamParameters, secrets: StreamSecrets, segments: readonly Uint8Array[]): Uint8Array | undefined {
  const cipher = new SegmentCipher(parameters, secrets)
  const opened = segments.map((segment, index) => cipher.open(index, segment, index === segments.length - 1))
  return opened.includes(undefined) ? undefined : Buffer.concat(opened.filter(part => part !== undefined))
}

/** The specification once more, in the plainest way: HKDF of RFC 5869 by hand, and the whole text cut by a loop. */
function plainly ({ layout, hash, associatedData }: StreamParameters, { key, salt, noncePrefix }: StreamSecrets, plaintext: Uint8Array): Buffer {
  const extracted = createHmac(hash, salt).update(key).digest()
  let derived = Buffer.alloc(0)
  for (let count = 1, last = Buffer.alloc(0); derived.length < layout.keyBytes; count++) {
    last = createHmac(hash, extracted).update(last).update(associatedData).update(Uint8Array.of(count)).digest()
    derived = Buffer.concat([derived, last])
  }
  const header = Buffer.of(1 + layout.keyBytes + 7, ...salt, ...noncePrefix)
  const parts = [header]
  for (let rest = plaintext, index = 0, room = layout.segmentBytes - header.length - 16; ; index++, room = layout.segmentBytes - 16) {
    const isLast = rest.length <= room
    const nonce = Buffer.concat([noncePrefix, Buffer.of(index >>> 24, index >>> 16, index >>> 8, index, isLast ? 1 : 0)])
    const cipher = createCipheriv(layout.keyBytes === 16 ? 'aes-128-gcm' : 'aes-256-gcm', derived.subarray(0, layout.keyBytes), nonce)
    parts.push(cipher.update(rest.subarray(0, room)), cipher.final(), cipher.getAuthTag())
    if (isLast) return Buffer.concat(parts)
    rest = rest.subarray(room)
  }
}

describe('streaming encryption', () => {
  it('makes of Tink\'s published vector the very bytes that Tink makes, and opens them', () => {
    const parameters: StreamParameters = { layout: { keyBytes: 16, segmentBytes: 64 }, hash: 'sha1', associatedData: Buffer.from(TINK.associatedData) }
    const secrets = { key: Buffer.from(TINK.key, 'hex'), salt: Buffer.from(TINK.salt, 'hex'), noncePrefix: Buffer.from(TINK.noncePrefix, 'hex') }
    const segments = sealAll(parameters, secrets, Buffer.from(TINK.plaintext))
    assert.equal(segments.length, 3)
    assert.equal(Buffer.concat(segments).toString('hex'), TINK.ciphertext)
    assert.equal(Buffer.from(openAll(parameters, secrets, segments) ?? []).toString(), TINK.plaintext)
    assert.deepEqual(readHeader(parameters.layout, Buffer.from(TINK.ciphertext, 'hex')), { salt: Uint8Array.from(secrets.salt), noncePrefix: Uint8Array.from(secrets.noncePrefix) })
  })

  it('does at every size what the specification says, read once more', () => {
    for (let size = 0; size <= 3 * SMALL.segmentBytes; size++) {
      const plaintext = Buffer.alloc(size, size)
      const segments = sealAll(PARAMETERS, SECRETS, plaintext)
      const whole = Buffer.concat(segments)
      assert.deepEqual(whole, plainly(PARAMETERS, SECRETS, plaintext), `${size}`)
      assert.equal(whole.length, ciphertextBytes(SMALL, size))
      assert.equal(plaintextBytes(SMALL, whole.length), size)
      assert.deepEqual(Buffer.from(openAll(PARAMETERS, SECRETS, segments) ?? Buffer.of(1)), plaintext, `${size}`)
      assert.ok(segments.slice(0, -1).every(segment => segment.length === SMALL.segmentBytes))
    }
  })

  it('has no plaintext for a length that no ciphertext has', () => {
    const lengths = new Set(Array.from({ length: 2_000 }, (_, size) => ciphertextBytes(SMALL, size)))
    for (let length = 0; length < 1_500; length++) assert.equal(plaintextBytes(SMALL, length) !== undefined, lengths.has(length), `${length}`)
  })

  it('finds every byte in its segment', () => {
    for (let offset = 0; offset < 1_000; offset++) {
      const index = segmentAt(SMALL, offset)
      assert.ok(segmentStart(SMALL, index) <= offset && offset < segmentStart(SMALL, index) + segmentRoom(SMALL, index), `${offset}`)
    }
  })

  it('opens each segment alone, in any order', () => {
    const plaintext = Buffer.from(Array.from({ length: 400 }, (_, index) => index % 251))
    const segments = sealAll(PARAMETERS, SECRETS, plaintext)
    const cipher = new SegmentCipher(PARAMETERS, SECRETS)
    for (const [index, segment] of [...segments.entries()].reverse()) {
      const opened = cipher.open(index, segment, index === segments.length - 1)
      assert.deepEqual(Buffer.from(opened ?? []), plaintext.subarray(segmentStart(SMALL, index), segmentStart(SMALL, index + 1)))
    }
  })

  it('opens nothing that was cut, lengthened, swapped, repeated or left out', () => {
    const segments = sealAll(PARAMETERS, SECRETS, Buffer.alloc(400, 7))
    const [first, second, third, ...others] = segments as [Uint8Array, Uint8Array, Uint8Array, ...Uint8Array[]]
    const last = segments.at(-1) ?? first
    const changed: Readonly<Record<string, readonly Uint8Array[]>> = {
      'last one missing': segments.slice(0, -1),
      'only the first': [first],
      'first one missing': segments.slice(1),
      'one in the middle missing': [first, third, ...others],
      'two swapped': [first, third, second, ...others],
      'one twice': [first, second, second, third, ...others],
      'last one twice': [...segments, last],
      'a byte less': [...segments.slice(0, -1), last.subarray(0, -1)],
      'a byte more': [...segments.slice(0, -1), Buffer.concat([last, Buffer.of(0)])],
      'a last one of nothing': [...segments, new Uint8Array(0)]
    }
    for (const [what, parts] of Object.entries(changed)) assert.equal(openAll(PARAMETERS, SECRETS, parts), undefined, what)
  })

  it('opens nothing in which one bit is another, be it in the header, the text or a tag', () => {
    const segments = sealAll(PARAMETERS, SECRETS, Buffer.alloc(300, 7))
    const whole = Buffer.concat(segments)
    fc.assert(fc.property(fc.nat(whole.length * 8 - 1), bit => {
      const flipped = Buffer.from(whole)
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      const parts = segments.map((_, index) => flipped.subarray(index * SMALL.segmentBytes, (index + 1) * SMALL.segmentBytes))
      assert.equal(openAll(PARAMETERS, SECRETS, parts), undefined)
    }))
  })

  it('opens nothing under another key, salt, prefix or associated data', () => {
    const segments = sealAll(PARAMETERS, SECRETS, Buffer.alloc(300, 7))
    for (const [what, secrets] of Object.entries({
      key: { ...SECRETS, key: new Uint8Array(32).fill(9) },
      salt: { ...SECRETS, salt: new Uint8Array(32).fill(9) },
      prefix: { ...SECRETS, noncePrefix: new Uint8Array(7).fill(9) }
    })) assert.equal(openAll(PARAMETERS, secrets, segments), undefined, what)
    assert.equal(openAll({ ...PARAMETERS, associatedData: Buffer.from('skein/media/v2') }, SECRETS, segments), undefined)
  })

  it('reads no header of another layout', () => {
    assert.equal(readHeader(SMALL, new Uint8Array(39).fill(40)), undefined)
    assert.equal(readHeader(SMALL, new Uint8Array(128).fill(39)), undefined)
  })
})
