/**
 * The door to the DHT: a network of Skein's own (`/skein/kad/1.0.0`) that keeps directory records and nothing else. Relays serve
 * it; users ask it now and then, and between two questions nothing of it runs, not even its code is loaded.
 * docs/protocols/directory.md, "In the DHT"; docs/decisions/0010-dht.md.
 */
import { setMaxListeners } from 'node:events'
import { BlackHoleDatastore } from 'datastore-core/black-hole'
import type { Connection, IdentifyResult, PeerDiscoveryEvents, PeerId, TypedEventTarget } from '@libp2p/interface'
import type { KadDHT, QueryEvent } from '@libp2p/kad-dht'
import { UnreachableError } from '../../../protocols/core/errors.ts'
import { invariant, InvariantError } from '../../../protocols/core/invariant.ts'
import {
  DHT_BOOTSTRAP_MAX, DHT_GET_TIMEOUT_MS, DHT_PEERS_MAX, DHT_PEER_TIMEOUT_MS, DHT_PUT_TIMEOUT_MS, STREAMS_PER_PEER_MAX
} from '../../../protocols/core/limits.ts'
import { dhtKey, nameOfDhtKey, selectRecord, validateRecord } from '../../../protocols/directory/record.ts'
import type { Clock, PeerTarget, RecordNetwork, RecordPut, Timer } from '../../ports.ts'
import type { HostComponents, HostServices } from '../host.ts'
import { parsePeerId } from '../identity.ts'
import { Acquaintances } from './acquaintances.ts'
import { GuardedDatastore } from './datastore.ts'
import { Lines } from './lines.ts'
import { Echoes, Findings } from './lookup.ts'
import { Shelf, SHELF_LIMITS, type ShelfLimits } from './shelf.ts'

export interface RecordDhtOptions {
  /** `server`: keeps records of others and answers for them. `client`: only asks. */
  readonly mode: 'server' | 'client'
  readonly clock: Clock
  /** Relays that are asked first, the likeliest first. Read whenever there is a reason to join. */
  readonly bootstrap: () => readonly PeerTarget[]
  /** What a server has of its own users, whatever it keeps for the DHT: valid, and not expired. Survives a restart. */
  readonly own?: (name: Uint8Array) => Uint8Array | undefined
  /** What a server keeps; SHELF_LIMITS unless given. */
  readonly limits?: ShelfLimits
}

export const KAD_PROTOCOL = '/skein/kad/1.0.0'

/** A client's part of the DHT ends this long after the last question. */
const LINGER_MS = 60_000
/** Once one relay has answered, others have this long to join the first lookup. */
const JOIN_GRACE_MS = 300
/** What a newcomer spends on getting to know others before its first question. */
const WIDEN_MS = 1_000
/** A server that knows nobody looks for others so often; one that does, now and then. */
const REJOIN_LONELY_MS = 15_000
const REJOIN_MS = 10 * 60_000
const SWEEP_MS = 3_600_000
/** A client's table lives for a minute: it is not kept fresh. */
const NEVER_MS = 24 * 3_600_000

/** A kad-dht that runs. What it does not show to others is used all the same; an update of it has to pass test/node/net/dht. */
interface Running extends KadDHT, TypedEventTarget<PeerDiscoveryEvents> {
  readonly start: () => Promise<void>
  readonly stop: () => Promise<void>
  readonly routingTable: {
    readonly size: number
    readonly add: (peer: PeerId, options: { readonly signal: AbortSignal }) => Promise<void>
    readonly find: (peer: PeerId) => Promise<PeerId | undefined>
    readonly remove: (peer: PeerId) => Promise<void>
    readonly routingTableUpdateQueue: { readonly onIdle: (options: { readonly signal: AbortSignal }) => Promise<void> }
  }
  readonly routingTableRefresh: { refreshTable: () => void }
}

interface Use { readonly name: Uint8Array, readonly timeoutMs: number }

