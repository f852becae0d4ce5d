/** The two cables that a testnet may have, and what either must be able to do. */
import type { Link } from './rules.ts'

export const CABLES = ['userspace', 'namespaces'] as const
export type CableKind = typeof CABLES[number]

/**
 * What stands between a node and the street (RFC 3489, section 5, has the words): nothing; a router that leads all ports inside; one that lets
 * in anybody, only hosts, or only ports that the inside has written to; one with another outer port for each remote; one that
 * passes no UDP.
 */
export const NAT_KINDS = ['none', 'forwarded', 'full-cone', 'restricted', 'port-restricted', 'symmetric', 'blocked-udp'] as const
export type NatKind = typeof NAT_KINDS[number]

/** Where a node is on the cable. */
export interface Place {
  /** What puts a command there; empty: it is where we are. */
  readonly enter: readonly string[]
  /** Where its connections have to go first; undefined: they go where they want to. */
  readonly cablePort: number | undefined
  /** Where its node listens. */
  readonly listen: string
  /** By which address the others reach it, as long as no router is in between. */
  readonly host: string
}

/** A cable that is there, and follows the rules. */
export interface LaidCable extends AsyncDisposable {
  readonly kind: CableKind
  /** What makes its faults, in words. */
  readonly means: string
  readonly place: (name: string) => Place
  /** What has gone from one to another, in bytes. Absent: nobody counts. */
  readonly bytesBetween?: (from: string, to: string) => number
  /** Other lines are cut. */
  readonly recut: () => void
  /** @throws SkeinError when it has no lines like this */
  readonly requireLink: (link: Link) => void
  /** The lines of these nodes are to be others. */
  readonly reline: (names: readonly string[]) => Promise<void>
  /** undefined: there is no router that could be of any kind. */
  readonly natOf: (name: string) => NatKind | undefined
  /** Another router; what the old one remembered is gone. @throws SkeinError when it has none */
  readonly setNat: (name: string, kind: NatKind) => Promise<void>
}
