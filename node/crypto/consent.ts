/** A device's consent to belong to an account: nobody can list somebody else's device. Law: docs/protocols/account.md, "Devices". */
import type { PrivateKey } from '@signalapp/libsignal-client'
import { concat, fromString } from 'uint8arrays'
import type { AccountId } from '../../protocols/core/ids.ts'
import { owned, publicKeyOrNone } from './boundary.ts'

/** What the signature is for, so that it is good for nothing else. */
const CONSENT_DOMAIN = fromString('skein/consent/v1')

/** XEd25519, 64 bytes. */
export function signConsent (identity: PrivateKey, account: AccountId): Uint8Array {
  return identity.sign(signedBytes(account))
}

/** Never throws, whatever the inputs. */
export function verifyConsent (identityKey: Uint8Array, account: AccountId, consent: Uint8Array): boolean {
  return publicKeyOrNone(identityKey)?.verify(signedBytes(account), owned(consent)) ?? false
}

function signedBytes (account: AccountId): Uint8Array<ArrayBuffer> {
  return owned(concat([CONSENT_DOMAIN, account]))
}
