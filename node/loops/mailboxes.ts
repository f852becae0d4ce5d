/**
 * Our mailboxes, one lane for each of our relays, and what is common to them: who is told when contacts, invites or our device list
 * change, which prekeys are where, and how a relay is tried and left. Law: docs/protocols/mailbox.md.
 */
import type { Opened } from '../../protocols/mailbox/wire.ts'
import { StorageError, UnreachableError, MalformedError } from '../../protocols/core/errors.ts'
import { DELIVERY_LIFETIME_MS, SHARD_LOOK_MS, SHARD_RETRY_MS } from '../../protocols/core/limits.ts'
import type { Reader } from '../../store/reader.ts'
import { Doors } from '../contacts/doors.ts'
import type { OwnAccount } from '../own-account.ts'
import type { Clock, Network, PeerTarget, Random, Sealer, Timer } from '../ports.ts'
import type { Taken } from '../turn/consequences.ts'
import type { Turn } from '../turn/turn.ts'
import { MailboxLane, type MailboxStanding } from './mailbox-lane.ts'
import { Shards, type Stock } from './shards.ts'

export interface MailboxesParts {
  readonly reader: Reader
  readonly network: Network
  readonly sealer: Sealer
  readonly clock: Clock
  readonly random: Random
  readonly turn: Turn
  readonly account: OwnAccount
}

/** A relay where we might have a mailbox. */
export interface Candidate extends PeerTarget {
  readonly code: string | undefined
}

const DAY_MS = 24 * 3_600_000
/** A relay that is silent for so long is worth a person's look. */
const SILENT_MS_MAX = DAY_MS
/** What a relay says that will say the same tomorrow. */
const LASTING: ReadonlySet<string> = new Set(['admission', 'blocked', 'draining', 'version'])
/** Between two looks at whether a relay that we leave is empty. */
const LEAVE_LOOK_MS = 1_000

export class Mailboxes {
  readonly #parts: MailboxesParts
  readonly #shards: Shards
  readonly #lanes = new Map<string, MailboxLane>()
  readonly #candidates = new Map<string, Candidate>()
  readonly #timers = new Set<Timer>()
  #listener: (relay: PeerTarget, isNew: boolean) => void = () => {}
  #isStarted = false
  #isSyncing = false

  constructor (parts: MailboxesParts) {
    this.#parts = parts
    this.#shards = new Shards(parts)
  }

