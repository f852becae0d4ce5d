/**
 * A prekey bundle for a device: from the device itself, which has the most keys, or from a relay of its account, which is there when the
 * device is not. Whoever hands it out is believed nothing: its signatures are checked against the accepted device list (the sealer
 * does it). Law: docs/protocols/prekeys.md.
 */
import { MalformedError, UnreachableError } from '../../protocols/core/errors.ts'
import { idKey } from '../../protocols/core/ids.ts'
import { BUNDLE_NONCE_BYTES } from '../../protocols/core/limits.ts'
import { networkKeyOf } from '../../protocols/core/peer-id.ts'
import { inDomain } from '../../protocols/core/signed.ts'
import { decodeBundleAnswer, encodeBundleRequest, issuedSigningInput, PREKEYS_VERSION, type Bundle } from '../../protocols/prekeys/wire.ts'
import type { Contact, Device } from '../../store/types.ts'
import type { Destination, Destinations } from '../contacts/copies.ts'
import type { Clock, Network, Random } from '../ports.ts'
import { PREKEYS_PROTOCOL } from '../protocols.ts'
import { firstOf } from './first-of.ts'
import type { VerifySignature } from './relay-lane.ts'

export interface BundlesParts {
  readonly network: Network
  readonly clock: Clock
  readonly random: Random
  readonly destinations: Destinations
  readonly verify: VerifySignature
}

/** A bundle, and which relay gave it; undefined: the device did. */
export interface Fetched { readonly bundle: Bundle, readonly relay: string | undefined }

/** @throws UnreachableError when neither the device nor a relay hands one out */
export async function fetchBundle (device: Device, contact: Contact, parts: BundlesParts): Promise<Fetched> {
  const { deviceId } = device
  const { inviteToken: token } = contact
  const relays = parts.destinations.of({ contact: contact.contact, deviceId, gateToken: contact.standing === 'requested' ? token : undefined })
  const direct = async (): Promise<Fetched> => ({ bundle: await askDevice(device, token, parts), relay: undefined })
  if (relays.length === 0) return await direct()
  const { clock } = parts
  return await firstOf({ first: direct, second: async () => await askRelays(relays, device, parts), clock, failure: 'neither the device nor a relay of its account hands out prekeys now' })
}

async function askDevice (device: Device, token: Uint8Array | undefined, { network }: BundlesParts): Promise<Bundle> {
  const { deviceId, peerId, addresses } = device
  const answer = decodeBundleAnswer(await network.request({ peerId, addresses }, PREKEYS_PROTOCOL, encodeBundleRequest({ version: PREKEYS_VERSION, deviceId, token })))
  if (answer.type !== 'bundle') throw new UnreachableError('the device hands out no prekeys to us now')
  return answer.bundle
}

/** One relay after the other: each gives a key of its own away. The key that is given to many is for when there is no other. */
async function askRelays (relays: readonly Destination[], device: Device, parts: BundlesParts): Promise<Fetched> {
  let failure = new UnreachableError('no relay of the contact answers')
  let lastResort: Fetched | undefined
  for (const destination of relays) {
    const relay = destination.relay.peerId
    try {
      const bundle = await askRelay(destination, device, parts)
      if (!bundle.isLastResort) return { bundle, relay }
      lastResort ??= { bundle, relay }
    } catch (error) {
      if (!(error instanceof UnreachableError || error instanceof MalformedError)) throw error
      if (error instanceof MalformedError) parts.destinations.demote(relay)
      failure = new UnreachableError(error.message)
    }
  }
  if (lastResort !== undefined) return lastResort
  throw failure
}

async function askRelay ({ relay, door }: Destination, { deviceId }: Device, { network, random, verify }: BundlesParts): Promise<Bundle> {
  const nonce = random.bytes(BUNDLE_NONCE_BYTES)
  const answer = decodeBundleAnswer(await network.request(relay, PREKEYS_PROTOCOL, encodeBundleRequest({ version: PREKEYS_VERSION, deviceId, token: undefined, alias: door.alias, nonce })))
  if (answer.type !== 'issued') throw new UnreachableError('the relay hands out no prekeys to us now')
  const { bundle, bundleBytes, relayTimeMs, signature } = answer
  const key = networkKeyOf(relay.peerId)
  const isSigned = key !== undefined && verify(key, inDomain('skein/issued/v1', issuedSigningInput({ bundleBytes, nonce, relayTimeMs })), signature)
  if (!isSigned || idKey(bundle.deviceId) !== idKey(deviceId)) throw new MalformedError('issued bundle', 'must be of the device that was asked for, and signed by the relay')
  return bundle
}
