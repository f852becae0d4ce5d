/**
 * A relay above its ports: everything that takes, keeps and hands out, wired together. The real relay (relay-node.ts) and the
 * simulated one (testnet/simulation) are both made here.
 */
import { hash } from 'node:crypto'
import { MalformedError, StorageError } from '../../protocols/core/errors.ts'
import { INCARNATION_BYTES } from '../../protocols/core/limits.ts'
import { UnconfirmedWriteError } from '../../store/faults.ts'
import type { RelayStore, Space, WaitingMailbox } from '../../store/relay/types.ts'
import type { RelayStep } from '../failpoints.ts'
import type { Clock, Network, Random, Signer } from '../ports.ts'
import type { RelayConfig } from './config.ts'
import { serveRelayDeposits } from './deposits.ts'
import { serveDirectory } from './directory.ts'
import { Doorkeeper } from './doorkeeper.ts'
import { Flow } from './flow.ts'
import { Keeper } from './keeper.ts'
import { serveMailboxes } from './mailboxes.ts'
import { serveRelayPrekeys } from './prekeys.ts'
import { Pressure, type Vitals } from './pressure.ts'
import type { Collected, MailboxView, RelayOperator } from './http/operator.ts'
import { serveCard, serveCustody } from './questions.ts'
import { Rates } from '../rates.ts'
import { Registrar } from './registrar.ts'
import { Scribe } from './scribe.ts'
import type { Closed, RelayStats, StuckMailbox } from './stats.ts'
import { Streams } from './streams.ts'
import { Tally } from './tally.ts'

export interface RelayPorts {
  readonly clock: Clock
  readonly random: Random
  readonly network: Network
  readonly signer: Signer
  readonly vitals: () => Vitals
}

export interface RelayCoreOptions {
  readonly store: RelayStore
  readonly ports: RelayPorts
  readonly config: RelayConfig
  readonly version: string
  readonly reach: (step: RelayStep) => void
  /** Beside mailboxes: `circuits`, `dht`. */
  readonly features?: readonly string[]
  /** What the network knows of circuits and the DHT, for the figures. */
  readonly surroundings?: () => { readonly reservations?: number, readonly reservationsMax?: number, readonly dht?: number }
  /** The disk did not confirm a write. Nothing is acknowledged any more, and the relay has to be stopped. */
  readonly onUnconfirmed?: (fault: UnconfirmedWriteError) => void
  /** A record of an owner is new or newer. */
  readonly onRecord?: (name: Uint8Array, record: Uint8Array) => void
}

type StuckMailboxes = ReturnType<RelayStore['read']['stuck']>

const DAY_MS = 24 * 3_600_000
const DAYS_SHOWN = 90
const STUCK_SHOWN = 50
/** Owners come back this much later: by then they have somewhere to move to. */
const DRAIN_RETRY_MS = 3_600_000
/** How old the figure of the used space may be where each deposit asks for it; the writer has the last word. */
const SPACE_AGE_MS_MAX = 200
/** Peers and aliases whose rates are remembered: more than a node meets. */
const RATE_NAMES_MAX = 16_384
/** How old the list of stuck mailboxes may be: it goes through all of them, and whoever looks does so every second. */
const STUCK_AGE_MS_MAX = 10_000

export class RelayCore implements RelayOperator {
  readonly peerId: string
  readonly signer: Signer
  readonly tally = new Tally()
  readonly #options: RelayCoreOptions
  readonly #software: string
  readonly #scribe: Scribe
  readonly #streams: Streams
  readonly #registrar: Registrar
  readonly #keeper: Keeper
  readonly #pressure: Pressure
  readonly #startedAtMs: number
  #config: RelayConfig
  #state: RelayStats['state'] = 'starting'
  #isDraining: boolean
  #storageTrouble: StorageError | undefined
  #space: { readonly atMs: number, readonly found: Space } | undefined
  #stuck: { readonly atMs: number, readonly found: StuckMailboxes } | undefined

