/**
 * A relay of the real world, and what starts one: its home, libp2p, the core above them, and its two faces. The order of start and
 * stop is here.
 */
import { statfsSync } from 'node:fs'
import { resolve } from 'node:path'
import { invariant } from '../../protocols/core/invariant.ts'
import type { StorageError } from '../../protocols/core/errors.ts'
import { parseRelayAddress } from '../contacts/relay-address.ts'
import { signerOf } from '../crypto/signer.ts'
import { reachFromEnvironment } from '../failpoints.ts'
import { RecordDht } from '../net/dht/dht.ts'
import { secretOf } from '../net/identity.ts'
import { Libp2pNetwork } from '../net/network.ts'
import { isFreePort, portFact, portOf, withLastPort } from '../net/ports.ts'
import { VERSION } from '../version.ts'
import { realClock, realRandom } from '../world.ts'
import { openFaces, type Faces } from './http/faces.ts'
import { serveGateway, type Gateway } from './http/gateway.ts'
import { makeRelayHome, openRelayHome, type RelayHome } from './relay-home.ts'
import { RelayCore } from './relay-core.ts'
import { Republisher } from './republish.ts'
import { relaySettingsText } from './settings-file.ts'
import { checkRelaySetting, loadRelaySettings, type RelaySettings, type SettingSources } from './settings.ts'
import type { RelaySettingName, RelaySettingValue } from './settings-table.ts'
import type { Vitals } from './pressure.ts'
import type { RelayStats } from './stats.ts'

export interface RelayNodeConfig {
  readonly home: string
  /** Multiaddrs to listen on, instead of those in relay.toml. */
  readonly listen?: readonly string[]
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** Told of every fault that is a bug. */
  readonly onFault?: (fault: Error) => void
}

/** What a new relay's relay.toml says beside what holds anyway. */
export interface NewRelay {
  readonly home: string
  readonly name?: string | undefined
  readonly listen?: readonly string[]
}

/** One connection for each user who is there, and as many that come and go. */
const CONNECTIONS_MAX = 20_000

/**
 * Makes a relay's home: its key and its relay.toml. Returns its PeerId.
 * @throws UsageError when there is one, StorageError when it cannot be written
 */
export function initRelay ({ home, name, listen = [] }: NewRelay): string {
  const changes = new Map<RelaySettingName, RelaySettingValue>()
  if (name !== undefined) changes.set('name', checkRelaySetting('name', name, '--name'))
  if (listen.length > 0) changes.set('listen', checkRelaySetting('listen', listen, '--listen'))
  return makeRelayHome(resolve(home), relaySettingsText(changes))
}

/**
 * Opens a relay's home and composes the relay; nothing is on the network before `start()`.
 * @throws NotFoundError, LockedError (another process runs it), RefusedError (a testnet's key, elsewhere), UsageError (relay.toml), StorageError
 */
export async function createRelay (config: RelayNodeConfig): Promise<RelayNode> {
  const home = resolve(config.home)
  const sources: SettingSources = { home, environment: config.environment ?? {}, options: new Map(config.listen === undefined ? [] : [['listen', config.listen]]) }
  const settings = await loadRelaySettings(sources)
  const opened = openRelayHome(home, settings.config.capBytes)
  try {
    return new RelayNode({ ...config, home }, { opened, settings, sources, listen: await listenOn(settings, opened) })
  } catch (error) {
    opened.store.close()
    opened.lock.release()
    throw error
  }
}

interface Composed {
  readonly opened: RelayHome
  readonly settings: RelaySettings
  readonly sources: SettingSources
  readonly listen: readonly Place[]
}

/** Where it shall listen, and with which port: that of last time where the choice is free. */
interface Place { readonly wish: string, readonly address: string }

export class RelayNode implements AsyncDisposable {
  readonly peerId: string
  readonly warnings: readonly string[]
  /** Resolves with the fault that has ended it, or with undefined when somebody stopped it. */
  readonly stopped: Promise<StorageError | undefined>
  readonly #tellStopped: () => void
  readonly #config: RelayNodeConfig
  readonly #composed: Composed
  readonly #network: Libp2pNetwork
  readonly #core: RelayCore
  readonly #republisher: Republisher | undefined
  #faces: Faces | undefined
  #gateway: Gateway | undefined
  #fault: StorageError | undefined
  #isStarted = false
  #stopping: Promise<void> | undefined

