/**
 * An account's device list as a claim that anybody can check: made and signed here, and verified whoever hands it on, so
 * that no server needs to be trusted with it. Which of two verified lists counts is for accept.ts. Law:
 * docs/protocols/account.md, "Statements".
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { equals } from 'uint8arrays'
import { MalformedError } from '../core/errors.ts'
import type { AccountId } from '../core/ids.ts'
import { invariant } from '../core/invariant.ts'
import { STATEMENT_LIFETIME_MS, STATEMENT_REFRESH_MS } from '../core/limits.ts'
import { isSignedBy, sign } from '../core/signed.ts'
import { accountIdOf, deviceIdOf } from './identity.ts'
import { isRotationOf } from './rotation.ts'
import { decodeStatement, encodeStatement, type Inception, type ListedDevice, type ListedRelay, type Rotation, type SignedStatement, type Statement, type StatementRef } from './wire.ts'

declare const verified: unique symbol

/** A statement whose every signature holds: only `verifyStatement` makes one. */
export type VerifiedStatement = Statement & {
  readonly [verified]: true
  /** SHA-256 of the payload: names this version of the list. */
  readonly hash: Uint8Array
  /** Ed25519 public key that signs in this epoch; half of the safety number. */
  readonly currentKey: Uint8Array
}

/** libsignal's check that the holder of `identityKey` signed the account id. */
export type VerifyConsent = (identityKey: Uint8Array, account: AccountId, consent: Uint8Array) => boolean

/**
 * Believes a statement, or says which rule it breaks. Whether it is expired, older or contradicts another is not asked here.
 * @throws MalformedError
 */
export function verifyStatement (signed: SignedStatement, verifyConsent: VerifyConsent): VerifiedStatement {
  const statement = decodeStatement(signed.payload)
  const { accountId, inception, rotation, devices } = statement
  // Cheap checks first: a stranger's bytes must not cost us curve arithmetic before they are even consistent.
  if (!equals(accountIdOf(inception), accountId)) throw new MalformedError('statement', 'its inception must hash to its account id')
  for (const device of devices) {
    if (!equals(deviceIdOf(device.identityKey), device.deviceId)) throw new MalformedError('statement', 'a device id must be the hash of the device\'s identity key')
  }
  if (rotation !== undefined && !isRotationOf(rotation, inception)) throw new MalformedError('rotation', 'must be signed by the account\'s recovery key')
  const currentKey = rotation?.signingKey ?? inception.signingKey
  if (!isSignedBy({ domain: 'skein/statement/v1', bytes: signed.payload, signature: signed.signature, publicKey: currentKey })) {
    throw new MalformedError('statement', 'must be signed by the signing key of its epoch')
  }
  // Nobody can list a device that did not agree to belong to the account.
  for (const device of devices) {
    if (!verifyConsent(device.identityKey, accountId, device.consent)) throw new MalformedError('statement', 'every device must have signed the account id')
  }
  // The one place that may say so: every rule has been checked above.
  return { ...statement, hash: statementHash(signed.payload), currentKey } as VerifiedStatement
}

/** Names a statement: SHA-256 of the bytes that were signed. */
export function statementHash (payload: Uint8Array): Uint8Array {
  return sha256(payload)
}

export function refOf ({ epoch, seq, hash }: VerifiedStatement): StatementRef {
  return { epoch, seq, hash }
}

export interface FirstStatement {
  readonly inception: Inception
  readonly devices: readonly ListedDevice[]
  readonly protocolMin: number
  readonly nowMs: number
}

/** The statement with which an account begins. */
export function firstStatement ({ inception, devices, protocolMin, nowMs }: FirstStatement): Statement {
  return {
    accountId: accountIdOf(inception),
    inception,
    epoch: 0,
    seq: 1,
    previousHash: undefined,
    devices,
    relays: [],
    protocolMin,
    issuedAtMs: nowMs,
    expiresAtMs: nowMs + STATEMENT_LIFETIME_MS,
    rotation: undefined
  }
}

export interface NextStatement {
  readonly devices?: readonly ListedDevice[]
  readonly relays?: readonly ListedRelay[]
  readonly protocolMin?: number
  /** Begins a new epoch. */
  readonly rotation?: Rotation
  readonly nowMs: number
}

/** The statement after `held`: other devices, or the same ones for another month. */
export function nextStatement (held: VerifiedStatement, { devices = held.devices, relays = held.relays, protocolMin = held.protocolMin, rotation, nowMs }: NextStatement): Statement {
  invariant(rotation === undefined || rotation.epoch > held.epoch, 'a rotation raises the epoch')
  return {
    accountId: held.accountId,
    inception: held.inception,
    epoch: rotation?.epoch ?? held.epoch,
    seq: rotation === undefined ? held.seq + 1 : 1,
    previousHash: rotation === undefined ? held.hash : undefined,
    devices,
    relays,
    protocolMin,
    issuedAtMs: nowMs,
    expiresAtMs: nowMs + STATEMENT_LIFETIME_MS,
    rotation: rotation ?? held.rotation
  }
}

/**
 * Signs our own statement. `signingKey` is the secret half of the epoch's key.
 * @throws MalformedError when others would refuse the form of what we are about to sign
 */
export function signStatement (statement: Statement, signingKey: Uint8Array): SignedStatement {
  const payload = encodeStatement(statement)
  decodeStatement(payload)
  return { payload, signature: sign('skein/statement/v1', payload, signingKey) }
}

/** An expired list is stale, not false: it stands until a fresher one is found, but one is looked for before sending. */
export function isExpired ({ expiresAtMs }: Pick<Statement, 'expiresAtMs'>, nowMs: number): boolean {
  return nowMs >= expiresAtMs
}

/** Whether it is time to sign our own list again, long before it expires. A clock set back also asks for it. */
export function isRefreshDue ({ issuedAtMs }: Statement, nowMs: number): boolean {
  return Math.abs(nowMs - issuedAtMs) >= STATEMENT_REFRESH_MS
}
