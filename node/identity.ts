/** The keys of a device: libsignal's and libp2p's, made together. */
import { signConsent } from './crypto/consent.ts'
import { generateIdentity, identityWithKey, type Identity } from './crypto/keys.ts'
import { localOf } from './crypto/local.ts'
import { generateNetworkKey, networkKeyFrom, peerIdOf } from './net/identity.ts'
import type { OwnIdentity } from './ports.ts'

export function newIdentity (): OwnIdentity { return ownIdentity(generateIdentity(), generateNetworkKey()) }

/** Of keys that are there already. @param secrets X25519 and Ed25519, 32 bytes each */
export function identityFrom (secrets: { readonly identity: Uint8Array, readonly network: Uint8Array }): OwnIdentity {
  return ownIdentity(identityWithKey(secrets.identity), networkKeyFrom(secrets.network))
}

function ownIdentity ({ deviceId, identityKey, publicKey, registrationId }: Identity, networkKey: Uint8Array): OwnIdentity {
  const { identity } = localOf({ deviceId, identityKey, registrationId })
  return {
    deviceId,
    identityKey,
    publicIdentityKey: publicKey,
    registrationId,
    networkKey,
    peerId: peerIdOf(networkKey),
    signConsent: account => signConsent(identity.privateKey, account)
  }
}
