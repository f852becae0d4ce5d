/**
 * Invite links: how two people begin. What follows the '#' never reaches a web server, and all of it fits a QR code. A
 * checksum tells a link that was cut off or mistyped from one that simply does not work. Law: docs/protocols/account.md,
 * "Invites".
 */
import { concat, equals, fromString, toString } from 'uint8arrays'
import { boundedBytes, optionalBytes, sizedBytes, instantMs } from '../core/bytes.ts'
import { MalformedError } from '../core/errors.ts'
import { accountId, type AccountId } from '../core/ids.ts'
import { invariant } from '../core/invariant.ts'
import { ADDRESS_BYTES_MAX, INVITE_HINTS_MAX, INVITE_LINK_BYTES_MAX, INVITE_TOKEN_BYTES, PEER_ID_BYTES_MAX, READ_KEY_BYTES } from '../core/limits.ts'
import { decodeMessage, encodeMessage } from '../core/protobuf.ts'
import { domainHash, PUBLIC_KEY_BYTES } from '../core/signed.ts'
import { InviteCardSchema, type InviteHint as InviteHintMessage } from './account_pb.ts'

/** Where the inviter may be found. */
export interface InviteHint {
  /** Multihash bytes of a PeerId. */
  readonly peerId: Uint8Array
  /** Bytes of a multiaddr without its `/p2p/…` part. */
  readonly address: Uint8Array
  /** A relay with a mailbox of the account, behind the gate of the token; else one of its devices. */
  readonly isRelay: boolean
}

export interface InviteCard {
  readonly accountId: AccountId
  /** Admits one contact request (one-time) or many (long-term). */
  readonly token: Uint8Array
  /** Best first, at most INVITE_HINTS_MAX. */
  readonly hints: readonly InviteHint[]
  /** Whole seconds; undefined: does not expire. */
  readonly expiresAtMs: number | undefined
  /** Names and signs the account's directory record; with `readKey`, which opens it. */
  readonly recordKey: Uint8Array | undefined
  readonly readKey: Uint8Array | undefined
}

/** What an invite token that somebody shows is worth to us. `invalid`: unknown, used, expired or revoked, which stays ours. */
export type TokenState = 'none' | 'valid' | 'invalid'

const INVITE_VERSION = 1
const SCHEME = 'skein:i#'
/** Any host may show a page for those who have no Skein yet; none is asked. */
const LINK = /^(?:skein:(?:\/\/)?i|https:\/\/[^/?#\s]+\/i)#(.*)$/is
/** A bound on the work, before anything is decoded; links of newer versions may be longer than ours. */
const LINK_CHARACTERS_MAX = 4_096
/** Of the SHA-256 of the card: one wrong link in four billion passes. */
const CHECKSUM_BYTES = 4
/** The tag of field 1 as a varint, the card's first byte in every version. */
const VERSION_TAG = 0x08

/** The link of a card. Hints that would make it longer than INVITE_LINK_BYTES_MAX are left out, the last ones first. */
export function encodeInvite (card: InviteCard): string {
  for (let count = Math.min(card.hints.length, INVITE_HINTS_MAX); count >= 0; count--) {
    const link = linkOf({ ...card, hints: card.hints.slice(0, count) })
    if (link.length <= INVITE_LINK_BYTES_MAX) return link
  }
  invariant(false, 'an invite without hints is short')
}

/**
 * Reads a link as people paste it: with spaces around it, in angle brackets, as `skein:` or `https:`. An expired card is
 * still a card (`isInviteExpired`).
 * @throws MalformedError whose rule says what is wrong with the link
 */
export function decodeInvite (text: string): InviteCard {
  const bytes = payloadOf(text)
  if (bytes[0] === VERSION_TAG && bytes[1] !== undefined && bytes[1] !== INVITE_VERSION) {
    throw new MalformedError('invite', 'was made by another version of Skein: update the older of the two')
  }
  const card = bytes.subarray(0, -CHECKSUM_BYTES)
  if (bytes.byteLength <= CHECKSUM_BYTES || !equals(checksumOf(card), bytes.subarray(-CHECKSUM_BYTES))) {
    throw new MalformedError('invite', 'is cut off or damaged: copy the whole link')
  }
  return cardOf(card)
}

/** Whether nobody will be admitted by this card any more. The inviter's node decides; this only saves the attempt. */
export function isInviteExpired ({ expiresAtMs }: InviteCard, nowMs: number): boolean {
  return expiresAtMs !== undefined && nowMs >= expiresAtMs
}

function linkOf ({ accountId, token, hints, expiresAtMs, recordKey, readKey }: InviteCard): string {
  const card = encodeMessage(InviteCardSchema, {
    version: INVITE_VERSION,
    accountId,
    token,
    hints: hints.map(({ peerId, address, isRelay }) => ({ peerId, address, isRelay })),
    ...(recordKey !== undefined && { recordKey }),
    ...(readKey !== undefined && { readKey }),
    expiresAtS: BigInt(Math.floor((expiresAtMs ?? 0) / 1000))
  })
  return SCHEME + toString(concat([card, checksumOf(card)]), 'base64url')
}

function payloadOf (text: string): Uint8Array {
  if (text.length > LINK_CHARACTERS_MAX) throw new MalformedError('invite', 'is too long for an invite link')
  const payload = LINK.exec(withoutBrackets(text.trim()))?.[1]
  if (payload === undefined) throw new MalformedError('invite', `must begin with ${SCHEME} or be a web address that ends in /i#…`)
  if (payload === '') throw new MalformedError('invite', 'is cut off: nothing follows the #')
  if (!/^[A-Za-z0-9_-]+$/.test(payload)) throw new MalformedError('invite', 'contains a character that no invite link has')
  try {
    return fromString(payload, 'base64url')
  } catch {
    // The alphabet has been checked: what is left is a text that ends within a byte.
    throw new MalformedError('invite', 'is cut off or damaged: copy the whole link')
  }
}

function withoutBrackets (link: string): string {
  return link.startsWith('<') && link.endsWith('>') ? link.slice(1, -1).trim() : link
}

function cardOf (bytes: Uint8Array): InviteCard {
  const message = decodeMessage(InviteCardSchema, bytes, { what: 'invite', bytesMax: LINK_CHARACTERS_MAX, fieldsMax: 64 })
  if (message.hints.length > INVITE_HINTS_MAX) throw new MalformedError('invite', `must have at most ${INVITE_HINTS_MAX} hints`)
  return {
    accountId: accountId(message.accountId),
    token: sizedBytes(message.token, INVITE_TOKEN_BYTES, 'invite token'),
    hints: message.hints.map(hintOf),
    expiresAtMs: message.expiresAtS === 0n ? undefined : instantMs(message.expiresAtS * 1000n, 'invite expiry'),
    recordKey: optionalBytes(message.recordKey, PUBLIC_KEY_BYTES, 'record key'),
    readKey: optionalBytes(message.readKey, READ_KEY_BYTES, 'read key')
  }
}

function hintOf ({ peerId, address, isRelay }: InviteHintMessage): InviteHint {
  return { peerId: boundedBytes(peerId, PEER_ID_BYTES_MAX, 'peer id'), address: boundedBytes(address, ADDRESS_BYTES_MAX, 'address'), isRelay }
}

function checksumOf (card: Uint8Array): Uint8Array {
  return domainHash('skein/invite/v1', card).subarray(0, CHECKSUM_BYTES)
}
