/** A node of the real world: the core over libsignal and libp2p, its door for local clients, and the order of start and stop. */
import { join } from 'node:path'
import { accountIdText, deviceIdText } from '../protocols/core/ids.ts'
import { StorageError } from '../protocols/core/errors.ts'
import type { LocalApi } from '../protocols/local/operations.ts'
import type { ContactView, EventView, MessageView, RequestView, StatusView } from '../protocols/local/schema.ts'
import { DOWNLOAD_POLICY } from '../protocols/media/download-policy.ts'
import type { AccountStore } from '../store/account-store.ts'
import { BlobFiles } from '../store/blobs/blob-files.ts'
import type { HomeLock } from '../store/lock.ts'
import { socketPathFor } from './api/socket-path.ts'
import type { LocalServer } from './api/server.ts'
import { bootstrapRelays } from './contacts/bootstrap.ts'
import { parseRelayAddress } from './contacts/relay-address.ts'
import { Core } from './core.ts'
import { isSameKey, macOf } from './crypto/mac.ts'
import { safetyNumber } from './crypto/safety-number.ts'
import { SignalSealer } from './crypto/sealer.ts'
import { openSecret, sealSecret } from './crypto/secretbox.ts'
import { isSignature } from './crypto/verify.ts'
import { reachFromEnvironment } from './failpoints.ts'
import { BLOBS, DOWNLOADS, SPOOL } from './home-files.ts'
import { HookRunner } from './loops/hooks.ts'
import { createInspector } from './media/inspect/inspector.ts'
import type { MediaWorld } from './media/media.ts'
import { addressFromBytes, addressToBytes, isLoopback } from './net/addresses.ts'
import { peerIdFromBytes, peerIdToBytes } from './net/identity.ts'
import { RecordDht } from './net/dht/dht.ts'
import { Libp2pNetwork } from './net/network.ts'
import { portFact, portOf, withLastPort } from './net/ports.ts'
import { doctorOperations } from './operations/doctor.ts'
import type { Handlers } from './operations/handlers.ts'
import { SentMessage } from './sent.ts'
import type { NodeConfig, Sent, SkeinNode } from './skein-node.ts'
import { VERSION } from './version.ts'
import { realClock, realRandom } from './world.ts'

/** All interfaces, ports of the system's choice; the same ones again at the next start (net/ports.ts). */
const LISTEN_DEFAULT = ['/ip4/0.0.0.0/tcp/0', '/ip4/0.0.0.0/tcp/0/ws']

interface Opened { readonly store: AccountStore, readonly lock: HomeLock }

export class RunningNode implements SkeinNode {
  readonly account: string
  readonly device: string
  readonly peerId: string
  readonly stopped: Promise<StorageError | undefined>
  readonly #tellStopped: () => void
  readonly #config: NodeConfig
  readonly #listen: readonly string[]
  readonly #opened: Opened
  readonly #network: Libp2pNetwork
  readonly #core: Core
  readonly #hooks: HookRunner
  readonly #operations: Handlers
  #server: LocalServer | undefined
  #fault: StorageError | undefined
  #isStarted = false
  #stopping: Promise<void> | undefined

  static async compose (config: NodeConfig, opened: Opened): Promise<RunningNode> {
    const { facts } = opened.store.read
    const specs = config.listen ?? LISTEN_DEFAULT
    const listen = []
    for (const spec of specs) listen.push(await withLastPort(spec, facts.number(portFact(spec))))
    return new RunningNode(config, opened, { specs, listen })
  }

