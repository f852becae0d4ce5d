/**
 * The directory record: small, signed, and readable only by those who were given the read key. Whoever keeps one checks it without
 * knowing whose it is. Law: docs/protocols/directory.md.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { concat, equals, fromString, toString } from 'uint8arrays'
import { bigEndian64, boundedBytes, instantMs, safeInteger, sizedBytes } from '../core/bytes.ts'
import { MalformedError } from '../core/errors.ts'
import { compareIds } from '../core/ids.ts'
import { RECORD_AHEAD_MS_MAX, RECORD_BYTES_MAX } from '../core/limits.ts'
import { decodeMessage, encodeMessage } from '../core/protobuf.ts'
import { HASH_BYTES, isSignedBy, PUBLIC_KEY_BYTES, sign, SIGNATURE_BYTES } from '../core/signed.ts'
import { RecordSchema } from './directory_pb.ts'

const RECORD_VERSION = 1

export interface Record {
  readonly version: number
  /** Ed25519. */
  readonly recordKey: Uint8Array
  /** Rises: max(last + 1, seconds since 1970). */
  readonly seq: number
  readonly notAfterMs: number
  /** A RecordContent under the read key. */
  readonly ciphertext: Uint8Array
  /** SHA-256 of the sealed statement that goes with it. */
  readonly statementHash: Uint8Array
  readonly signature: Uint8Array
}

const CIPHERTEXT_BYTES_MAX = 800

/** A record as it travels. @throws MalformedError when it would be larger than anybody keeps */
export function signRecord (record: Omit<Record, 'version' | 'recordKey' | 'signature'>, key: { readonly secretKey: Uint8Array, readonly publicKey: Uint8Array }): Uint8Array {
  const unsigned = { ...record, version: RECORD_VERSION, recordKey: key.publicKey }
  const bytes = encodeRecord({ ...unsigned, signature: sign('skein/record/v1', signedFields(unsigned), key.secretKey) })
  if (bytes.byteLength > RECORD_BYTES_MAX) throw new MalformedError('directory record', `must be at most ${RECORD_BYTES_MAX} bytes`)
  return bytes
}

export function encodeRecord (record: Record): Uint8Array {
  const { version, recordKey, seq, notAfterMs, ciphertext, statementHash, signature } = record
  return encodeMessage(RecordSchema, { version, recordKey, seq: BigInt(seq), notAfterMs: BigInt(notAfterMs), ciphertext, statementHash, signature })
}

/** Its form only. @throws MalformedError */
export function decodeRecord (bytes: Uint8Array): Record {
  const message = decodeMessage(RecordSchema, bytes, { what: 'directory record', bytesMax: RECORD_BYTES_MAX, fieldsMax: 16 })
  if (message.version !== RECORD_VERSION) throw new MalformedError('directory record', 'must be of a version that this program knows')
  return {
    version: message.version,
    recordKey: sizedBytes(message.recordKey, PUBLIC_KEY_BYTES, 'record key'),
    seq: safeInteger(message.seq, 'record sequence'),
    notAfterMs: instantMs(message.notAfterMs, 'record expiry'),
    ciphertext: boundedBytes(message.ciphertext, CIPHERTEXT_BYTES_MAX, 'record content'),
    statementHash: sizedBytes(message.statementHash, HASH_BYTES, 'statement hash'),
    signature: sizedBytes(message.signature, SIGNATURE_BYTES, 'record signature')
  }
}

export interface RecordRules {
  /** The name under which it was found or is to be kept; undefined: any. */
  readonly key?: Uint8Array | undefined
  readonly nowMs: number
}

/**
 * Believes a record, or says which rule it breaks.
 * @throws MalformedError
 */
export function validateRecord (bytes: Uint8Array, { key, nowMs }: RecordRules): Record {
  const record = decodeRecord(bytes)
  if (key !== undefined && !equals(recordName(record.recordKey), key)) throw new MalformedError('directory record', 'must be kept under the hash of its key')
  if (record.notAfterMs <= nowMs) throw new MalformedError('directory record', 'must not be expired')
  if (record.notAfterMs > nowMs + RECORD_AHEAD_MS_MAX) throw new MalformedError('directory record', 'must not last longer than eight days')
  // Two encodings of one record would be two records of one seq, and a keeper could not tell which is the one.
  if (!equals(encodeRecord(record), bytes)) throw new MalformedError('directory record', 'must be encoded in the one way')
  if (!isSignedBy({ domain: 'skein/record/v1', bytes: signedFields(record), signature: record.signature, publicKey: record.recordKey })) throw new MalformedError('directory record', 'must be signed by its key')
  return record
}

/** The better of two valid records under one name: the higher seq; of equal ones always the same one, whoever compares. */
export function selectRecord (left: Uint8Array, right: Uint8Array): Uint8Array {
  const [leftSeq, rightSeq] = [decodeRecord(left).seq, decodeRecord(right).seq]
  if (leftSeq !== rightSeq) return leftSeq > rightSeq ? left : right
  return compareIds(sha256(left), sha256(right)) <= 0 ? left : right
}

/** What a record is kept under: SHA-256 of its key. */
export function recordName (recordKey: Uint8Array): Uint8Array {
  return sha256(recordKey)
}

const DHT_PREFIX = '/skein/'

/** The name in the DHT: `/skein/` and the hash in base32. */
export function dhtKey (name: Uint8Array): Uint8Array {
  return fromString(DHT_PREFIX + toString(name, 'base32'))
}

/** @throws MalformedError when a DHT key is no record's */
export function nameOfDhtKey (key: Uint8Array): Uint8Array {
  const text = toString(key)
  if (!/^\/skein\/[a-z2-7]{52}$/.test(text)) throw new MalformedError('DHT key', 'must be /skein/ and a hash in base32')
  return sizedBytes(fromString(text.slice(DHT_PREFIX.length), 'base32'), HASH_BYTES, 'record name')
}

/** The next seq after `last`: a node that lost its memory still rises, since time does. */
export function nextSeq (last: number, nowMs: number): number {
  return Math.max(last + 1, Math.floor(nowMs / 1000))
}

function signedFields ({ version, recordKey, seq, notAfterMs, ciphertext, statementHash }: Omit<Record, 'signature'>): Uint8Array {
  return concat([Uint8Array.of(version), recordKey, bigEndian64(seq), bigEndian64(notAfterMs), statementHash, ciphertext])
}
