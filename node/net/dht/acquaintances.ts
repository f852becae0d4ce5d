/**
 * Peers of the DHT and where they answer, as others have told us: kad-dht's peer store. Apart from libp2p's own, since every
 * stranger can fill it, and bounded for the same reason.
 */
import { NotFoundError, type Peer, type PeerData, type PeerId, type PeerInfo, type PeerStore } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'
import { ADDRESSES_MAX, DHT_PEERS_MAX } from '../../../protocols/core/limits.ts'
import { isDialable } from '../addresses.ts'
import { variantOf } from '../host.ts'

export class Acquaintances {
  /** Multiaddrs without `/p2p/…`, by PeerId; who was heard of last is last. */
  readonly #addresses = new Map<string, readonly string[]>()

  /** Takes what can be dialled; later news come first. */
  note (peerId: string, addresses: readonly string[]): void {
    const news = addresses.map(address => bare(address, peerId)).filter(isDialable)
    const known = [...new Set([...news, ...this.#addresses.get(peerId) ?? []])].slice(0, ADDRESSES_MAX)
    if (known.length === 0) return
    this.#addresses.delete(peerId)
    this.#addresses.set(peerId, known)
    const [oldest] = this.#addresses.keys()
    if (oldest !== undefined && this.#addresses.size > DHT_PEERS_MAX) this.#addresses.delete(oldest)
  }

  /** To dial: Noise then refuses whoever else answers there. */
  targets (peerId: PeerId): Multiaddr[] {
    return this.#of(peerId).map(address => multiaddr(`${address}/p2p/${peerId.toString()}`))
  }

  /** As much of a peer store as kad-dht uses; `real` for the rest of its type. */
  asPeerStore (real: PeerStore): PeerStore {
    return variantOf(real, {
      get: peerId => settle(() => this.#peer(peerId)),
      getInfo: peerId => settle(() => this.#info(peerId)),
      all: () => Promise.resolve([]),
      has: peerId => Promise.resolve(this.#of(peerId).length > 0),
      // Tags are of no use here: connections that nobody uses may go.
      merge: (peerId, { multiaddrs }: PeerData) => settle(() => {
        if (multiaddrs !== undefined) this.note(peerId.toString(), multiaddrs.map(String))
        return this.#peer(peerId)
      }),
      delete: peerId => settle(() => { this.#addresses.delete(peerId.toString()) })
    })
  }

  #of (peerId: PeerId): readonly string[] { return this.#addresses.get(peerId.toString()) ?? [] }

  #info (id: PeerId): PeerInfo {
    const addresses = this.#of(id)
    // kad-dht leaves out whom its peer store does not know.
    if (addresses.length === 0) throw new NotFoundError()
    return { id, multiaddrs: addresses.map(address => multiaddr(address)) }
  }

  #peer (id: PeerId): Peer {
    const { multiaddrs } = this.#info(id)
    return { id, addresses: multiaddrs.map(address => ({ multiaddr: address, isCertified: false })), protocols: [], metadata: new Map(), tags: new Map() }
  }
}

function bare (address: string, peerId: string): string {
  const suffix = `/p2p/${peerId}`
  return address.endsWith(suffix) ? address.slice(0, -suffix.length) : address
}

async function settle<Value> (work: () => Value): Promise<Value> { return await Promise.resolve().then(work) }
