/**
 * The bytes of accounts: device lists, the question for one and its answer. What a list means and whether it is to be
 * believed stands in statement.ts and accept.ts; here only its form is checked. Law: docs/protocols/account.md, "Wire".
 */
import type { MessageInitShape } from '@bufbuild/protobuf'
import { boundedBytes, instantMs, safeInteger, sizedBytes } from '../core/bytes.ts'
import { namesOf } from '../core/enums.ts'
import { MalformedError } from '../core/errors.ts'
import { accountId, deviceId, idKey, type AccountId, type DeviceId } from '../core/ids.ts'
import { ADDRESS_BYTES_MAX, ADDRESSES_MAX, CONSENT_BYTES, DEVICES_MAX, FRAME_BYTES_MAX, IDENTITY_KEY_BYTES, NONCE_BYTES, RELAYS_MAX, STATEMENT_BYTES_MAX } from '../core/limits.ts'
import { utf8Bytes } from '../core/text.ts'
import { decodeMessage, encodeMessage } from '../core/protobuf.ts'
import { HASH_BYTES, PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from '../core/signed.ts'
import * as pb from './account_pb.ts'

/** The version of the lookup protocol that this program speaks. */
export const ACCOUNT_VERSION = 1

/** The birth certificate of an account: its hash is the account id and never changes. */
export interface Inception {
  /** Ed25519 public key that signs device lists of epoch 0. */
  readonly signingKey: Uint8Array
  /** Ed25519 public key derived from the recovery words; outranks every signing key. */
  readonly recoveryKey: Uint8Array
  /** 16 random bytes. */
  readonly nonce: Uint8Array
}

/** A device as its account's list names it. */
export interface ListedDevice {
  readonly deviceId: DeviceId
  /** libsignal public identity key, type byte first. */
  readonly identityKey: Uint8Array
  /** libp2p PeerId, text form. A claim: what proves a peer is its connection. */
  readonly peerId: string
  readonly addedAtMs: number
  /** The identity key's signature of the account id. */
  readonly consent: Uint8Array
  readonly registrationId: number
}

/** A relay as its user, or a record of its user, names it. */
export interface ListedRelay {
  /** libp2p PeerId, text form. */
  readonly peerId: string
  /** Multiaddrs without the `/p2p/…` part, best first, at most ADDRESSES_MAX. */
  readonly addresses: readonly string[]
}

/** From this epoch on, `signingKey` signs. Signed by the recovery key alone. */
export interface Rotation {
  readonly accountId: AccountId
  /** At least 1. */
  readonly epoch: number
  readonly signingKey: Uint8Array
  readonly signature: Uint8Array
}

/** A full snapshot of an account's devices, in form; `verifyStatement` says whether to believe it. */
export interface Statement {
  readonly accountId: AccountId
  readonly inception: Inception
  readonly epoch: number
  /** From 1 in each epoch. */
  readonly seq: number
  /** Hash of the statement before; undefined for the first of an epoch. */
  readonly previousHash: Uint8Array | undefined
  /** 1 to DEVICES_MAX, no device or peer twice. */
  readonly devices: readonly ListedDevice[]
  /** Where each of the devices has a mailbox, in the owner's order; at most RELAYS_MAX, none twice. */
  readonly relays: readonly ListedRelay[]
  /** Oldest version of Skein's protocols that the account still speaks; 0: says nothing. */
  readonly protocolMin: number
  readonly issuedAtMs: number
  readonly expiresAtMs: number
  /** Present exactly when the epoch is above 0, and then of this account and epoch. */
  readonly rotation: Rotation | undefined
}

/** The bytes of a statement and the signature over exactly them: never encoded again. */
export interface SignedStatement {
  readonly payload: Uint8Array
  readonly signature: Uint8Array
}

/** Names one version of a device list. */
export interface StatementRef {
  readonly epoch: number
  readonly seq: number
  /** SHA-256 of the statement's payload. */
  readonly hash: Uint8Array
}

export interface AccountLookup {
  /** Of the asker; another than ACCOUNT_VERSION is answered with a refusal. */
  readonly version: number
  readonly accountId: AccountId
}

export type AccountRefusal = 'unknownAccount' | 'version' | 'busy'

/** 'other': a reason of a newer version; read, never written. */
export type AccountAnswer<Reason = AccountRefusal | 'other'> =
  | { readonly type: 'statement', readonly statement: SignedStatement }
  | { readonly type: 'refusal', readonly reason: Reason }

/** A PeerId of the longest key in use (RSA) has 46 characters, one of an Ed25519 key 52; 128 leaves room for CIDs. */
const PEER_ID_TEXT = /^[A-Za-z0-9]{1,128}$/
/** Registration ids of libsignal are 14 bits, not 0. */
const REGISTRATION_ID_MAX = 0x3fff
/** Twice what a full list of today has: room for fields of newer versions. */
const STATEMENT_FIELDS_MAX = 32 + 2 * 6 * DEVICES_MAX + 2 * (2 + ADDRESSES_MAX) * RELAYS_MAX
const SMALL_FIELDS_MAX = 32

export function encodeStatement (statement: Statement): Uint8Array {
  return encodeMessage(pb.StatementSchema, {
    accountId: statement.accountId,
    inception: statement.inception,
    epoch: statement.epoch,
    seq: BigInt(statement.seq),
    ...(statement.previousHash !== undefined && { previousHash: statement.previousHash }),
    devices: statement.devices.map(device => ({ ...device, addedAtMs: BigInt(device.addedAtMs) })),
    relays: statement.relays.map(relayMessage),
    protocolMin: statement.protocolMin,
    issuedAtMs: BigInt(statement.issuedAtMs),
    expiresAtMs: BigInt(statement.expiresAtMs),
    ...(statement.rotation !== undefined && { rotation: statement.rotation })
  })
}

/** Reads a statement's payload; its form is checked, its signatures are not. @throws MalformedError */
export function decodeStatement (payload: Uint8Array): Statement {
  const message = decodeMessage(pb.StatementSchema, payload, { what: 'statement', bytesMax: STATEMENT_BYTES_MAX, fieldsMax: STATEMENT_FIELDS_MAX })
  const statement = {
    accountId: accountId(message.accountId),
    inception: inceptionOf(message.inception),
    epoch: message.epoch,
    seq: safeInteger(message.seq, 'statement sequence'),
    previousHash: message.previousHash.byteLength === 0 ? undefined : sizedBytes(message.previousHash, HASH_BYTES, 'previous hash'),
    devices: message.devices.map(deviceOf),
    relays: relaysOf(message.relays, RELAYS_MAX),
    protocolMin: message.protocolMin,
    issuedAtMs: instantMs(message.issuedAtMs, 'statement time'),
    expiresAtMs: instantMs(message.expiresAtMs, 'statement expiry'),
    rotation: message.rotation === undefined ? undefined : rotationOf(message.rotation)
  }
  checkOrder(statement)
  checkDevices(statement.devices)
  checkRotation(statement)
  return statement
}

export function encodeSignedStatement (signed: SignedStatement): Uint8Array {
  return encodeMessage(pb.SignedStatementSchema, signed)
}

/** @throws MalformedError */
export function decodeSignedStatement (bytes: Uint8Array): SignedStatement {
  const message = decodeMessage(pb.SignedStatementSchema, bytes, { what: 'signed statement', bytesMax: STATEMENT_BYTES_MAX + 256, fieldsMax: SMALL_FIELDS_MAX })
  return signedStatementOf(message)
}

/** For messages that carry a signed statement. @throws MalformedError */
export function signedStatementOf ({ payload, signature }: Pick<pb.SignedStatement, 'payload' | 'signature'>): SignedStatement {
  return {
    payload: boundedBytes(payload, STATEMENT_BYTES_MAX, 'statement'),
    signature: sizedBytes(signature, SIGNATURE_BYTES, 'statement signature')
  }
}

/** For messages that carry a statement's reference. @throws MalformedError */
export function statementRefOf ({ epoch, seq, hash }: Pick<pb.StatementRef, 'epoch' | 'seq' | 'hash'>): StatementRef {
  return { epoch, seq: safeInteger(seq, 'statement sequence'), hash: sizedBytes(hash, HASH_BYTES, 'statement hash') }
}

export function statementRefMessage (ref: StatementRef): MessageInitShape<typeof pb.StatementRefSchema> {
  return { epoch: ref.epoch, seq: BigInt(ref.seq), hash: ref.hash }
}

export function encodeAccountLookup (lookup: AccountLookup): Uint8Array {
  return encodeMessage(pb.AccountLookupSchema, lookup)
}

/** @throws MalformedError */
export function decodeAccountLookup (bytes: Uint8Array): AccountLookup {
  const message = decodeMessage(pb.AccountLookupSchema, bytes, { what: 'account lookup', bytesMax: FRAME_BYTES_MAX, fieldsMax: SMALL_FIELDS_MAX })
  return { version: message.version, accountId: accountId(message.accountId) }
}

const REFUSALS = {
  unknownAccount: pb.AccountRefusal.UNKNOWN_ACCOUNT,
  version: pb.AccountRefusal.VERSION,
  busy: pb.AccountRefusal.BUSY
} as const
const refusalName = namesOf(REFUSALS)

export function encodeAccountAnswer (answer: AccountAnswer<AccountRefusal>): Uint8Array {
  return encodeMessage(pb.AccountAnswerSchema, {
    answer: answer.type === 'statement'
      ? { case: 'statement', value: answer.statement }
      : { case: 'refusal', value: REFUSALS[answer.reason] }
  })
}

/** @throws MalformedError, also when the answer is of a kind that this version does not know */
export function decodeAccountAnswer (bytes: Uint8Array): AccountAnswer {
  const { answer } = decodeMessage(pb.AccountAnswerSchema, bytes, { what: 'account answer', bytesMax: FRAME_BYTES_MAX, fieldsMax: SMALL_FIELDS_MAX })
  switch (answer.case) {
    case 'statement': return { type: 'statement', statement: signedStatementOf(answer.value) }
    case 'refusal': return { type: 'refusal', reason: refusalName(answer.value) }
    case undefined: throw new MalformedError('account answer', 'must hold a statement or a refusal')
  }
}

export function relayMessage ({ peerId, addresses }: ListedRelay): MessageInitShape<typeof pb.RelaySchema> {
  return { peerId, addresses: [...addresses] }
}

/** For messages that name relays. @throws MalformedError */
export function relaysOf (messages: ReadonlyArray<Pick<pb.Relay, 'peerId' | 'addresses'>>, countMax: number): ListedRelay[] {
  if (messages.length > countMax) throw new MalformedError('relays', `must be at most ${countMax}`)
  if (new Set(messages.map(({ peerId }) => peerId)).size < messages.length) throw new MalformedError('relays', 'must not name one twice')
  return messages.map(relayOf)
}

function relayOf ({ peerId, addresses }: Pick<pb.Relay, 'peerId' | 'addresses'>): ListedRelay {
  if (!PEER_ID_TEXT.test(peerId)) throw new MalformedError('peer id', 'must be a PeerId in text form')
  if (addresses.length > ADDRESSES_MAX) throw new MalformedError('relay', `must have at most ${ADDRESSES_MAX} addresses`)
  if (addresses.some(address => address === '' || utf8Bytes(address) > ADDRESS_BYTES_MAX)) throw new MalformedError('address', `must be 1 to ${ADDRESS_BYTES_MAX} bytes`)
  return { peerId, addresses }
}

function inceptionOf (message: pb.Inception | undefined): Inception {
  if (message === undefined) throw new MalformedError('statement', 'must hold the account\'s inception')
  return {
    signingKey: sizedBytes(message.signingKey, PUBLIC_KEY_BYTES, 'signing key'),
    recoveryKey: sizedBytes(message.recoveryKey, PUBLIC_KEY_BYTES, 'recovery key'),
    nonce: sizedBytes(message.nonce, NONCE_BYTES, 'inception nonce')
  }
}

function deviceOf (message: pb.Device): ListedDevice {
  if (!PEER_ID_TEXT.test(message.peerId)) throw new MalformedError('peer id', 'must be a PeerId in text form')
  if (message.registrationId < 1 || message.registrationId > REGISTRATION_ID_MAX) {
    throw new MalformedError('registration id', `must be 1 to ${REGISTRATION_ID_MAX}`)
  }
  return {
    deviceId: deviceId(message.deviceId),
    identityKey: sizedBytes(message.identityKey, IDENTITY_KEY_BYTES, 'identity key'),
    peerId: message.peerId,
    addedAtMs: instantMs(message.addedAtMs, 'device time'),
    consent: sizedBytes(message.consent, CONSENT_BYTES, 'device consent'),
    registrationId: message.registrationId
  }
}

function rotationOf (message: pb.Rotation): Rotation {
  return {
    accountId: accountId(message.accountId),
    epoch: message.epoch,
    signingKey: sizedBytes(message.signingKey, PUBLIC_KEY_BYTES, 'signing key'),
    signature: sizedBytes(message.signature, SIGNATURE_BYTES, 'rotation signature')
  }
}

/** An epoch begins a chain of its own: whoever recovers an account may have nothing but the words. */
function checkOrder ({ seq, previousHash, issuedAtMs, expiresAtMs }: Statement): void {
  if (seq < 1) throw new MalformedError('statement sequence', 'must be at least 1')
  if ((previousHash === undefined) !== (seq === 1)) throw new MalformedError('previous hash', 'must be present in all but the first statement of an epoch')
  if (expiresAtMs <= issuedAtMs) throw new MalformedError('statement expiry', 'must be after the statement\'s time')
}

function checkDevices (devices: readonly ListedDevice[]): void {
  if (devices.length < 1 || devices.length > DEVICES_MAX) throw new MalformedError('statement', `must list 1 to ${DEVICES_MAX} devices`)
  if (new Set(devices.map(device => idKey(device.deviceId))).size < devices.length) throw new MalformedError('statement', 'must not list a device twice')
  if (new Set(devices.map(device => device.peerId)).size < devices.length) throw new MalformedError('statement', 'must not list a peer twice')
}

function checkRotation ({ accountId, epoch, rotation }: Statement): void {
  if ((rotation === undefined) !== (epoch === 0)) throw new MalformedError('rotation', 'must be present exactly when the epoch is above 0')
  if (rotation === undefined) return
  if (rotation.epoch !== epoch) throw new MalformedError('rotation', 'must be of the statement\'s epoch')
  if (idKey(rotation.accountId) !== idKey(accountId)) throw new MalformedError('rotation', 'must be of the statement\'s account')
}
