/** Our own device's part in every libsignal call. */
import { IdentityKeyPair } from '@signalapp/libsignal-client'
import type { ProtocolAddress } from '@signalapp/libsignal-client'
import type { DeviceId } from '../../protocols/core/ids.ts'
import type { Own } from '../../store/types.ts'
import { addressOf, owned } from './boundary.ts'

export interface Local {
  readonly device: DeviceId
  readonly address: ProtocolAddress
  readonly identity: IdentityKeyPair
  readonly registrationId: number
}

/** What of our own row concerns the ratchet: also known before there is a row, while an account is being made. */
export type OwnDevice = Pick<Own, 'deviceId' | 'identityKey' | 'registrationId'>

export function localOf ({ deviceId, identityKey, registrationId }: OwnDevice): Local {
  return { device: deviceId, address: addressOf(deviceId), identity: IdentityKeyPair.deserialize(owned(identityKey)), registrationId }
}
