/**
 * Multiaddrs: which of ours we tell others, which of theirs we dial, and their two forms, bytes and text. All are
 * without the `/p2p/…` part of whom they lead to. docs/protocols/transport.md, "Addresses".
 */
import { BlockList, isIPv6 } from 'node:net'
import { multiaddr } from '@multiformats/multiaddr'
import type { Component, Multiaddr } from '@multiformats/multiaddr'
import { MalformedError } from '../../protocols/core/errors.ts'
import { ADDRESSES_MAX, ADDRESS_BYTES_MAX } from '../../protocols/core/limits.ts'
import type { PeerTarget } from '../ports.ts'

/** Where an address leads: what is dialled or listened on. */
export interface Place {
  readonly host: string
  readonly isName: boolean
  readonly port: number
  readonly transport: 'tcp' | 'ws' | 'wss'
}

export interface OwnAddresses {
  /** What the operator says: a name, a forwarded port, the outside of a proxy. Told first and unchanged. */
  readonly announce: readonly string[]
  /** What the configuration listens on. */
  readonly listen: readonly string[]
  /** What the listeners have, with real ports and with `0.0.0.0` and `::` expanded to the addresses of the interfaces. */
  readonly bound: readonly string[]
  /** What a relay has found to answer from outside: a forwarded port that nobody announced. */
  readonly verified?: readonly string[]
  /** Through our relays: they stay when the list is too long, since the others may all lead nowhere. */
  readonly circuits?: readonly string[]
}

/** Our addresses for others, best first: announced, verified, public, private; loopback when it is meant or nothing else is there; circuits. */
export function addressesToTell ({ announce, listen, bound, verified = [], circuits = [] }: OwnAddresses): string[] {
  const isLoopbackMeant = listen.some(address => kindOf(address) === 'loopback')
  const ofKind = (kind: AddressKind): string[] => bound.filter(address => kindOf(address) === kind)
  const wide = [...announce, ...verified, ...ofKind('public'), ...ofKind('private')]
  const all = isLoopbackMeant || wide.length === 0 ? [...wide, ...ofKind('loopback')] : wide
  const relayed = circuits.slice(0, CIRCUIT_ADDRESSES_MAX)
  return [...[...new Set(all)].slice(0, ADDRESSES_MAX - relayed.length), ...relayed]
}

/** The relay that a circuit's address leads through, or undefined when the address is none. */
export function circuitRelayOf (address: string): PeerTarget | undefined {
  const { base, peerId } = CIRCUIT.exec(address)?.groups ?? {}
  if (base === undefined || peerId === undefined || !isDialable(base)) return undefined
  return { peerId, addresses: [base] }
}

/** Whether only this machine can use it. */
export function isLoopback (address: string): boolean { return kindOf(address) === 'loopback' }

/** Whether an address of our own leads past our router: public and verified ones do, as far as anyone can tell. */
export function isPublic (address: string): boolean { return kindOf(address) === 'public' }

/**
 * Whether an address that a stranger hands us may be dialled at all: one host, one port, a transport that we speak.
 * Private and loopback addresses may: peers meet in one house, and Noise tells at once when it is somebody else.
 */
export function isDialable (address: string): boolean {
  const place = placeOf(address)
  return place !== undefined && place.port > 0 && (place.isName || !listed(unroutable, place.host))
}

/** Where an address leads, or undefined when it has a form that we neither dial nor listen on. */
export function placeOf (address: string): Place | undefined {
  const parsed = tryParse(address)
  return parsed === undefined ? undefined : placeOfComponents(parsed.getComponents())
}

/** As `placeOf`, for the components of a parsed address. */
export function placeOfComponents (components: readonly Component[]): Place | undefined {
  const [host, port, ...rest] = components
  if (host?.value === undefined || port?.value === undefined || port.name !== 'tcp' || !HOSTS.has(host.name)) return undefined
  const transport = TRANSPORTS.get(rest.map(component => component.name).join('/'))
  if (transport === undefined) return undefined
  return { host: host.value, isName: host.name.startsWith('dns'), port: Number(port.value), transport }
}

/** @throws MalformedError unless `address` is a multiaddr of at most ADDRESS_BYTES_MAX bytes */
export function addressToBytes (address: string): Uint8Array {
  const bytes = tryParse(address)?.bytes
  if (bytes === undefined || bytes.byteLength === 0 || bytes.byteLength > ADDRESS_BYTES_MAX) throw malformed()
  return bytes
}

/** @throws MalformedError unless `bytes` are a multiaddr of at most ADDRESS_BYTES_MAX bytes */
export function addressFromBytes (bytes: Uint8Array): string {
  const address = bytes.byteLength === 0 || bytes.byteLength > ADDRESS_BYTES_MAX ? undefined : tryParse(bytes)
  if (address === undefined) throw malformed()
  return address.toString()
}

type AddressKind = 'public' | 'private' | 'loopback' | 'useless'

const CIRCUIT = /^(?<base>\/.+)\/p2p\/(?<peerId>[^/]+)\/p2p-circuit$/
/** One for each of the relays that most people have. */
const CIRCUIT_ADDRESSES_MAX = 3

/** No dnsaddr: its records lead to any number of further names. */
const HOSTS = new Set(['ip4', 'ip6', 'dns', 'dns4', 'dns6'])
const TRANSPORTS = new Map<string, Place['transport']>([
  ['', 'tcp'], ['ws', 'ws'], ['wss', 'wss'], ['tls/ws', 'wss'], ['tls/sni/ws', 'wss']
])

/** Text of the longest address that is parsed: each byte takes at most four characters. */
const ADDRESS_TEXT_LENGTH_MAX = 4 * ADDRESS_BYTES_MAX

function kindOf (address: string): AddressKind {
  const place = placeOf(address)
  if (place === undefined) return 'useless'
  if (place.isName) return 'public'
  if (listed(loopback, place.host)) return 'loopback'
  if (listed(unroutable, place.host)) return 'useless'
  return listed(inside, place.host) ? 'private' : 'public'
}

/** RFC 1122 "this host", RFC 5771 multicast, RFC 1112 reserved with broadcast; link-local needs a zone that no one else has. */
const unroutable = blockList([
  ['0.0.0.0', 8], ['169.254.0.0', 16], ['224.0.0.0', 4], ['240.0.0.0', 4], ['::', 128], ['fe80::', 10], ['ff00::', 8]
])
const loopback = blockList([['127.0.0.0', 8], ['::1', 128]])
/** RFC 1918, RFC 6598 (carriers' NAT), RFC 4193. */
const inside = blockList([['10.0.0.0', 8], ['100.64.0.0', 10], ['172.16.0.0', 12], ['192.168.0.0', 16], ['fc00::', 7]])

function blockList (subnets: ReadonlyArray<readonly [network: string, prefix: number]>): BlockList {
  const list = new BlockList()
  for (const [network, prefix] of subnets) list.addSubnet(network, prefix, familyOf(network))
  return list
}

function listed (list: BlockList, host: string): boolean { return list.check(host, familyOf(host)) }

function familyOf (host: string): 'ipv4' | 'ipv6' { return isIPv6(host) ? 'ipv6' : 'ipv4' }

function tryParse (address: string | Uint8Array): Multiaddr | undefined {
  if (typeof address === 'string' && address.length > ADDRESS_TEXT_LENGTH_MAX) return undefined
  try {
    return multiaddr(address)
  } catch {
    return undefined
  }
}

function malformed (): MalformedError {
  return new MalformedError('address', `must be a multiaddr of at most ${ADDRESS_BYTES_MAX} bytes`)
}