  /** Who else has something to put there when a mailbox opens: `isNew` when the relay keeps nothing of ours. */
  onOpened (listener: (relay: PeerTarget, isNew: boolean) => void): void { this.#listener = listener }

  start (): void {
    const { reader, network } = this.#parts
    this.#isStarted = true
    for (const { peerId, standing } of reader.relays.list()) {
      this.#lane(peerId).start()
      if (standing === 'leaving') this.#leaveLater(peerId)
    }
    network.onConnect(peerId => this.#lanes.get(peerId)?.hint())
    this.useRelays()
    this.#lookLater()
  }

  stop (): void {
    this.#isStarted = false
    for (const timer of this.#timers) timer.cancel()
    this.#timers.clear()
    for (const lane of this.#lanes.values()) lane.stop()
    this.#lanes.clear()
  }

  hintAll (): void {
    for (const lane of this.#lanes.values()) lane.hint()
  }

  /** Copies of these may wait at our relays. */
  taken (envelopes: readonly Taken[]): void {
    for (const lane of this.#lanes.values()) lane.taken(envelopes)
  }

  /** Contacts, invites or our device list have changed: the relays are told soon, once for all that changes meanwhile. */
  sync (): void {
    if (this.#isSyncing || this.#lanes.size === 0) return
    this.#isSyncing = true
    this.#parts.clock.soon(() => {
      this.#isSyncing = false
      void this.synced()
    })
  }

  /** Resolves when the relays that are connected, or are being tried for the first time, have what should be there now. */
  async synced (): Promise<void> {
    await Promise.all([...this.#lanes.values()].map(async lane => {
      await quietly(lane.first)
      await quietly(lane.sync())
    }))
  }

  standing (peerId: string): MailboxStanding | undefined { return this.#lanes.get(peerId)?.standing }

  /** What needs a person, in words: relays that will not come back by themselves. */
  trouble (): string[] {
    const { reader, clock } = this.#parts
    return reader.relays.list().flatMap(({ peerId, name, standing, openedAtMs, addedAtMs }) => {
      const lane = this.#lanes.get(peerId)?.standing
      if (standing === 'leaving' || lane?.trouble === undefined) return []
      const { trouble, goodbye, answeredAtMs } = lane
      const silentMs = clock.now() - Math.max(answeredAtMs ?? 0, openedAtMs ?? addedAtMs)
      const what = name === '' ? 'One of your relays' : `Your relay ${name}`
      if (goodbye !== undefined && LASTING.has(goodbye)) return [`${what} keeps no mailbox for you: ${trouble}. See: skein relays list`]
      return silentMs < SILENT_MS_MAX ? [] : [`${what} has not answered for ${Math.floor(silentMs / DAY_MS)} days: ${trouble}. See: skein relays list`]
    })
  }

  /** Tells the network which relays others reach us through. */
  useRelays (): void {
    const { network, reader } = this.#parts
    network.useRelays(reader.relays.list().filter(({ standing }) => standing === 'used').map(({ peerId, addresses }) => ({ peerId, addresses })))
  }

  /**
   * Opens a mailbox at a relay that is not ours yet, with aliases and prekeys in it. Whoever asks for it writes the relay down then.
   * @throws MailboxRefusal when it says no, UnreachableError when it does not answer
   */
  async open (candidate: Candidate): Promise<Opened> {
    const { peerId } = candidate
    this.drop(peerId)
    this.#candidates.set(peerId, candidate)
    const lane = this.#lane(peerId)
    lane.start()
    try {
      return await lane.first
    } catch (error) {
      this.drop(peerId)
      throw error
    }
  }

  /** It is not ours any more, or has other addresses now. */
  drop (peerId: string): void {
    this.#lanes.get(peerId)?.stop()
    this.#lanes.delete(peerId)
    this.#candidates.delete(peerId)
  }

  /** It is written down now: its row says where it is. */
  keep (peerId: string): void {
    this.#candidates.delete(peerId)
    if (this.#isStarted) this.#lane(peerId).start()
  }

  /** Empties a mailbox and gives it up. Returns whether that is done; if not, it goes on by itself. */
  async leave (peerId: string): Promise<boolean> {
    const lane = this.#lanes.get(peerId)
    const isLeft = lane !== undefined && await quietly(lane.leave()) === true
    if (isLeft || this.#isLost(peerId)) {
      await this.#forget(peerId)
      return true
    }
    this.#leaveLater(peerId)
    return false
  }

  #lane (peerId: string): MailboxLane {
    const known = this.#lanes.get(peerId)
    if (known !== undefined) return known
    const { reader, network, sealer, clock, random, turn, account } = this.#parts
    const row = this.#candidates.get(peerId) ?? reader.relays.byPeer(peerId)
    const lane = new MailboxLane({
      network,
      clock,
      random,
      turn,
      sealer,
      doors: new Doors(reader, { relay: peerId, device: account.own.deviceId }),
      target: () => this.#target(peerId),
      admissionCode: row?.code,
      epoch: () => account.aliasEpoch,
      onOpened: async opened => await this.#furnish(peerId, opened)
    })
    this.#lanes.set(peerId, lane)
    return lane
  }

  #target (peerId: string): PeerTarget {
    const { addresses } = this.#candidates.get(peerId) ?? this.#parts.reader.relays.byPeer(peerId) ?? { addresses: [] }
    return { peerId, addresses }
  }

  async #furnish (peerId: string, { isNew, oneTimeLeft, description }: Opened): Promise<void> {
    const { turn, clock, reader } = this.#parts
    await this.#bring(peerId, { isNew, oneTimeLeft })
    if (reader.relays.byPeer(peerId) !== undefined) await quietly(turn.write(writer => writer.relays.markOpened(peerId, { atMs: clock.now(), name: description.name })))
    this.#listener(this.#target(peerId), isNew)
  }

  /** Without fresh prekeys a mailbox is still of use: it is tried again later. */
  async #bring (peerId: string, stock: Stock): Promise<void> {
    try {
      await this.#shards.bring(this.#target(peerId), stock)
    } catch (error) {
      if (!isPassing(error)) throw error
      this.#after(SHARD_RETRY_MS, () => { void this.#look(peerId) })
    }
  }

  async #look (peerId: string): Promise<void> {
    if (this.#lanes.get(peerId)?.standing.at === 'open') await this.#bring(peerId, { isNew: false, oneTimeLeft: undefined })
  }

  /** Keys are used up and grow old while a stream stays open for weeks. */
  #lookLater (): void {
    this.#after(SHARD_LOOK_MS * (0.75 + this.#parts.random.fraction() / 2), () => {
      for (const peerId of this.#lanes.keys()) void this.#look(peerId)
      this.#lookLater()
    })
  }

  #leaveLater (peerId: string): void {
    this.#after(LEAVE_LOOK_MS, () => {
      if (this.#parts.reader.relays.byPeer(peerId)?.standing === 'leaving') void this.leave(peerId)
    })
  }

  /** Nothing that was left there before is there any more. */
  #isLost (peerId: string): boolean {
    const row = this.#parts.reader.relays.byPeer(peerId)
    return row !== undefined && this.#parts.clock.now() - (row.openedAtMs ?? row.addedAtMs) > DELIVERY_LIFETIME_MS
  }

  async #forget (peerId: string): Promise<void> {
    await quietly(this.#parts.turn.write(writer => {
      writer.relays.remove(peerId)
      writer.shards.forget(peerId)
    }))
    this.drop(peerId)
  }

  #after (delayMs: number, work: () => void): void {
    if (!this.#isStarted) return
    const timer = this.#parts.clock.timer(delayMs, () => {
      this.#timers.delete(timer)
      work()
    })
    this.#timers.add(timer)
  }
}

/** What is no bug: the relay, the network or the disk says no for now, and the next opening sets it right. */
function isPassing (error: unknown): boolean {
  return error instanceof UnreachableError || error instanceof MalformedError || error instanceof StorageError
}

async function quietly<Value> (work: Promise<Value>): Promise<Value | undefined> {
  try {
    return await work
  } catch (error) {
    if (isPassing(error)) return undefined
    throw error
  }
}
