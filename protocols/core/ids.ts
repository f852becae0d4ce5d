/** Branded identifiers. Bytes inside the program, text at its edges. */
import { fromString, toString } from 'uint8arrays'
import { MalformedError } from './errors.ts'

declare const brand: unique symbol
type Branded<Name extends string> = Uint8Array & { readonly [brand]: Name }

/** SHA-256 of an account's inception, 32 bytes. Text form: 52 characters of lower-case base32 (RFC 4648, no padding). */
export type AccountId = Branded<'AccountId'>
/** UUIDv8 of a device's libsignal identity key, 16 bytes. Text form: a UUID. */
export type DeviceId = Branded<'DeviceId'>
/** A message or any other content, 16 bytes, time-ordered. Text form: 26 characters of Crockford base32, as a ULID. */
export type ContentId = Branded<'ContentId'>
/** An envelope, 16 bytes, time-ordered. Text form as a content id's. */
export type EnvelopeId = Branded<'EnvelopeId'>

const ACCOUNT_ID_BYTES = 32
export const DEVICE_ID_BYTES = 16
export const CONTENT_ID_BYTES = 16
const ENVELOPE_ID_BYTES = 16

export function accountId (bytes: Uint8Array): AccountId { return sized(bytes, ACCOUNT_ID_BYTES, 'account id') as AccountId }
export function deviceId (bytes: Uint8Array): DeviceId { return sized(bytes, DEVICE_ID_BYTES, 'device id') as DeviceId }
export function contentId (bytes: Uint8Array): ContentId { return sized(bytes, CONTENT_ID_BYTES, 'content id') as ContentId }
export function envelopeId (bytes: Uint8Array): EnvelopeId { return sized(bytes, ENVELOPE_ID_BYTES, 'envelope id') as EnvelopeId }

export function accountIdText (id: AccountId): string { return toString(id, 'base32') }

/** @throws MalformedError unless `text` is an account id's text form */
export function parseAccountId (text: string): AccountId {
  if (!/^[a-z2-7]{52}$/.test(text)) throw new MalformedError('account id', 'must be 52 characters of base32')
  return accountId(fromString(text, 'base32'))
}

export function deviceIdText (id: DeviceId): string {
  const hex = toString(id, 'hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** @throws MalformedError unless `text` is a UUID */
export function parseDeviceId (text: string): DeviceId {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)) throw new MalformedError('device id', 'must be a UUID')
  return deviceId(fromString(text.replaceAll('-', ''), 'hex'))
}

/** Crockford's alphabet: no I, L, O or U, so that an id read aloud is not misheard (ULID specification). */
const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const ID_TEXT_LENGTH = 26

/** Text of a time-ordered 16-byte id: sorts as the bytes do. 128 bits in 26 characters of 5: the first one has two bits to spare. */
export function idText (id: ContentId | EnvelopeId): string {
  let text = ''
  let bits = 0
  let bitCount = 2
  // Counted and not iterated: an iterator makes an object for each byte, and this runs for every message.
  for (let index = 0; index < id.length; index++) {
    bits = (bits << 8) | (id[index] ?? 0)
    bitCount += 8
    while (bitCount >= 5) {
      bitCount -= 5
      text += CROCKFORD.charAt((bits >> bitCount) & 31)
    }
    bits &= (1 << bitCount) - 1
  }
  return text
}

/** @throws MalformedError unless `text` is a whole id; lower case is accepted */
export function parseContentId (text: string): ContentId {
  const { low, high } = idRange(text)
  if (text.length !== ID_TEXT_LENGTH || !low.every((byte, index) => byte === high[index])) {
    throw new MalformedError('message id', `must be ${ID_TEXT_LENGTH} characters`)
  }
  return low
}

/**
 * The ids that begin with `prefix`, as an inclusive range: people type the first characters of an id.
 * @throws MalformedError when `prefix` cannot begin an id
 */
export function idRange (prefix: string): { readonly low: ContentId, readonly high: ContentId } {
  const upper = prefix.toUpperCase()
  if (upper.length === 0 || upper.length > ID_TEXT_LENGTH || !/^[0-7][0-9A-HJKMNP-TV-Z]*$/.test(upper)) {
    throw new MalformedError('message id', 'must be characters of a message id')
  }
  return { low: idBytes(upper.padEnd(ID_TEXT_LENGTH, '0')), high: idBytes(upper.padEnd(ID_TEXT_LENGTH, 'Z')) }
}

function idBytes (text: string): ContentId {
  const bytes = new Uint8Array(CONTENT_ID_BYTES)
  let bits = 0
  let bitCount = -2
  let filled = 0
  for (let position = 0; position < ID_TEXT_LENGTH; position++) {
    bits = (bits << 5) | CROCKFORD.indexOf(text.charAt(position))
    bitCount += 5
    if (bitCount < 8) continue
    bitCount -= 8
    bytes[filled++] = (bits >> bitCount) & 255
    bits &= (1 << bitCount) - 1
  }
  return bytes as ContentId
}

/** Random bytes that one id takes: see `timeOrderedId`. */
export const ID_RANDOM_BYTES = 10

/**
 * A 16-byte id that sorts by time: 48 bits of milliseconds, then 80 random bits (the ULID layout). Ids made by the same
 * caller never go backwards, even when its clock does: pass the id made before as `previous`. Time order keeps the
 * database's index appends local; random ids measured 2.5 times slower.
 */
export function timeOrderedId (nowMs: number, random: Uint8Array, previous?: Uint8Array): Uint8Array {
  const id = new Uint8Array(CONTENT_ID_BYTES)
  let rest = Math.max(0, Math.floor(nowMs))
  for (let index = 5; index >= 0; index--) {
    id[index] = rest % 256
    rest = Math.floor(rest / 256)
  }
  id.set(random.subarray(0, ID_RANDOM_BYTES), 6)
  if (previous !== undefined && compareIds(id, previous) <= 0) return successor(previous)
  return id
}

/** Bytes of an id as a key of a Map: not for people, and not sorted. */
export function idKey (id: Uint8Array): string {
  return String.fromCharCode.apply(undefined, id as unknown as number[])
}

export function compareIds (left: Uint8Array, right: Uint8Array): number {
  for (let index = 0; index < left.length; index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0)
    if (difference !== 0) return difference
  }
  return left.length - right.length
}

function successor (id: Uint8Array): Uint8Array {
  const next = Uint8Array.from(id)
  for (let index = next.length - 1; index >= 0; index--) {
    const value = (next[index] ?? 0) + 1
    next[index] = value & 255
    if (value < 256) break
  }
  return next
}

function sized (bytes: Uint8Array, length: number, what: string): Uint8Array {
  if (bytes.byteLength !== length) throw new MalformedError(what, `must be ${length} bytes, not ${bytes.byteLength}`)
  return bytes
}
