/** Relays for the tests of paths, as far as the network knows them: they serve circuits, and keep no mailboxes. */
import type { Libp2pNetwork, Libp2pNetworkOptions } from '../../../node/net/network.ts'
import type { RelayDuties } from '../../../node/net/relay-duties.ts'
import type { PeerTarget } from '../../../node/ports.ts'
import { newNetwork } from './neighbours.ts'

/** Started. */
export async function newRelay (duties: RelayDuties = {}, options: Partial<Libp2pNetworkOptions> = {}): Promise<Libp2pNetwork> {
  const relay = newNetwork({ relay: duties, ...options })
  await relay.start()
  return relay
}

/** Waits until `network` has a place at so many of its relays. */
export async function isReserved (network: Libp2pNetwork, count = 1): Promise<void> {
  await eventually(() => network.relays().filter(({ state }) => state === 'reserved').length >= count)
}

/** A peer as others know it who can reach it through `relay` only. */
export function throughOnly ({ peerId }: Libp2pNetwork, relay: Libp2pNetwork): PeerTarget {
  return { peerId, addresses: relay.addresses().map(address => `${address}/p2p/${relay.peerId}/p2p-circuit`) }
}

/** What no event tells is looked at again and again, for as long as mocha lets the test run. */
export async function eventually (isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise<void>(resolve => { setTimeout(resolve, 5) })
}
