/**
 * Strangers who take the one-time prekeys of somebody who is away, from all of its relays, with nothing but invites: who comes afterwards
 * begins with the key that is given to many. They speak to the relays with the product's own code, and past the cable.
 */
import { generateNetworkKey } from '../../node/net/identity.ts'
import { Libp2pNetwork } from '../../node/net/network.ts'
import { parseRelayAddress } from '../../node/contacts/relay-address.ts'
import type { PeerTarget } from '../../node/ports.ts'
import { PREKEYS_PROTOCOL } from '../../node/protocols.ts'
import { realClock, realRandom } from '../../node/world.ts'
import { decodeInvite } from '../../protocols/account/invite.ts'
import { RefusedError } from '../../protocols/core/errors.ts'
import { deviceId, type DeviceId } from '../../protocols/core/ids.ts'
import { BUNDLE_NONCE_BYTES, ONE_TIME_BUNDLE_BURST, SHARD_KEYS_MAX } from '../../protocols/core/limits.ts'
import { deriveAlias } from '../../protocols/mailbox/alias.ts'
import { decodeBundleAnswer, encodeBundleRequest, PREKEYS_VERSION } from '../../protocols/prekeys/wire.ts'
import type { Player } from '../net.ts'

/** Each comes with an invite of its own, at which a relay gives out so many; one more finds nothing. */
const STRANGERS = Math.ceil(SHARD_KEYS_MAX / ONE_TIME_BUNDLE_BURST) + 1
/** One that connects is busy for some milliseconds. */
const AT_ONCE = 4

export interface Victim {
  readonly device: DeviceId
  readonly relays: readonly PeerTarget[]
  /** Of invites that work once. */
  readonly tokens: readonly Uint8Array[]
}

/** What strangers have to know, asked while it is there. */
export async function victimOf ({ api }: Player): Promise<Victim> {
  const tokens: Uint8Array[] = []
  for (let count = 0; count < STRANGERS; count++) tokens.push(decodeInvite((await api.call('me.card', { once: true })).link).token)
  const { relays } = await api.call('relays.list', {})
  const { device } = await api.call('me.show', {})
  return { device: deviceId(Buffer.from(device.replaceAll('-', ''), 'hex')), relays: relays.map(({ address }) => parseRelayAddress(address)), tokens }
}

/** Returns how many keys they have got. @throws RefusedError when some are left */
export async function drainPrekeys ({ device, relays, tokens }: Victim): Promise<number> {
  const waiting = [...tokens]
  let taken = 0
  const left = new Set(relays.map(({ peerId }) => peerId))
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let token = waiting.shift(); token !== undefined && left.size > 0; token = waiting.shift()) {
      for (const { peerId, count } of await comeOnce({ device, relays, token })) {
        taken += count
        if (count < ONE_TIME_BUNDLE_BURST) left.delete(peerId)
      }
    }
  }))
  if (left.size > 0) throw new RefusedError(`strangers did not get all prekeys at ${left.size} of ${relays.length} relays`)
  return taken
}

/** One of them, at all relays. */
async function comeOnce ({ device, relays, token }: Pick<Victim, 'device' | 'relays'> & { readonly token: Uint8Array }): Promise<ReadonlyArray<{ readonly peerId: string, readonly count: number }>> {
  const network = new Libp2pNetwork({ networkKey: generateNetworkKey(), listen: [], agentVersion: 'stranger', clock: realClock })
  await network.start()
  try {
    const got = []
    for (const relay of relays) {
      const { alias } = deriveAlias(token, { relay: relay.peerId, device })
      let count = 0
      while (count < ONE_TIME_BUNDLE_BURST && await isOneTime(network, relay, { device, alias })) count++
      got.push({ peerId: relay.peerId, count })
    }
    return got
  } finally {
    await network.stop()
  }
}

async function isOneTime (network: Libp2pNetwork, relay: PeerTarget, { device, alias }: { readonly device: DeviceId, readonly alias: Uint8Array }): Promise<boolean> {
  const request = encodeBundleRequest({ version: PREKEYS_VERSION, deviceId: device, token: undefined, alias, nonce: realRandom.bytes(BUNDLE_NONCE_BYTES) })
  const answer = decodeBundleAnswer(await network.request(relay, PREKEYS_PROTOCOL, request))
  if (answer.type !== 'issued') throw new RefusedError('a relay gives strangers no prekeys now')
  return !answer.bundle.isLastResort
}
