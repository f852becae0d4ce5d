/**
 * A new signing key for an account, given by its recovery key alone: whoever steals the signing key cannot stay, and cannot
 * pass it on. Law: docs/protocols/account.md, "Rotation".
 */
import { concat } from 'uint8arrays'
import type { AccountId } from '../core/ids.ts'
import { invariant } from '../core/invariant.ts'
import { isSignedBy, PUBLIC_KEY_BYTES, sign } from '../core/signed.ts'
import type { Inception, Rotation } from './wire.ts'

export type RotationDraft = Pick<Rotation, 'accountId' | 'epoch' | 'signingKey'>

/** `recoveryKey` is the secret half (recovery.ts). */
export function signRotation (draft: RotationDraft, recoveryKey: Uint8Array): Rotation {
  invariant(draft.epoch > 0, 'a rotation begins an epoch above 0')
  return { ...draft, signature: sign('skein/rotation/v1', canonicalRotation(draft), recoveryKey) }
}

/** Whether the account's own recovery key gave this signing key. */
export function isRotationOf (rotation: Rotation, inception: Inception): boolean {
  return isSignedBy({ domain: 'skein/rotation/v1', bytes: canonicalRotation(rotation), signature: rotation.signature, publicKey: inception.recoveryKey })
}

/** Account id (32), epoch (4, big-endian), signing key (32). */
function canonicalRotation ({ accountId, epoch, signingKey }: { readonly accountId: AccountId, readonly epoch: number, readonly signingKey: Uint8Array }): Uint8Array {
  invariant(signingKey.byteLength === PUBLIC_KEY_BYTES, 'an Ed25519 public key has 32 bytes')
  const epochBytes = new Uint8Array(4)
  new DataView(epochBytes.buffer).setUint32(0, epoch)
  return concat([accountId, epochBytes, signingKey])
}
