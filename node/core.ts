/**
 * The node above its ports: everything that decides and remembers, wired together. The real node (node.ts) and the simulated
 * one (test/sim) are both made here, from other ports and otherwise alike.
 */
import { StorageError } from '../protocols/core/errors.ts'
import { LOOKUP_BURST, LOOKUP_PER_SECOND } from '../protocols/core/limits.ts'
import type { InviteHint } from '../protocols/account/invite.ts'
import type { OperationName } from '../protocols/local/operations.ts'
import type { AccountStore } from '../store/account-store.ts'
import { UnconfirmedWriteError } from '../store/faults.ts'
import type { Contact, Hint } from '../store/types.ts'
import { Arrivals } from './arrivals.ts'
import { Directory } from './directory.ts'
import type { Reach } from './failpoints.ts'
import { Feed } from './feed.ts'
import { serveAccount } from './handlers/account.ts'
import { serveDeposits } from './handlers/deposit.ts'
import { Rates } from './rates.ts'
import { refill, servePrekeys } from './handlers/prekeys.ts'
import { Destinations } from './contacts/copies.ts'
import type { SecretBox } from './contacts/entries.ts'
import { locate } from './contacts/locate.ts'
import { RecentRecords } from './contacts/recent-records.ts'
import { Copies } from './loops/copies.ts'
import { Custody } from './loops/custody.ts'
import { Errands } from './loops/errands.ts'
import { Indexer } from './loops/indexer.ts'
import { Mailboxes } from './loops/mailboxes.ts'
import { Outbox } from './loops/outbox.ts'
import type { VerifySignature } from './loops/relay-lane.ts'
import { tellProfile } from './loops/profiles.ts'
import { Reaper } from './loops/reaper.ts'
import { Records } from './loops/records.ts'
import { Sessions } from './loops/sessions.ts'
import { Vigil } from './loops/vigil.ts'
import { Media, type MediaWorld } from './media/media.ts'
import { auditOperations } from './operations/audit.ts'
import { contactOperations, type Verifiable } from './operations/contacts.ts'
import { deliveryOperations } from './operations/delivery.ts'
import { eventOperations } from './operations/events.ts'
import type { Handlers } from './operations/handlers.ts'
import { forwardOperations } from './operations/forward.ts'
import { hookOperations } from './operations/hooks.ts'
import { meOperations } from './operations/me.ts'
import { mediaOperations, NO_MEDIA, type MediaName } from './operations/media.ts'
import { messageOperations } from './operations/messages.ts'
import { netcheckOperations } from './operations/netcheck.ts'
import { pingOperations } from './operations/ping.ts'
import { relayOperations } from './operations/relays.ts'
import { requestOperations } from './operations/requests.ts'
import { sendOperations } from './operations/send.ts'
import { waitOperations } from './operations/states.ts'
import { statusOperations } from './operations/status.ts'
import { Views } from './operations/views.ts'
import { OwnAccount } from './own-account.ts'
import type { Ports, RecordNetwork } from './ports.ts'
import { Turn } from './turn/turn.ts'

export interface CoreOptions {
  readonly store: AccountStore
  readonly ports: Ports
  readonly reach: Reach
  readonly home: string
  readonly version: string
  /** How an invite carries an address, and back. */
  readonly hintOf: (peerId: string, address: string) => Omit<InviteHint, 'isRelay'>
  readonly targetOf: (hint: Omit<InviteHint, 'isRelay'>) => Omit<Hint, 'isRelay'>
  readonly safetyNumber: (ours: Verifiable, theirs: Verifiable) => string
  /** Ed25519. */
  readonly verify: VerifySignature
  /** Opens directory entries. */
  readonly box: SecretBox
  /** undefined: without a DHT. */
  readonly records: RecordNetwork | undefined
  /** HMAC-SHA256. */
  readonly macOf: (key: Uint8Array, input: Uint8Array) => Uint8Array
  /** undefined: it keeps no files. */
  readonly media: MediaWorld | undefined
  /** The disk did not confirm a write. Nothing is taken or sent any more, and the node has to be stopped. */
  readonly onUnconfirmed?: (fault: UnconfirmedWriteError) => void
}

