/** A testnet as talk and faults see it: real processes (testnet.ts), or a simulated world (simulation/). */
import type { OperationName, Params, Result } from '../protocols/local/operations.ts'
import type { NatKind } from './cable/kinds.ts'
import type { Link } from './cable/rules.ts'
import type { Kind } from './plan.ts'

/** What a running core can do; the rest is about files and processes. */
export type PlayerOperation = Exclude<OperationName, 'doctor' | 'stop'>

export interface Player {
  readonly name: string
  readonly kind: Kind
  readonly isUp: boolean
  readonly isPaused: boolean
  /** A relay's, as users add it. */
  readonly address: string | undefined
  /** Of a user's node. */
  readonly api: { readonly call: <Name extends PlayerOperation>(name: Name, params: Params<Name>) => Promise<Result<Name>> }
  readonly pause: () => void
  readonly resume: () => void
  readonly skew: (skewMs: number) => void
}

export interface Net {
  readonly members: readonly Player[]
  readonly member: (name: string) => Player
  /** Does nothing when it is up. */
  readonly start: (name: string) => Promise<void>
  readonly crash: (name: string, losesDisk?: boolean) => Promise<void>
  /** Of a relay: what a backup would hold. */
  readonly keepCopy: (name: string) => Promise<void>
  readonly restoreCopy: (name: string) => Promise<void>
  /** Returns what heals it. */
  readonly partition: (left: readonly string[], right: readonly string[]) => () => void
  readonly heal: () => void
  readonly link: (names: readonly string[], link: Link) => Promise<void> | void
  readonly linkOf: (name: string) => Link
  /** What nodes stand on, and who comes from outside. Absent: there are no routers, disks, power, other versions or strangers in this world (scenario/virtual.ts). */
  readonly ground?: Ground
}

export interface Ground {
  readonly setNat: (name: string, kind: NatKind) => Promise<void>
  readonly fillDisk: (name: string, leaveBytes?: number) => Promise<void>
  readonly freeDisk: (name: string) => Promise<void>
  readonly isFull: (name: string) => boolean
  readonly powerOff: (name: string) => Promise<void>
  /** Its home goes on with this version. */
  readonly upgrade: (name: string) => Promise<void>
  /** Strangers take its prekeys. Returns how many. */
  readonly drain: (name: string, take: () => Promise<number>) => Promise<number>
}
