/**
 * Finds peers on the same local network (mDNS): two laptops in one train talk without the internet, whatever address each had
 * before. What is announced is a PeerId and the addresses on this network. docs/protocols/transport.md, "On one local network".
 */
import { start, stop } from '@libp2p/interface'
import type { PeerDiscovery } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { isDialable } from './addresses.ts'
import { variantOf, type HostComponents } from './host.ts'

export interface LanParts {
  readonly components: HostComponents
  /** Ours on this network. */
  readonly addresses: () => readonly string[]
  /** A peer is here, or has another address. */
  readonly onFound: (peerId: string) => void
}

/** Not the tag that IPFS nodes ask for: they are of no use to us, nor we to them. */
const SERVICE_TAG = '_skein._udp.local'
/** A question to everybody; each answers. Who comes new asks at once, so there is no hurry. */
const ASK_MS = 5 * 60_000
/** More neighbours than that are no neighbours. */
const PEERS_MAX = 256

export class Lan {
  readonly #parts: LanParts
  readonly #found = new Map<string, readonly string[]>()
  #discovery: PeerDiscovery | undefined

  constructor (parts: LanParts) { this.#parts = parts }

  /** Part of libp2p's start. */
  async start (): Promise<void> {
    const { components: { peerId, logger, addressManager }, addresses } = this.#parts
    // Loaded here: a node that is not on a local network needs none of it.
    const { mdns } = await import('@libp2p/mdns')
    const discovery = mdns({ serviceTag: SERVICE_TAG, interval: ASK_MS })({
      logger,
      // libp2p's own list is empty, so that identify tells strangers nothing.
      addressManager: variantOf(addressManager, { getAddresses: () => addresses().map(address => multiaddr(`${address}/p2p/${peerId.toString()}`)) })
    })
    this.#discovery = discovery
    discovery.addEventListener('peer', ({ detail: { id, multiaddrs } }) => {
      this.#remember(id.toString(), multiaddrs.map(address => address.toString()).filter(isDialable))
    })
    await start(discovery)
  }

  async stop (): Promise<void> {
    if (this.#discovery !== undefined) await stop(this.#discovery)
  }

  /** Where a peer on this network answers. */
  addressesOf (peerId: string): readonly string[] { return this.#found.get(peerId) ?? [] }

  count (): number { return this.#found.size }

  #remember (peerId: string, addresses: readonly string[]): void {
    const isNews = this.#found.get(peerId)?.join() !== addresses.join()
    this.#found.delete(peerId)
    this.#found.set(peerId, addresses)
    const [oldest] = this.#found.keys()
    if (this.#found.size > PEERS_MAX && oldest !== undefined) this.#found.delete(oldest)
    if (isNews) this.#parts.onFound(peerId)
  }
}
