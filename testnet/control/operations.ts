/** What can be asked of a running testnet, over the socket in its directory. */
import type { CableKind, NatKind } from '../cable/kinds.ts'
import type { RunRecord } from '../report/record.ts'

export interface NodeView {
  readonly name: string
  readonly kind: 'user' | 'relay'
  readonly state: 'up' | 'down' | 'paused'
  /** Of its process; null while it is down. */
  readonly pid: number | null
  /** Which process it shares with others; null: it has one of its own. */
  readonly pack: string | null
  readonly home: string
  readonly log: string
  /** Where it listens; null before its first start. */
  readonly address: string | null
  /** By which its clock is wrong, milliseconds. */
  readonly skewMs: number
  /** The router that it is behind; null: this cable has none. */
  readonly nat: NatKind | null
  /** What its home lies on: the disk of whoever has started the testnet, or one of its own, which may be full or without power. */
  readonly disk: 'shared' | 'own' | 'full' | 'off'
}

/** What a command needs that is run in the place of a node. */
export interface InsideView {
  readonly home: string
  /** Stands before the command. */
  readonly enter: readonly string[]
  readonly environment: Readonly<Record<string, string>>
}

export interface StatusView {
  readonly directory: string
  /** What carries the connections, and so what faults it can make. */
  readonly cable: CableKind
  /** What makes those, in words. */
  readonly means: string
  readonly nodes: readonly NodeView[]
  readonly partitions: ReadonlyArray<{ readonly left: readonly string[], readonly right: readonly string[] }>
  readonly links: ReadonlyArray<{ readonly name: string, readonly delayMs: number, readonly jitterMs: number, readonly bytesPerSecond: number | null, readonly loss: number }>
}

export interface Operations {
  status: { params: Record<string, never>, result: StatusView }
  /** Killed as by a power cut of its computer that keeps the disk. */
  crash: { params: { readonly name: string, readonly losesDisk: boolean }, result: NodeView }
  start: { params: { readonly name: string }, result: NodeView }
  pause: { params: { readonly name: string }, result: NodeView }
  resume: { params: { readonly name: string }, result: NodeView }
  clock: { params: { readonly name: string, readonly skewMs: number }, result: NodeView }
  partition: { params: { readonly left: readonly string[], readonly right: readonly string[], readonly forMs: number | null }, result: StatusView }
  heal: { params: Record<string, never>, result: StatusView }
  link: { params: { readonly names: readonly string[], readonly delayMs: number, readonly jitterMs: number, readonly bytesPerSecond: number | null, readonly loss: number }, result: StatusView }
  nat: { params: { readonly name: string, readonly kind: NatKind }, result: NodeView }
  /** Its computer has no power, and its disk only what it was told to keep. */
  powerOff: { params: { readonly name: string }, result: NodeView }
  /** `leaveBytes` null: there is room again. */
  fillDisk: { params: { readonly name: string, readonly leaveBytes: number | null, readonly forMs: number | null }, result: NodeView }
  inside: { params: { readonly name: string }, result: InsideView }
  /** Everybody is down for a moment; what was broken stays broken. */
  snapshot: { params: { readonly name: string }, result: { readonly name: string, readonly path: string } }
  restore: { params: { readonly name: string }, result: StatusView }
  /** What has happened so far, as its report would show it. */
  record: { params: Record<string, never>, result: RunRecord }
  down: { params: Record<string, never>, result: { readonly nodes: number } }
}

export type OperationName = keyof Operations
export type Params<Name extends OperationName> = Operations[Name]['params']
export type Result<Name extends OperationName> = Operations[Name]['result']
/** A testnet that a program goes through answers less than one that people play with. */
export type Handlers = { readonly [Name in OperationName]: (params: Params<Name>) => Promise<Result<Name>> | Result<Name> }
