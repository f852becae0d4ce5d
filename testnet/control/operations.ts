/** What can be asked of a running testnet, over the socket in its directory. */

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
}

export interface StatusView {
  readonly directory: string
  /** What carries the connections, and so what faults it can make. */
  readonly cable: 'userspace'
  readonly nodes: readonly NodeView[]
  readonly partitions: ReadonlyArray<{ readonly left: readonly string[], readonly right: readonly string[] }>
  readonly links: ReadonlyArray<{ readonly name: string, readonly delayMs: number, readonly jitterMs: number, readonly bytesPerSecond: number | null }>
}

export interface Operations {
  status: { params: Record<string, never>, result: StatusView }
  /** Killed as by a power cut of its computer that keeps the disk. */
  crash: { params: { readonly name: string, readonly losesDisk: boolean }, result: NodeView }
  start: { params: { readonly name: string }, result: NodeView }
  /** How a command is run in the place of a node. */
  environment: { params: { readonly name: string }, result: Readonly<Record<string, string>> }
  pause: { params: { readonly name: string }, result: NodeView }
  resume: { params: { readonly name: string }, result: NodeView }
  clock: { params: { readonly name: string, readonly skewMs: number }, result: NodeView }
  partition: { params: { readonly left: readonly string[], readonly right: readonly string[], readonly forMs: number | null }, result: StatusView }
  heal: { params: Record<string, never>, result: StatusView }
  link: { params: { readonly names: readonly string[], readonly delayMs: number, readonly jitterMs: number, readonly bytesPerSecond: number | null }, result: StatusView }
  /** Everybody is down for a moment; what was broken stays broken. */
  snapshot: { params: { readonly name: string }, result: { readonly name: string, readonly path: string } }
  restore: { params: { readonly name: string }, result: StatusView }
  down: { params: Record<string, never>, result: { readonly nodes: number } }
}

export type OperationName = keyof Operations
export type Params<Name extends OperationName> = Operations[Name]['params']
export type Result<Name extends OperationName> = Operations[Name]['result']
export type Handlers = { readonly [Name in OperationName]: (params: Params<Name>) => Promise<Result<Name>> | Result<Name> }
