/** The keys of a new device: libsignal's and libp2p's, made together. */
import { signConsent } from './crypto/consent.ts'
import { generateIdentity } from './crypto/keys.ts'
import { localOf } from './crypto/local.ts'
import { generateNetworkKey, peerIdOf } from './net/identity.ts'
import type { OwnIdentity } from './ports.ts'

export function newIdentity (): OwnIdentity {
  const { deviceId, identityKey, publicKey, registrationId } = generateIdentity()
  const networkKey = generateNetworkKey()
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
