/** Ana's account with keys that are always the same, and a consent check that stands in for libsignal's. */
import { equals } from 'uint8arrays'
import { deviceIdOf, accountIdOf } from '../../../protocols/account/identity.ts'
import { recoveryKeyOf } from '../../../protocols/account/recovery.ts'
import { firstStatement, signStatement, verifyStatement, type VerifiedStatement } from '../../../protocols/account/statement.ts'
import type { Inception, ListedDevice, SignedStatement, Statement } from '../../../protocols/account/wire.ts'
import type { AccountId } from '../../../protocols/core/ids.ts'
import { domainHash, publicKeyOf } from '../../../protocols/core/signed.ts'

export const NOW_MS = 1_795_000_000_000

const anaSigning = new Uint8Array(32).fill(1)
const anaEntropy = new Uint8Array(32).fill(2)
export const anaRecovery = recoveryKeyOf(anaEntropy)
export const malloryKey = new Uint8Array(32).fill(66)

export const anaInception: Inception = {
  signingKey: publicKeyOf(anaSigning),
  recoveryKey: publicKeyOf(anaRecovery),
  nonce: new Uint8Array(16).fill(3)
}
export const ana: AccountId = accountIdOf(anaInception)

/** Deterministic and checkable, which is all that a statement asks of a consent. */
export function consentOf (identityKey: Uint8Array, account: AccountId): Uint8Array {
  const half = domainHash('skein/account/v1', Uint8Array.from([...identityKey, ...account]))
  return Uint8Array.from([...half, ...half])
}

export function isConsent (identityKey: Uint8Array, account: AccountId, consent: Uint8Array): boolean {
  return equals(consent, consentOf(identityKey, account))
}

export function deviceOf (account: AccountId, number: number): ListedDevice {
  const identityKey = Uint8Array.of(5, ...new Uint8Array(32).fill(number))
  return {
    deviceId: deviceIdOf(identityKey),
    identityKey,
    peerId: `12D3KooW${String(number).padStart(44, 'A')}`,
    addedAtMs: NOW_MS,
    consent: consentOf(identityKey, account),
    registrationId: number + 1
  }
}

export function anasFirst (devices: readonly ListedDevice[] = [deviceOf(ana, 10)]): Statement {
  return firstStatement({ inception: anaInception, devices, protocolMin: 1, nowMs: NOW_MS })
}

export function signedByAna (statement: Statement): SignedStatement {
  return signStatement(statement, anaSigning)
}

export function verifiedOfAna (statement: Statement): VerifiedStatement {
  return verifyStatement(signedByAna(statement), isConsent)
}