export class RecordDht implements RecordNetwork {
  readonly #options: RecordDhtOptions
  readonly #shelf: Shelf
  readonly #acquaintances = new Acquaintances()
  readonly #stopping = new AbortController()
  /** Callers whose protocols are known. */
  readonly #met = new Set<string>()
  readonly #timers = new Map<string, Timer>()
  #components: HostComponents | undefined
  #lines: Lines | undefined
  #running: Promise<Running> | undefined
  #table: Running['routingTable'] | undefined
  #userCount = 0

  constructor (options: RecordDhtOptions) {
    this.#options = options
    this.#shelf = new Shelf(options.limits ?? SHELF_LIMITS)
    setMaxListeners(Infinity, this.#stopping.signal)
  }

  /** A part of the network's libp2p, which starts and stops it. */
  services (): HostServices {
    return {
      records: components => {
        this.#attach(components)
        const isServer = this.#options.mode === 'server'
        return {
          start: () => { /* others have to run first */ },
          afterStart: async () => { if (isServer) await this.#serve() },
          stop: async () => { await this.#stop() }
        }
      }
    }
  }

  async get (name: Uint8Array): Promise<readonly Uint8Array[]> {
    const findings = new Findings()
    const lookup = this.#use({ name, timeoutMs: DHT_GET_TIMEOUT_MS }, (running, signal) => findings.gather(dropSilent(running, running.get(dhtKey(name), { signal }))))
    // The rest goes on behind: peers with an older record are told of the newer one.
    await Promise.race([lookup, findings.done])
    return findings.records
  }

  async put (name: Uint8Array, record: Uint8Array): Promise<RecordPut> {
    const echoes = new Echoes(record)
    await this.#use({ name, timeoutMs: DHT_PUT_TIMEOUT_MS }, (running, signal) => echoes.count(dropSilent(running, running.put(dhtKey(name), record, { signal }))))
    return echoes.result
  }

  /** Others that are known to serve the DHT. */
  get peerCount (): number { return this.#table?.size ?? 0 }

  /** What a server keeps. */
  get kept (): { readonly records: number, readonly bytes: number } { return { records: this.#shelf.count, bytes: this.#shelf.bytes } }

  #attach (components: HostComponents): void {
    this.#components = components
    this.#lines = new Lines({
      components,
      clock: this.#options.clock,
      acquaintances: this.#acquaintances,
      onCaller: connection => { if (!this.#met.has(connection.remotePeer.toString())) void this.#meet(connection) },
      onSilent: peerId => { void this.#table?.remove(peerId) }
    })
  }

  async #serve (): Promise<void> {
    this.#running = this.#open()
    await this.#running
    this.#every('sweep', () => SWEEP_MS, () => { this.#shelf.sweep(this.#options.clock.now()) })
    this.#every('join', () => this.#table?.size === 0 ? REJOIN_LONELY_MS : REJOIN_MS, () => { void this.#join() })
    void this.#join()
  }

  async #stop (): Promise<void> {
    this.#stopping.abort()
    for (const timer of this.#timers.values()) timer.cancel()
    this.#timers.clear()
    await this.#close()
  }

  /** Lends a DHT that runs and knows somebody. Whatever kad-dht throws in the middle, what its events said stands. */
  async #use ({ name, timeoutMs }: Use, work: (running: Running, signal: AbortSignal) => Promise<void>): Promise<void> {
    if (this.#components === undefined || this.#stopping.signal.aborted) return
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(timeoutMs)])
    setMaxListeners(Infinity, signal)
    this.#userCount += 1
    this.#timers.get('linger')?.cancel()
    try {
      this.#running ??= this.#open()
      const running = await this.#running
      if (running.routingTable.size === 0) {
        await this.#join()
        await widen(running, name)
      }
      await work(running, signal)
    } catch (error) {
      // An older record that was not corrected, a lookup that ran out of time, a DHT that stopped: the same to who asks.
      if (error instanceof InvariantError) throw error
    } finally {
      this.#userCount -= 1
      if (this.#userCount === 0 && this.#options.mode === 'client') this.#linger()
    }
  }

  #linger (): void {
    if (this.#stopping.signal.aborted) return
    this.#timers.set('linger', this.#options.clock.timer(LINGER_MS, () => { void this.#close() }))
  }

  async #open (): Promise<Running> {
    const { kadDHT, passthroughMapper } = await import('@libp2p/kad-dht')
    const isServer = this.#options.mode === 'server'
    const timeout = { minTimeout: DHT_PEER_TIMEOUT_MS, maxTimeout: DHT_PEER_TIMEOUT_MS }
    const running = kadDHT({
      protocol: KAD_PROTOCOL,
      clientMode: !isServer,
      // Which addresses count is for Acquaintances to say.
      peerInfoMapper: passthroughMapper,
      allowQueryWithZeroPeers: true,
      validators: { skein: (key, value) => this.#validate(key, value) },
      selectors: { skein: (_key, records) => best(records) },
      maxInboundStreams: STREAMS_PER_PEER_MAX,
      networkDialTimeout: timeout,
      pingNewContactTimeout: timeout,
      pingOldContactTimeout: timeout,
      ...isServer ? {} : { querySelfInterval: NEVER_MS, initialQuerySelfInterval: NEVER_MS }
    })(this.#parts()) as Running
    running.addEventListener('peer', ({ detail: { id, multiaddrs } }) => { this.#acquaintances.note(id.toString(), multiaddrs.map(String)) })
    await running.start()
    this.#table = running.routingTable
    return running
  }

  async #close (): Promise<void> {
    const closing = this.#running
    // At once: whoever asks from now on opens another one.
    this.#running = undefined
    this.#table = undefined
    const running = await closing
    if (running === undefined) return
    await running.stop()
    // It would go on for ever by a timer that it sets after it has stopped.
    running.routingTableRefresh.refreshTable = () => { /* over */ }
    await this.#lines?.leave()
  }

  #parts (): Parameters<ReturnType<typeof import('@libp2p/kad-dht')['kadDHT']>>[0] {
    const { addressManager, events, logger, peerId, peerStore, privateKey } = this.#inside.components
    const { lines } = this.#inside
    const { clock, mode, own = nothing } = this.#options
    return {
      addressManager,
      events,
      logger,
      peerId,
      privateKey,
      registrar: lines.asRegistrar(),
      connectionManager: lines.asConnectionManager(),
      peerStore: this.#acquaintances.asPeerStore(peerStore),
      datastore: mode === 'client' ? new BlackHoleDatastore() : new GuardedDatastore({ clock, shelf: this.#shelf, own, writer: () => lines.writer() }),
      // A peer belongs into the table when it speaks this protocol: that it is there at all says nothing.
      ping: { ping: async (peer, options) => await this.#ping(peer as PeerId, options?.signal) }
    }
  }

  get #inside (): { readonly components: HostComponents, readonly lines: Lines } {
    invariant(this.#components !== undefined && this.#lines !== undefined, 'the DHT comes with the host')
    return { components: this.#components, lines: this.#lines }
  }

  #validate (key: Uint8Array, value: Uint8Array): void {
    validateRecord(value, { key: nameOfDhtKey(key), nowMs: this.#options.clock.now() })
  }

  async #ping (peer: PeerId, signal: AbortSignal = AbortSignal.timeout(DHT_PEER_TIMEOUT_MS)): Promise<number> {
    const { monotonic } = this.#options.clock
    const beginMs = monotonic()
    const stream = await this.#inside.lines.open(peer, KAD_PROTOCOL, { signal })
    await stream.close({ signal })
    return monotonic() - beginMs
  }

  /** Asks the relays that we know of into the table. Returns soon after the first has answered, or when none does. */
  async #join (): Promise<void> {
    const targets = this.#options.bootstrap().slice(0, DHT_BOOTSTRAP_MAX)
    const admissions = targets.map(async ({ peerId, addresses }) => {
      this.#acquaintances.note(peerId, addresses)
      await this.#admit(parsePeerId(peerId))
    })
    const all = Promise.allSettled(admissions)
    try {
      await Promise.any(admissions)
      const grace = Promise.withResolvers<undefined>()
      const timer = this.#options.clock.timer(JOIN_GRACE_MS, () => { grace.resolve(undefined) })
      await Promise.race([all, grace.promise])
      timer.cancel()
    } catch {
      // Nobody is there: what asks finds nothing, and the next one tries again.
    }
  }

  /** @throws UnreachableError when the peer does not serve the DHT */
  async #admit (peer: PeerId): Promise<void> {
    const { routingTable } = await (this.#running ?? Promise.reject(new UnreachableError('the DHT is closed')))
    await routingTable.add(peer, { signal: AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(DHT_PEER_TIMEOUT_MS)]) })
    if (await routingTable.find(peer) === undefined) throw new UnreachableError('the peer does not serve the DHT')
  }

  /** A server takes other servers in when they call: whether it is one, and where it answers, identify tells. */
  async #meet (connection: Connection): Promise<void> {
    const peer = connection.remotePeer
    if (this.#met.size >= DHT_PEERS_MAX) this.#met.clear()
    this.#met.add(peer.toString())
    connection.addEventListener('close', () => { this.#met.delete(peer.toString()) })
    try {
      const { protocols, listenAddrs } = await this.#identify(connection)
      if (!protocols.includes(KAD_PROTOCOL)) return
      this.#acquaintances.note(peer.toString(), listenAddrs.map(String))
      await this.#admit(peer)
    } catch {
      // It has gone already, or does not say.
    }
  }

  async #identify (connection: Connection): Promise<IdentifyResult> {
    const { identify } = this.#inside.components as HostComponents & { readonly identify: { readonly identify: (connection: Connection, options: { readonly signal: AbortSignal }) => Promise<IdentifyResult> } }
    return await identify.identify(connection, { signal: AbortSignal.timeout(DHT_PEER_TIMEOUT_MS) })
  }

  #every (name: string, delayMs: () => number, run: () => void): void {
    if (this.#stopping.signal.aborted) return
    this.#timers.set(name, this.#options.clock.timer(delayMs(), () => {
      run()
      this.#every(name, delayMs, run)
    }))
  }
}

/**
 * Fills the table of a newcomer. kad-dht only follows a peer to others that are nearer than itself, so whoever knows one relay would
 * miss those on its far side, and a small network consists of these.
 */
async function widen (running: Running, name: Uint8Array): Promise<void> {
  const signal = AbortSignal.timeout(WIDEN_MS)
  setMaxListeners(Infinity, signal)
  try {
    for await (const { name: step } of dropSilent(running, running.getClosestPeers(dhtKey(name), { signal }))) if (step === 'FINAL_PEER') break
    await running.routingTable.routingTableUpdateQueue.onIdle({ signal })
  } catch {
    // Somebody is slow: whom the others have named is in the table.
  }
}

/** Passes events on. Who fails or shows what is no record is not asked again until others name it. */
async function * dropSilent ({ routingTable }: Running, events: AsyncIterable<QueryEvent>): AsyncGenerator<QueryEvent> {
  for await (const event of events) {
    if (event.name === 'QUERY_ERROR') void routingTable.remove(event.from)
    yield event
  }
}

function nothing (): undefined { return undefined }

function best (records: readonly Uint8Array[]): number {
  let index = 0
  for (const [other, record] of records.entries()) {
    const held = records[index]
    if (held !== undefined && selectRecord(held, record) === record) index = other
  }
  return index
}
