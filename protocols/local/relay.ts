/**
 * What a running relay answers to its operator, over the unix socket in its home: `POST /v1/<name>` with a JSON body, answered like
 * the operations of a node. Law: docs/operating.md, "Control".
 */
export interface RelayStatusView {
  readonly peerId: string
  readonly name: string
  readonly version: string
  readonly state: 'starting' | 'open' | 'draining' | 'stopping'
  /** Deposits are taken and mail is handed out; else `reasons` says why not, in words. */
  readonly ready: boolean
  readonly reasons: readonly string[]
  /** Why nobody gets a new mailbox at the moment, in words; empty: they do. */
  readonly closed: readonly string[]
  readonly trouble: readonly string[]
  readonly startedAt: string
  /** What users are given to add this relay, with its PeerId. */
  readonly addresses: readonly string[]
  /** Of the dashboard; null when it is off. */
  readonly http: string | null
  readonly mailboxes: number
  readonly mailboxesBlocked: number
  /** What waits, and its bytes. */
  readonly envelopes: number
  readonly bytes: number
  readonly oldestAt: string | null
  /** Of the database with everything around it, free pages included, and the cap on that. */
  readonly usedBytes: number
  readonly capBytes: number
  readonly freeBytes: number
  /** What the file system has left; null where it cannot be asked. */
  readonly availableBytes: number | null
  /** Days until the cap at the rate of the last week; null: unknown, or not within sight. */
  readonly fullInDays: number | null
  /** Files of users. */
  readonly media: RelayMediaStatus
  readonly depositsPerSecond: number
  /** From a deposit's arrival to its signed answer, of the last minute, or since the start when nobody has asked lately; null: there was none. */
  readonly p50Ms: number | null
  readonly p99Ms: number | null
  /** Since the process started. */
  readonly stored: number
  readonly known: number
  readonly refused: Readonly<Record<string, number>>
  readonly collected: number
  readonly acknowledged: number
  readonly expired: number
  readonly auditsAsked: number
  readonly auditsAffirmed: number
  /** Since midnight UTC. */
  readonly refusedToday: Readonly<Record<string, number>>
  readonly connections: number
  readonly depositing: number
  readonly collecting: number
  /** null: circuits, or the DHT, are off. */
  readonly reservations: number | null
  readonly dht: number | null
  readonly stuck: number
  readonly residentBytes: number
  readonly loopDelayMs: number
}

export interface RelayMediaStatus {
  readonly on: boolean
  readonly files: number
  readonly unfinished: number
  /** What they may take on the disk, and the cap on that. */
  readonly usedBytes: number
  readonly capBytes: number
  /** Days until the cap at the rate of the last week; null: unknown, or not within sight. */
  readonly fullInDays: number | null
  /** Since the process started. */
  readonly stored: number
  readonly receivedBytes: number
  readonly servedBytes: number
  readonly expired: number
  readonly lost: number
  readonly refused: Readonly<Record<string, number>>
}

export interface RelayMailboxView {
  /** The relay's own name of it. */
  readonly name: string
  readonly peerId: string
  readonly envelopes: number
  readonly bytes: number
  readonly oldestAt: string | null
  readonly endsAt: string | null
  /** A day; more is not kept. */
  readonly lastSeen: string
  readonly blocked: boolean
}

export interface RelayLimitView {
  readonly key: string
  /** As it stands in relay.toml. */
  readonly value: string
  readonly origin: 'option' | 'environment' | 'file' | 'default'
  readonly takes: string
  readonly about: string
}

export interface RelayLimitsView {
  readonly path: string
  readonly limits: readonly RelayLimitView[]
  /** Keys that were changed; those in `atNextStart` take effect then, the others have. */
  readonly changed: readonly string[]
  readonly atNextStart: readonly string[]
  readonly warnings: readonly string[]
}

interface RelayParameters {
  readonly 'relay.status': object
  readonly 'relay.mailboxes': { readonly stuck?: boolean, readonly limit?: number }
  /** From key to value, both as text. */
  readonly 'relay.limits': { readonly changes?: Readonly<Record<string, string>> }
  readonly 'relay.block': { readonly peerId: string, readonly blocked: boolean }
  readonly 'relay.gc': object
  readonly 'relay.drain': { readonly draining: boolean }
}

interface RelayResults {
  readonly 'relay.status': RelayStatusView
  readonly 'relay.mailboxes': { readonly mailboxes: readonly RelayMailboxView[] }
  readonly 'relay.limits': RelayLimitsView
  readonly 'relay.block': { readonly peerId: string, readonly blocked: boolean }
  readonly 'relay.gc': { readonly expired: number, readonly releasedBytes: number }
  readonly 'relay.drain': { readonly draining: boolean, readonly told: number }
}

const NOTHING = { type: 'object', additionalProperties: false, properties: {} } as const

export const MAILBOXES_SHOWN_MAX = 10_000
const PEER_ID = { type: 'string', minLength: 1, maxLength: 128 } as const

/** What each takes, as JSON Schema: `RelayParameters` for a machine. */
export const RELAY_OPERATIONS = {
  'relay.status': NOTHING,
  'relay.mailboxes': { type: 'object', additionalProperties: false, properties: { stuck: { type: 'boolean' }, limit: { type: 'integer', minimum: 1, maximum: MAILBOXES_SHOWN_MAX } } },
  'relay.limits': { type: 'object', additionalProperties: false, properties: { changes: { type: 'object', additionalProperties: { type: 'string', maxLength: 8_192 }, maxProperties: 64 } } },
  'relay.block': { type: 'object', additionalProperties: false, required: ['peerId', 'blocked'], properties: { peerId: PEER_ID, blocked: { type: 'boolean' } } },
  'relay.gc': NOTHING,
  'relay.drain': { type: 'object', additionalProperties: false, required: ['draining'], properties: { draining: { type: 'boolean' } } }
} as const satisfies Readonly<Record<keyof RelayResults, object>>

export type RelayOperationName = keyof RelayResults
export type RelayParams<Name extends RelayOperationName> = RelayParameters[Name]
export type RelayResult<Name extends RelayOperationName> = RelayResults[Name]
