/** A relay as people write it down: where it is, and at the end who answers there. */
import { UsageError } from '../../protocols/core/errors.ts'
import { ADDRESS_BYTES_MAX } from '../../protocols/core/limits.ts'
import type { PeerTarget } from '../ports.ts'

/** Scripts join an address and a PeerId, though the address has it already: said twice it is the same. */
const ADDRESS = /^(?<address>\/.+?)\/p2p\/(?<peerId>[A-Za-z0-9]{1,128})(?:\/p2p\/\k<peerId>)?$/

/** @throws UsageError */
export function parseRelayAddress (text: string): PeerTarget {
  const { address, peerId } = ADDRESS.exec(text.trim())?.groups ?? {}
  if (address === undefined || peerId === undefined || address.includes('/p2p/') !== address.includes('/p2p-circuit') || Buffer.byteLength(address) > ADDRESS_BYTES_MAX) {
    throw new UsageError('a relay\'s address is a multiaddr that ends in /p2p/ and its peer id', 'Its operator sees it with: skein relay status. Example: /ip4/203.0.113.7/tcp/4040/p2p/12D3KooW…')
  }
  if (address.includes('/p2p-circuit')) throw new UsageError('a relay that is itself reached through a relay keeps no mailboxes', 'Use its own address.')
  return { peerId, addresses: [address] }
}

/** The best address, as `parseRelayAddress` reads it. */
export function relayAddressText ({ peerId, addresses: [best] }: PeerTarget): string {
  return `${best ?? ''}/p2p/${peerId}`
}
