/**
 * Safety numbers: what two people compare, aloud or with a camera, to know that nobody stands between them. Signal's numeric
 * fingerprint over the account and its current signing key: a new phone leaves it alone, a recovered account changes it.
 * Law: docs/protocols/account.md, "Safety number".
 */
import { Fingerprint, LibSignalErrorBase, PublicKey, ScannableFingerprint } from '@signalapp/libsignal-client'
import { concat } from 'uint8arrays'
import { MalformedError } from '../../protocols/core/errors.ts'
import type { AccountId } from '../../protocols/core/ids.ts'
import { owned } from './boundary.ts'

export interface Verifiable {
  readonly accountId: AccountId
  /** The current epoch's Ed25519 public key, 32 bytes. */
  readonly signingKey: Uint8Array
}

export interface SafetyNumber {
  /** 60 digits, the same on both sides. */
  readonly digits: string
  /** For a QR code: shown by one side, compared by the other with `isSameScanned`. */
  readonly scannable: Uint8Array
}

/** Signal's iteration count and fingerprint version 2. About 2 ms for both sides together. */
const ITERATIONS = 5_200
const FINGERPRINT_VERSION = 2
/** libsignal only hashes the key, but wants it in its own form: 0x05 means 32 bytes of Curve25519. */
const KEY_TYPE = Uint8Array.of(0x05)

/** @throws MalformedError when a signing key is not 32 bytes */
export function safetyNumber (ours: Verifiable, theirs: Verifiable): SafetyNumber {
  const fingerprint = Fingerprint.new(
    ITERATIONS, FINGERPRINT_VERSION,
    owned(ours.accountId), typedKey(ours.signingKey),
    owned(theirs.accountId), typedKey(theirs.signingKey)
  )
  return { digits: fingerprint.displayableFingerprint().toString(), scannable: fingerprint.scannableFingerprint().toBuffer() }
}

/** Whether what the camera read on the other side's screen belongs to the same two accounts and keys. */
export function isSameScanned (ours: SafetyNumber, scanned: Uint8Array): boolean {
  try {
    return ScannableFingerprint._fromBuffer(owned(ours.scannable)).compare(ScannableFingerprint._fromBuffer(owned(scanned)))
  } catch (thrown) {
    if (thrown instanceof LibSignalErrorBase) return false
    throw thrown
  }
}

function typedKey (signingKey: Uint8Array): PublicKey {
  if (signingKey.byteLength !== 32) throw new MalformedError('signing key', 'must be 32 bytes')
  return PublicKey.deserialize(owned(concat([KEY_TYPE, signingKey])))
}