/** Operations that need more than the core: `doctor` looks at files, `stop` ends the process's node. */
type CoreName = Exclude<OperationName, 'doctor' | 'stop'>

export class Core {
  readonly account: OwnAccount
  readonly feed = new Feed()
  readonly arrivals = new Arrivals()
  readonly turn: Turn
  readonly operations: Handlers<CoreName>
  readonly #store: AccountStore
  readonly #ports: Ports
  readonly directory: Directory
  readonly #errands: Errands
  readonly #sessions: Sessions
  readonly #outbox: Outbox
  readonly #copies: Copies
  readonly #custody: Custody
  readonly mailboxes: Mailboxes
  readonly #records: Records
  readonly #indexer: Indexer
  readonly #reaper: Reaper
  readonly #vigil: Vigil
  readonly #media: Media | undefined
  readonly #onUnconfirmed: CoreOptions['onUnconfirmed']
  #isUnconfirmed = false
  #storageTrouble: string | undefined

  constructor (options: CoreOptions) {
    const { store, ports, reach } = options
    const { clock, random, network, sealer } = ports
    const reader = store.read
    this.#store = store
    this.#ports = ports
    this.#onUnconfirmed = options.onUnconfirmed
    const directory = new Directory(reader)
    this.directory = directory
    this.account = new OwnAccount({ reader, sealer, addresses: () => network.addresses() })
    this.turn = new Turn({ store, sealer, clock, random, directory, feed: this.feed, arrivals: this.arrivals, reach, statement: () => this.account.ref, profile: () => this.account.profile, hasMailboxes: () => this.account.relays.length > 0 })
    this.#errands = new Errands({ clock, random })
    const destinations = new Destinations(directory)
    const { verify, box, macOf } = options
    const records = options.records === undefined ? undefined : new RecentRecords(options.records, clock)
    this.#sessions = new Sessions({
      reader,
      directory,
      network,
      sealer,
      clock,
      random,
      destinations,
      verify,
      turn: this.turn,
      errands: this.#errands,
      reach,
      locate: async contact => await locate(contact, { reader, directory, network, records, sealer, clock, turn: this.turn, box })
    })
    this.#outbox = new Outbox({ reader, network, sealer, clock, random, directory, account: this.account, arrivals: this.arrivals, turn: this.turn, sessions: this.#sessions, reach, onSettled: row => { this.#copies.settled(row) }, onMissed: rows => { this.#copies.missed(rows) } })
    this.#copies = new Copies({ reader, network, sealer, clock, random, directory, destinations, account: this.account, turn: this.turn, sessions: this.#sessions, reach, verify, roundTripMs: device => this.#outbox.roundTripMs(device) })
    this.#custody = new Custody({ reader, network, clock, random, turn: this.turn, destinations, copies: this.#copies, macOf })
    this.mailboxes = new Mailboxes({ reader, network, sealer, clock, random, turn: this.turn, account: this.account })
    this.#records = new Records({ reader, turn: this.turn, clock, random, network, records, account: this.account, box })
    this.#indexer = new Indexer({ reader, turn: this.turn, clock, feed: this.feed })
    this.#reaper = new Reaper({ reader, turn: this.turn, clock, sealer, account: this.account })
    this.#vigil = new Vigil({ clock, network, onWoken: () => this.#hintAll(), onAddresses: () => this.#addressesChanged() })
    this.#media = options.media === undefined ? undefined : new Media(options.media, { reader, network, clock, random, turn: this.turn, directory, destinations, account: this.account, macOf })
    this.#listen()
    this.#serve(directory, reach)
    this.operations = this.#makeOperations(options)
  }

  /** Begins to move messages. The network has to be started already. */
  async start (): Promise<void> {
    await unlessStorage(refill({ reader: this.#store.read, sealer: this.#ports.sealer, clock: this.#ports.clock, turn: this.turn }))
    await unlessStorage(this.#prepareReach())
    this.mailboxes.start()
    this.#records.start()
    this.#outbox.start()
    this.#copies.start()
    this.#custody.start()
    this.#sessions.resume()
    this.#indexer.start()
    this.#reaper.start()
    this.#vigil.start()
    if (this.#media !== undefined) await unlessStorage(this.#media.start())
    await unlessStorage(tellProfile({ reader: this.#store.read, turn: this.turn, account: this.account }))
  }

  /** Finishes what is under way. Afterwards the store can be closed. */
  async stop (): Promise<void> {
    await this.#media?.stop()
    this.#vigil.stop()
    this.#reaper.stop()
    this.#indexer.stop()
    this.#errands.stop()
    this.#records.stop()
    this.mailboxes.stop()
    this.#custody.stop()
    this.#copies.stop()
    this.#outbox.stop()
    await this.turn.stop()
  }

  #listen (): void {
    this.turn.listen({
      onSealed: envelopes => {
        this.#outbox.offer(envelopes)
        this.#copies.offer(envelopes)
      },
      onSessionless: devices => { for (const device of devices) this.#sessions.obtain(device) },
      onBehind: contacts => { for (const contact of contacts) this.#sessions.refresh(contact) },
      onHint: contacts => {
        for (const contact of contacts) {
          this.#sessions.hint(contact)
          this.#outbox.hint(contact)
        }
      },
      onContacts: contacts => {
        this.mailboxes.sync()
        for (const contact of contacts) {
          this.#copies.replan(contact)
          this.#media?.mover.replan(contact)
        }
      },
      onTaken: envelopes => {
        this.mailboxes.taken(envelopes)
        this.#copies.heard(new Set(envelopes.map(({ contact }) => contact)))
      },
      onBlobs: told => { this.#media?.told(told) },
      onStorage: error => { this.#noteStorage(error) }
    })
    this.account.onChanged(() => {
      this.mailboxes.sync()
      this.#records.hint()
    })
    this.mailboxes.onOpened((_relay, isNew) => { this.#records.hint(isNew) })
    this.#ports.network.onConnect((peerId, openedBy) => {
      this.#media?.mover.hint(peerId)
      if (openedBy === 'us') return
      const device = this.#store.read.devices.byPeer(peerId)
      if (device !== undefined) this.#sessions.hint(device.contact)
    })
    this.#ports.network.meet(peerId => this.#contactOf(peerId)?.standing === 'accepted')
    this.#ports.network.onNeighbour(peerId => {
      const contact = this.#contactOf(peerId)?.contact
      if (contact === undefined) return
      this.#sessions.hint(contact)
      this.#outbox.hint(contact)
    })
  }

  #noteStorage (error: StorageError | undefined): void {
    this.#storageTrouble = error === undefined ? undefined : `${error.message}. ${error.hint ?? ''}`.trim()
    if (!(error instanceof UnconfirmedWriteError) || this.#isUnconfirmed) return
    this.#isUnconfirmed = true
    this.#onUnconfirmed?.(error)
  }

  #contactOf (peerId: string): Contact | undefined {
    const { devices, contacts } = this.#store.read
    const device = devices.byPeer(peerId)
    return device === undefined ? undefined : contacts.byNumber(device.contact)
  }

  #serve (directory: Directory, reach: Reach): void {
    const { network, clock, sealer } = this.#ports
    const reader = this.#store.read
    const lookupRates = new Rates(clock, () => ({ burst: LOOKUP_BURST, perSecond: LOOKUP_PER_SECOND }))
    const own = (): OwnAccount['own'] => this.account.own
    serveAccount({ network, own, rates: lookupRates })
    servePrekeys({ network, reader, own, directory, sealer, clock, turn: this.turn, rates: lookupRates, reach })
    serveDeposits({
      network,
      reader,
      directory,
      clock,
      turn: this.turn,
      rates: new Rates(clock, () => ({ burst: LOOKUP_BURST, perSecond: LOOKUP_PER_SECOND })),
      reach
    })
  }

  #makeOperations ({ home, version, hintOf, targetOf, safetyNumber }: CoreOptions): Handlers<CoreName> {
    const { clock, random, network, sealer } = this.#ports
    const { account, turn, feed, arrivals } = this
    const reader = this.#store.read
    const views = new Views({ reader, network, account, directory: this.directory, clock, transfer: root => this.#media?.mover.view(root) })
    return {
      ...statusOperations({ reader, account, network, clock, home, version, indexer: this.#indexer, trouble: () => this.#trouble() }),
      ...pingOperations({ reader, network }),
      ...netcheckOperations({ network, clock }),
      ...meOperations({ account, turn, network, clock, random, hintOf, mailboxes: this.mailboxes, onProfile: () => this.#addressesChanged() }),
      ...contactOperations({ reader, turn, account, clock, network, sealer, views, targetOf, safetyNumber, onRequested: contact => this.#requested(contact) }),
      ...requestOperations({ reader, turn, views }),
      ...relayOperations({ reader, turn, account, mailboxes: this.mailboxes, network, clock, random, onRelays: () => this.#addressesChanged() }),
      ...sendOperations({ reader, turn, account, directory: this.directory, sessions: this.#sessions, desk: this.#media?.desk }),
      ...forwardOperations({ reader, turn, account, directory: this.directory, sessions: this.#sessions }),
      ...this.#mediaOperations(),
      ...waitOperations({ reader, arrivals, clock, directory: this.directory }),
      ...messageOperations({ reader, turn, account, views }),
      ...deliveryOperations({ reader, turn, account, clock, directory: this.directory, outbox: this.#outbox, copies: this.#copies, sessions: this.#sessions, views }),
      ...auditOperations({ reader, custody: this.#custody }),
      ...eventOperations({ reader, turn, feed, clock, views }),
      ...hookOperations({ reader, turn })
    }
  }

  #mediaOperations (): Handlers<MediaName> {
    if (this.#media === undefined) return NO_MEDIA
    const { clock, random } = this.#ports
    return mediaOperations({ media: this.#media, reader: this.#store.read, turn: this.turn, feed: this.feed, clock, random })
  }

  #trouble (): string[] {
    const changed = this.#store.read.contacts.list().filter(contact => contact.isKeyChanged).length
    return [
      ...this.#storageTrouble === undefined ? [] : [this.#storageTrouble],
      ...this.mailboxes.trouble(),
      ...changed === 0 ? [] : [`${changed} ${changed === 1 ? 'contact has' : 'contacts have'} a changed signing key: skein contact list`]
    ]
  }

  #requested (contact: number): void {
    this.#sessions.introduce(contact)
    this.#sessions.hint(contact)
  }

  #addressesChanged (): void {
    // Who is not told now, because the disk says no or we are stopping, is told at the next start.
    void unlessStorage(tellProfile({ reader: this.#store.read, turn: this.turn, account: this.account }))
    this.#hintAll()
  }

  /** What an account of an older version lacks: keys behind its directory record, and secrets behind the aliases of its contacts. */
  async #prepareReach (): Promise<void> {
    const { read } = this.#store
    const isComplete = this.account.recordKeys !== undefined && read.contacts.list().every(hasSecret)
    if (isComplete) return
    await this.turn.write((writer, round) => {
      this.account.makeRecordKeys(writer, this.#ports.random)
      for (const contact of writer.read.contacts.list()) if (!hasSecret(contact)) round.toForget.add(contact.contact)
    })
  }

  #hintAll (): void {
    this.mailboxes.hintAll()
    this.#errands.hintAll()
    this.#outbox.hintAll()
    this.#copies.hintAll()
    this.#media?.mover.hint()
  }
}

function hasSecret ({ standing, aliasSecret }: Contact): boolean {
  return aliasSecret !== undefined || (standing !== 'accepted' && standing !== 'requested')
}

/** A full disk must not keep a node from its start: people read, and it goes on when there is room. The turn reports it. */
async function unlessStorage (work: Promise<void>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
  }
}