  /** Serves from here on; what comes is answered as soon as the network is started. */
  constructor (options: RelayCoreOptions) {
    const { store, ports: { clock, random, network, signer, vitals }, config, reach, version } = options
    this.peerId = network.peerId
    this.signer = signer
    this.#options = options
    this.#config = config
    this.#software = `skein/${version}`
    this.#startedAtMs = clock.now()
    this.#isDraining = store.read.fact(DRAINING_FACT) === 'yes'
    this.#scribe = new Scribe({ store, clock, tally: this.tally, reach, onStorage: fault => { this.#noteStorage(fault) } })
    this.#streams = new Streams(clock)
    this.#keeper = new Keeper({ store, scribe: this.#scribe, clock, tally: this.tally })
    this.#pressure = new Pressure({ clock, vitals, thresholds: () => this.#config.thresholds, capShare: () => this.#capShare() })
    this.#registrar = new Registrar({
      store,
      scribe: this.#scribe,
      clock,
      tally: this.tally,
      rates: this.#rates('requestsPerPeer'),
      config: this.config,
      software: this.#software,
      incarnation: random.bytes(INCARNATION_BYTES),
      closed: () => this.closed()
    })
    this.#serve()
  }

  /** The network has to be started already. */
  start (): void {
    this.#streams.start()
    this.#keeper.start()
    this.#pressure.start()
    this.#state = this.#isDraining ? 'draining' : 'open'
  }

  /** Says goodbye to everybody and finishes what is under way. Afterwards the store can be closed. */
  async stop (): Promise<void> {
    this.#state = 'stopping'
    this.#pressure.stop()
    await this.#keeper.stop()
    await this.#scribe.stop()
    this.#streams.stop()
  }

  /** Something threw in a handler: malformed frames are counted here, everything else is a bug and is for the log. */
  noteFault (fault: Error): 'known' | 'bug' {
    if (!(fault instanceof MalformedError)) return fault instanceof StorageError ? 'known' : 'bug'
    this.tally.traffic.malformed += 1
    return 'known'
  }

  readonly config = (): RelayConfig => this.#config

  configure (config: RelayConfig): void {
    this.#config = config
    this.#options.store.setCap(config.capBytes)
  }

  /** What keeps newcomers out now; empty: they are welcome. */
  closed (): Closed[] {
    const isFull = this.#options.store.read.totals().mailboxes >= this.#config.mailboxesMax
    return [
      ...this.#isDraining ? ['draining' as const] : [],
      ...this.#storageTrouble === undefined ? [] : ['storage' as const],
      ...isFull ? ['full' as const] : [],
      ...this.#pressure.closed()
    ]
  }

  /** Small things that must survive a restart. @throws StorageError */
  async remember (facts: ReadonlyArray<readonly [string, string]>): Promise<void> {
    await this.#scribe.write(writer => { for (const [name, value] of facts) writer.setFact(name, value) })
  }

  /** Survives a restart. @throws StorageError */
  async drain (isDraining: boolean): Promise<number> {
    await this.#scribe.write(writer => { writer.setFact(DRAINING_FACT, isDraining ? 'yes' : 'no') })
    this.#isDraining = isDraining
    if (this.#state !== 'stopping') this.#state = isDraining ? 'draining' : 'open'
    return isDraining ? this.#streams.drain(DRAIN_RETRY_MS) : 0
  }

  /** @throws StorageError */
  async collectGarbage (): Promise<Collected> { return await this.#keeper.tidy() }

  mailboxes ({ isStuck, limit }: { readonly isStuck: boolean, readonly limit: number }): readonly MailboxView[] {
    const { read } = this.#options.store
    return (isStuck ? read.stuck(this.#stuckDay(), limit).mailboxes : read.biggest(limit)).map(viewOf)
  }

  /** @throws StorageError */
  async block (peerId: string, isBlocked: boolean): Promise<boolean> {
    const mailbox = this.#options.store.read.mailboxOf(peerId)
    if (mailbox === undefined) return false
    await this.#registrar.block(mailbox.mailbox, isBlocked)
    if (isBlocked) this.#streams.endOwner(peerId, 'blocked')
    return true
  }

  stats (): RelayStats {
    const { store, ports: { clock, network }, version, surroundings } = this.#options
    const { residentBytes, heapBytes, availableBytes } = this.#pressure.vitals
    const { usedBytes, capBytes, freeBytes } = store.read.space()
    const stuck = this.#stuckNow()
    return {
      version,
      peerId: this.peerId,
      startedAtMs: this.#startedAtMs,
      nowMs: clock.now(),
      state: this.#state,
      closed: this.closed(),
      trouble: this.#trouble(),
      held: store.read.totals(),
      disk: { usedBytes, capBytes, freeBytes, availableBytes },
      memory: { residentBytes, heapBytes },
      loopDelayMs: this.#pressure.loopDelayMs,
      ...this.tally.view(),
      peers: { connections: network.connectionCount(), depositing: this.#streams.depositing, collecting: this.#streams.collecting, ...NO_SURROUNDINGS, ...surroundings?.() },
      stuck: { count: stuck.count, mailboxes: stuck.mailboxes.map(stuckOf) },
      days: store.read.days(DAYS_SHOWN)
    }
  }

  #noteStorage (fault: StorageError | undefined): void {
    const isFirst = !(this.#storageTrouble instanceof UnconfirmedWriteError)
    this.#storageTrouble = fault
    if (isFirst && fault instanceof UnconfirmedWriteError) this.#options.onUnconfirmed?.(fault)
  }

  #serve (): void {
    const { store, ports: { network, clock, random, signer }, onRecord = ignore, features = [] } = this.#options
    const { tally, config } = this
    const [scribe, streams, registrar, reader] = [this.#scribe, this.#streams, this.#registrar, store.read]
    const doorkeeper = new Doorkeeper({
      reader,
      quotas: () => this.#config.quotas,
      peerRates: this.#rates('depositsPerPeer'),
      aliasRates: this.#rates('depositsPerAlias'),
      backlog: () => scribe.backlog,
      isStorageWell: () => this.#storageTrouble === undefined,
      isDraining: () => this.#isDraining,
      room: () => this.#spaceNow().room,
      onCrowded: mailbox => { registrar.crowd(mailbox) }
    })
    serveRelayDeposits({ network, clock, random, signer, scribe, doorkeeper, streams, tally, flow: new Flow(), quotas: () => this.#config.quotas, refusalRates: this.#rates('refusalsPerPeer') })
    serveMailboxes({ network, store, clock, registrar, streams, tally, isDraining: () => this.#isDraining })
    serveRelayPrekeys({ network, reader, scribe, clock, signer, tally, rates: this.#rates('requestsPerPeer'), bundleRates: this.#rates('bundlesPerAlias') })
    serveDirectory({ network, reader, scribe, clock, tally, rates: this.#rates('requestsPerPeer'), onRecord })
    serveCustody({ network, scribe, clock, signer, tally, rates: this.#rates('requestsPerPeer') })
    serveCard({ network, clock, config, software: this.#software, features, takesMailboxes: () => this.closed().length === 0 })
  }

  #rates (name: keyof RelayConfig['rates']): Rates { return new Rates(this.#options.ports.clock, () => this.#config.rates[name], RATE_NAMES_MAX) }

  #stuckDay (): number { return Math.floor((this.#options.ports.clock.now() - this.#config.stuckAfterMs) / DAY_MS) }

  #stuckNow (): StuckMailboxes {
    const { store, ports: { clock } } = this.#options
    const atMs = clock.monotonic()
    if (this.#stuck === undefined || atMs - this.#stuck.atMs > STUCK_AGE_MS_MAX) this.#stuck = { atMs, found: store.read.stuck(this.#stuckDay(), STUCK_SHOWN) }
    return this.#stuck.found
  }

  #spaceNow (): Space {
    const { store, ports: { clock } } = this.#options
    const atMs = clock.monotonic()
    if (this.#space === undefined || atMs - this.#space.atMs > SPACE_AGE_MS_MAX) this.#space = { atMs, found: store.read.space() }
    return this.#space.found
  }

  #capShare (): number {
    const { usedBytes, capBytes } = this.#spaceNow()
    return usedBytes / capBytes
  }

  #trouble (): string[] {
    const fault = this.#storageTrouble
    return fault === undefined ? [] : [`${fault.message}. ${fault.hint ?? ''}`.trim()]
  }
}

const DRAINING_FACT = 'draining'
const NO_SURROUNDINGS = { reservations: undefined, reservationsMax: undefined, dht: undefined }
const NAME_CHARACTERS = 8

function viewOf ({ peerId, usage, oldestAtMs, nextExpiryAtMs, lastSeenDay, isBlocked }: WaitingMailbox): MailboxView {
  return { name: mailboxName(peerId), peerId, items: usage.items, bytes: usage.bytes, oldestAtMs, nextExpiryAtMs, lastSeenAtMs: lastSeenDay * DAY_MS, isBlocked }
}

function stuckOf ({ peerId, usage, oldestAtMs = 0, nextExpiryAtMs = 0 }: WaitingMailbox): StuckMailbox {
  return { name: mailboxName(peerId), items: usage.items, bytes: usage.bytes, oldestAtMs, nextExpiryAtMs }
}

/** The relay's own name of a mailbox: operators can speak of it without speaking of anybody. */
function mailboxName (peerId: string): string {
  return `m-${hash('sha256', `skein/mailbox-name/v1 ${peerId}`, 'hex').slice(0, NAME_CHARACTERS)}`
}

function ignore (): void { /* nothing else keeps records */ }