  constructor (config: RelayNodeConfig, composed: Composed) {
    const { opened: { store, blobs, networkKey }, settings, listen } = composed
    const { promise, resolve: tell } = Promise.withResolvers<StorageError | undefined>()
    this.stopped = promise
    this.#tellStopped = () => { tell(this.#fault) }
    this.#config = config
    this.#composed = composed
    this.warnings = settings.warnings
    const { dht, circuits } = settings
    const bootstrap = dht.bootstrap.map(parseRelayAddress)
    const records = dht.isOn ? new RecordDht({ mode: 'server', clock: realClock, bootstrap: () => bootstrap, own: name => recordOf(name, store) }) : undefined
    this.#network = new Libp2pNetwork({
      networkKey,
      listen: listen.map(({ address }) => address),
      announce: settings.announce,
      agentVersion: `skein/${VERSION}`,
      clock: realClock,
      random: realRandom,
      relay: { reservationsMax: circuits.placesMax, circuitBytesMax: circuits.circuitBytesMax, circuitMs: circuits.circuitMs },
      connectionsMax: CONNECTIONS_MAX,
      ...records !== undefined && { services: records.services() },
      onFault: fault => { this.#noteFault(fault) }
    })
    this.peerId = this.#network.peerId
    this.#republisher = records === undefined ? undefined : new Republisher({ reader: store.read, records, clock: realClock, random: realRandom })
    this.#core = new RelayCore({
      store,
      blobs,
      isBitswapOn: settings.media.isBitswapOn,
      ports: { clock: realClock, random: realRandom, network: this.#network, signer: signerOf(secretOf(networkKey)), vitals: () => vitalsOf(config.home) },
      config: settings.config,
      version: VERSION,
      reach: reachFromEnvironment(process.env['SKEIN_FAILPOINT']),
      features: [...circuits.placesMax > 0 ? ['circuits'] : [], ...dht.isOn ? ['dht'] : []],
      surroundings: () => ({ reservations: this.#network.circuitCounts()?.reservations ?? 0, reservationsMax: circuits.placesMax, ...records !== undefined && { dht: records.peerCount } }),
      onUnconfirmed: fault => { this.#end(fault) },
      onRecord: (name, record) => { this.#republisher?.take(name, record) }
    })
  }

  /** Multiaddrs at which users reach it, without the PeerId. */
  addresses (): readonly string[] { return this.#network.addresses() }

  /** The same, each with the PeerId behind it: as users add it. */
  addressesForUsers (): readonly string[] { return this.addresses().map(address => `${address}/p2p/${this.peerId}`) }

  /** Of the dashboard; undefined when it is off. */
  get http (): string | undefined { return this.#faces?.http }

  /** Where files are answered over HTTP; undefined when they are not. */
  get mediaHttp (): string | undefined { return this.#gateway?.url }

  stats (): RelayStats { return this.#core.stats() }

  async start (): Promise<void> {
    invariant(!this.#isStarted, 'a relay starts once')
    this.#isStarted = true
    await this.#network.start()
    this.#core.start()
    await this.#rememberPorts()
    this.#republisher?.start()
    const { settings, sources } = this.#composed
    this.#faces = await openFaces({
      operator: this.#core,
      settings,
      sources,
      addresses: () => this.addressesForUsers(),
      clock: realClock,
      onFault: fault => { this.#config.onFault?.(fault) }
    })
    this.#gateway = await this.#openGateway()
  }

  /** Says goodbye, finishes what is under way, closes every file and socket. Idempotent. */
  stop (): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async [Symbol.asyncDispose] (): Promise<void> { await this.stop() }

  async #stop (): Promise<void> {
    const { opened: { store, lock } } = this.#composed
    try {
      this.#republisher?.stop()
      await this.#gateway?.stop()
      await this.#faces?.stop()
      await this.#core.stop()
      await this.#network.stop()
    } finally {
      store.close()
      lock.release()
      this.#tellStopped()
    }
  }

  /** @throws UsageError when its address is taken */
  async #openGateway (): Promise<Gateway | undefined> {
    const { media } = this.#core
    const { settings: { media: { http } } } = this.#composed
    if (media === undefined || http === undefined) return undefined
    return await serveGateway({ blocks: media.blocks, endpoint: http, blocksMax: () => this.#core.config().media.streamsMax, onFault: fault => { this.#config.onFault?.(fault) } })
  }

  /** Nothing can be kept any more: whoever started it starts another one, which goes on from what is on the disk. */
  #end (fault: StorageError): void {
    this.#fault = fault
    void this.stop()
  }

  /** Malformed frames come by the million: they are counted, and nothing else. */
  #noteFault (fault: Error): void {
    if (this.#core.noteFault(fault) === 'bug') this.#config.onFault?.(fault)
  }

  async #rememberPorts (): Promise<void> {
    const bound = this.addresses()
    const { listen, opened: { store } } = this.#composed
    const changed = listen.flatMap(({ wish }) => {
      const port = portOf(bound.find(address => address.endsWith('/ws') === wish.endsWith('/ws')) ?? '')
      return port === undefined || String(port) === store.read.fact(portFact(wish)) ? [] : [{ wish, port }]
    })
    if (changed.length > 0) await this.#core.remember(changed.map(({ wish, port }) => [portFact(wish), String(port)] as const))
  }
}

async function listenOn (settings: RelaySettings, { store }: RelayHome): Promise<readonly Place[]> {
  const isDefault = settings.all.get('listen')?.origin === 'default'
  const places = []
  for (const wish of settings.listen) {
    const last = store.read.fact(portFact(wish))
    const remembered = await withLastPort(wish, last === undefined ? undefined : Number(last))
    // Nobody chose that port: on a machine with two relays the second one takes another, and keeps it.
    places.push({ wish, address: isDefault && !await isFreePort(remembered) ? await withLastPort(anyPort(wish), last === undefined ? undefined : Number(last)) : remembered })
  }
  return places
}

function anyPort (address: string): string { return address.replace(/\/tcp\/\d+/, '/tcp/0') }

/** Of one of our own users; an expired one is none. */
function recordOf (name: Uint8Array, { read }: RelayHome['store']): Uint8Array | undefined {
  const stored = read.record(name)
  return stored === undefined || stored.expiresAtMs <= realClock.now() ? undefined : stored.record
}

function vitalsOf (home: string): Vitals {
  const { rss, heapUsed } = process.memoryUsage()
  return { residentBytes: rss, heapBytes: heapUsed, availableBytes: availableBytes(home) }
}

function availableBytes (home: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(home)
    return bavail * bsize
  } catch {
    // A file system that does not say.
    return undefined
  }
}