  private constructor (config: NodeConfig, opened: Opened, { specs, listen }: { readonly specs: readonly string[], readonly listen: readonly string[] }) {
    const { store } = opened
    const own = store.read.own.get()
    if (own === undefined) throw new StorageError('the account database holds no account', 'Either its creation was interrupted, which `skein init` finishes, or the file was emptied.')
    const { promise, resolve } = Promise.withResolvers<StorageError | undefined>()
    this.stopped = promise
    this.#tellStopped = () => { resolve(this.#fault) }
    this.#config = config
    this.#opened = opened
    this.#listen = specs
    this.account = accountIdText(own.accountId)
    this.device = deviceIdText(own.deviceId)
    const configured = (config.bootstrap ?? []).map(parseRelayAddress)
    const records = new RecordDht({ mode: 'client', clock: realClock, bootstrap: () => bootstrapRelays({ reader: store.read, directory: this.#core.directory, account: this.#core.account, configured }) })
    this.#network = new Libp2pNetwork({ networkKey: own.networkKey, listen, services: records.services(), agentVersion: `skein/${VERSION}`, clock: realClock, isOnLan: isOnLan(config, specs), onFault: error => { console.error(`fault in a handler: ${error.name}`) } })
    this.peerId = this.#network.peerId
    const sealer = new SignalSealer({ own, reader: store.read, clock: realClock })
    this.#core = new Core({
      store,
      ports: { clock: realClock, random: realRandom, network: this.#network, sealer },
      reach: reachFromEnvironment(process.env['SKEIN_FAILPOINT']),
      home: config.home,
      version: VERSION,
      hintOf: (peerId, address) => ({ peerId: peerIdToBytes(peerId), address: addressToBytes(address) }),
      targetOf: ({ peerId, address }) => ({ peerId: peerIdFromBytes(peerId), address: addressFromBytes(address) }),
      safetyNumber: (ours, theirs) => safetyNumber(ours, theirs).digits,
      verify: isSignature,
      box: { seal: sealSecret, open: openSecret },
      records,
      macOf,
      media: mediaOf(config),
      onUnconfirmed: fault => { this.#end(fault) }
    })
    this.#operations = {
      ...this.#core.operations,
      ...doctorOperations({ store, home: config.home, clock: realClock }),
      stop: () => this.#stopSoon()
    }
    this.#hooks = new HookRunner({ reader: store.read, feed: this.#core.feed, clock: realClock, events: this.#core.operations, home: config.home })
  }

  addresses (): readonly string[] { return this.#network.addresses() }

  async start (): Promise<void> {
    if (this.#isStarted) return
    this.#isStarted = true
    await this.#network.start()
    await this.#rememberPorts()
    await this.#core.start()
    this.#hooks.start()
    const { serve = true, onFault, home } = this.#config
    if (!serve) return
    // Loaded here: a node in process for one command needs no server, and Fastify costs 40 ms.
    const { serveLocalApi } = await import('./api/server.ts')
    this.#server = await serveLocalApi({ api: this, socketPath: socketPathFor(home), clock: realClock, version: VERSION, ...onFault === undefined ? {} : { onFault } })
  }

  stop (): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    await this.stop()
  }

  call: LocalApi['call'] = async (name, params) => {
    return await this.#operations[name](params)
  }

  async invite ({ once = false }: { readonly once?: boolean } = {}): Promise<string> {
    return (await this.call('me.card', { once })).link
  }

  readonly contacts = {
    add: async (link: string, options: { readonly as?: string, readonly text?: string } = {}): Promise<ContactView> => (await this.call('contact.add', { link, ...options })).contact,
    list: async (): Promise<readonly ContactView[]> => (await this.call('contact.list', {})).contacts
  }

  readonly requests = {
    list: async (): Promise<readonly RequestView[]> => (await this.call('requests.list', {})).requests,
    accept: async (id: string, options: { readonly as?: string } = {}): Promise<ContactView> => (await this.call('requests.accept', { id, ...options })).contact,
    reject: async (id: string): Promise<void> => { await this.call('requests.reject', { id }) }
  }

  async send (to: string, text: string, { attachments, ...options }: NonNullable<Parameters<SkeinNode['send']>[2]> = {}): Promise<Sent> {
    const { id } = await this.call('send', { to, text, ...options, ...attachments !== undefined && { attachments: [...attachments] } })
    return new SentMessage(id, { reader: this.#opened.store.read, arrivals: this.#core.arrivals, directory: this.#core.directory, clock: realClock })
  }

  async read (who: string, options: { readonly limit?: number, readonly before?: string } = {}): Promise<readonly MessageView[]> {
    return (await this.call('read', { with: who, ...options })).messages
  }

  async * events ({ cursor, after, signal }: { readonly cursor?: string, readonly after?: string, readonly signal?: AbortSignal } = {}): AsyncIterableIterator<EventView> {
    let from = after ?? (cursor === undefined ? (await this.call('events.page', { after: 'now', limit: 1 })).cursor : undefined)
    while (signal?.aborted !== true && this.#stopping === undefined) {
      const page = await this.call('events.page', { ...cursor === undefined ? {} : { name: cursor }, ...from === undefined ? {} : { after: from }, waitMs: EVENT_WAIT_MS })
      for (const event of page.events) {
        yield event
        // The consumer asks for the next one, so it has dealt with this one.
        if (cursor !== undefined) await this.call('events.acknowledge', { name: cursor, cursor: event.cursor })
      }
      from = page.cursor
    }
  }

  async status (): Promise<StatusView> { return await this.call('status', {}) }

  async #rememberPorts (): Promise<void> {
    const bound = this.#network.addresses()
    const { facts } = this.#opened.store.read
    const changed = this.#listen.flatMap(spec => {
      const port = portOf(bound.find(address => address.endsWith('/ws') === spec.endsWith('/ws')) ?? '')
      return port === undefined || port === facts.number(portFact(spec)) ? [] : [{ spec, port }]
    })
    // Mostly they are the same: a start then writes nothing, and so succeeds on a full disk.
    if (changed.length === 0) return
    await this.#core.turn.write(writer => { for (const { spec, port } of changed) writer.facts.set(portFact(spec), port) })
  }

  /** The answer leaves before the door closes. */
  #stopSoon (): Record<string, never> {
    realClock.soon(() => { void this.stop() })
    return {}
  }

  /** Nothing can be kept any more: whoever started it starts another one, which goes on from what is on the disk. */
  #end (fault: StorageError): void {
    this.#fault = fault
    this.#stopSoon()
  }

  async #stop (): Promise<void> {
    try {
      this.#hooks.stop()
      await this.#server?.stop()
      await this.#core.stop()
      await this.#network.stop()
    } finally {
      this.#opened.store.close()
      this.#opened.lock.release()
      this.#tellStopped()
    }
  }
}

/** Ciphertext of some thousand photos, or of a hundred films: what people have to spare on a disk of today. */
const CACHE_BYTES_MAX = 10_000_000_000

function mediaOf ({ home, media = {} }: NodeConfig): MediaWorld {
  const { folder = join(home, DOWNLOADS), cacheBytesMax = CACHE_BYTES_MAX, autoBytesMax = DOWNLOAD_POLICY.autoBytesMax, isVerifiedOnly = false, isMetered = false } = media
  return {
    blobs: new BlobFiles(join(home, BLOBS)),
    inspector: createInspector(),
    spool: join(home, SPOOL),
    folder,
    bytesMax: cacheBytesMax,
    policy: { autoBytesMax, isVerifiedOnly, isMetered },
    isSame: isSameKey
  }
}

/** How long one look for events waits before it is renewed: bounds how long a stopped reader lingers. */
const EVENT_WAIT_MS = 1_000

/** A node for one command is gone before anybody finds it. */
function isOnLan ({ lan, serve = true }: NodeConfig, listen: readonly string[]): boolean {
  return lan ?? (serve && listen.some(address => !isLoopback(address)))
}
