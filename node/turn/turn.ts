/**
 * The turn: the one loop that moves messages, and the mutex of every session. It takes what is ready (envelopes that arrived,
 * drafts, acknowledgements, anything else to write), opens and seals in memory, commits all of it in one transaction, and only
 * then answers, sends and tells. Batches form by themselves: while one turn commits, the next one's work gathers.
 *
 *   drain → open → compose → seal → COMMIT → drain …
 *                                      ╰→ on the disk → acknowledge, deposit, tell
 *
 * The wait for the disk does not stop the loop: the next turn works on what is committed, and its own answers wait for a later
 * flush. What fails before the commit has not happened: the ratchet steps back, senders are told to try again, drafts are refused.
 */
import { asError, StorageError } from '../../protocols/core/errors.ts'
import { idKey, type ContentId, type DeviceId } from '../../protocols/core/ids.ts'
import { RETRY_REQUESTS_PER_HOUR } from '../../protocols/core/limits.ts'
import type { StatementRef } from '../../protocols/account/wire.ts'
import type { AccountStore } from '../../store/account-store.ts'
import type { Writer } from '../../store/writer.ts'
import type { Clock, Random, Sealer, Timer } from '../ports.ts'
import type { Directory } from '../directory.ts'
import type { Feed } from '../feed.ts'
import type { Arrivals } from '../arrivals.ts'
import type { Reach } from '../failpoints.ts'
import { countCopies, countRow } from '../contacts/copies.ts'
import { giveSecrets } from '../contacts/secrets.ts'
import { Rates } from '../rates.ts'
import { composeDraft, Ids, writeDraft, type Composed, type Draft, type RecallParts } from './compose.ts'
import { openArrival, refused, type Arrival, type OpenedArrival } from './open.ts'
import { outcomeOfFailed, sessionlessOf, STORAGE_RETRY_MS, takenOf, type Taken } from './consequences.ts'
import { DueReceipts } from './due-receipts.ts'
import { hasBlobs, type BlobsTold } from './blobs-told.ts'
import { gatherParcels, gatherWaiting } from './parcels.ts'
import { Replies } from './replies.ts'
import { Round } from './round.ts'
import { sealParcels, writeEnvelopes } from './seal.ts'
import type { SealedEnvelope } from './sealed-envelope.ts'
import { writeSettlements, type Settlement } from './settle.ts'
import { takeOpened, type TakenOutcome } from './take.ts'
import { Threads } from './threads.ts'
import { singles, WORK_MAX, WorkQueue, type Work } from './work.ts'

/** Turns whose commits the disk has not confirmed yet: beyond it the loop waits. */
const UNFINISHED_MAX = 4
/** A mark of delivery alone is not worth a commit: it rides with the next work, or goes after this long. */
const SETTLE_DELAY_MS = 20

/** What a committed turn has to tell once the disk has it. */
interface Done {
  readonly round: Round
  readonly composed: readonly Composed[]
  readonly outcomes: readonly TakenOutcome[]
  readonly leaving: readonly SealedEnvelope[]
  readonly sessionless: readonly DeviceId[]
}

export interface TurnParts {
  readonly store: AccountStore
  readonly sealer: Sealer
  readonly clock: Clock
  readonly random: Random
  readonly directory: Directory
  readonly feed: Feed
  readonly arrivals: Arrivals
  readonly reach: Reach
  readonly statement: () => StatementRef
  readonly profile: RecallParts['profile']
  /** Whether copies of what comes directly may come through relays as well. */
  readonly hasMailboxes: () => boolean
}

export interface TurnEvents {
  /** Envelopes that are durable and may leave. */
  readonly onSealed: (envelopes: readonly SealedEnvelope[]) => void
  /** Contacts whose device list is behind what they told us. */
  readonly onBehind: (contacts: ReadonlySet<number>) => void
  /** Contacts that may be reachable now. */
  readonly onHint: (contacts: ReadonlySet<number>) => void
  /** Devices that need a session before their contents can leave. */
  readonly onSessionless: (devices: readonly DeviceId[]) => void
  /** Contacts are others than before: what they may do may have changed. */
  readonly onContacts: (contacts: ReadonlySet<number>) => void
  /** Envelopes of contacts that are in: copies of them may wait at other relays. */
  readonly onTaken: (taken: readonly Taken[]) => void
  /** Blobs were sent or named, or are not needed any more. */
  readonly onBlobs: (told: BlobsTold) => void
  /** The disk says no, or says yes again; after an UnconfirmedWriteError it never does. */
  readonly onStorage: (error: StorageError | undefined) => void
}

export class Turn {
  readonly ids: Ids
  readonly #parts: TurnParts
  readonly #threads: Threads
  readonly #replies = new Replies()
  readonly #receipts: DueReceipts
  /** How often one device may make us seal something anew. */
  readonly #retryRates: Rates
  #events: TurnEvents | undefined
  readonly #queue = new WorkQueue()
  /** Settlements that wait, or whose commit is under way. */
  #unwritten = 0
  #running: Promise<void> | undefined
  #settleTimer: Timer | undefined
  #isStopped = false
  #finished = Promise.resolve()
  #unfinished = 0
  /** First sealed row of each unfinished turn, Infinity when it sealed none. */
  readonly #undurableRows: number[] = []
  /** The disk did not confirm a write: nothing is certain any more, and nothing more is done. */
  #fault: Error | undefined
  #isDiskInTrouble = false

  constructor (parts: TurnParts) {
    this.#parts = parts
    this.#threads = new Threads(parts.store.read)
    this.ids = new Ids(parts.random)
    this.#receipts = new DueReceipts({ ...parts, seal: device => this.seal(device) })
    this.#retryRates = new Rates(parts.clock, () => ({ burst: RETRY_REQUESTS_PER_HOUR, perSecond: RETRY_REQUESTS_PER_HOUR / 3600 }))
  }

  /** Connects what comes after a commit; once, before the first work. */
  listen (events: TurnEvents): void {
    this.#events = events
  }

  /** Envelopes that wait for their commit. */
  get waitingArrivals (): number { return this.#queue.arrivals.length }

  take (arrivals: readonly Arrival[]): void {
    if (this.#isStopped) return arrivals.forEach(arrival => arrival.onOutcome(refused('busy')))
    this.#queue.arrivals.push(...arrivals)
    this.#wake()
  }

  /** Resolves with the content's id when it is durable. Rejects when it is not and never will be. */
  async send (draft: Draft): Promise<ContentId> {
    this.#mustRun()
    return await new Promise((resolve, reject) => {
      this.#queue.drafts.push({ draft, onDone: resolve, onFailed: reject })
      this.#wake()
    })
  }

  /** Runs `work` in the next turn's transaction and resolves with its result after the commit. */
  async write<T> (work: (writer: Writer, round: Round) => T, prepare?: () => Promise<void> | void): Promise<T> {
    this.#mustRun()
    return await new Promise((resolve, reject) => {
      const result: T[] = []
      this.#queue.tasks.push({
        ...prepare === undefined ? {} : { prepare },
        write: (writer, round) => { result[0] = work(writer, round) },
        onDone: () => resolve(result[0] as T),
        onFailed: reject
      })
      this.#wake()
    })
  }

  /** Deposits that came to an end: written with the next turn. */
  settle (settlements: readonly Settlement[]): void {
    if (this.#isStopped) return
    this.#queue.settlements.push(...settlements)
    this.#unwritten += settlements.length
    if (this.#queue.settlements.length >= WORK_MAX) return this.#wake()
    this.#settleTimer ??= this.#parts.clock.timer(SETTLE_DELAY_MS, () => {
      this.#settleTimer = undefined
      this.#wake()
    })
  }

  /**
   * Whoever has been told of a delivery finds it in what is read afterwards: marks that wait for company are written now.
   * Never rejects: on a disk that takes nothing, what stands there is what there is to read.
   */
  async settled (): Promise<void> {
    if (this.#unwritten === 0) return
    try {
      await this.write(() => {})
    } catch {
      // The turn has reported it.
    }
  }

  /** A device's waiting contents can be sealed now. */
  seal (device: DeviceId): void {
    this.#queue.seal(device)
    this.#wake()
  }

  /** Finishes the work that was given and takes no more. */
  async stop (): Promise<void> {
    this.#settleTimer?.cancel()
    this.#receipts.stop()
    this.#wake()
    await this.#running
    await this.#finished
    this.#isStopped = true
  }

  /** Whether a sealed row is on the disk for certain: before, a power cut could undo the ratchet step that it was made with. */
  mayLeave (row: number): boolean {
    return row < Math.min(Number.POSITIVE_INFINITY, ...this.#undurableRows)
  }

  #mustRun (): void {
    if (this.#isStopped) throw new StorageError('the node is stopping', 'Nothing was written. Start it again with: skein up')
  }

  #wake (): void {
    if (this.#isStopped || this.#running !== undefined) return
    this.#running = this.#run()
  }

  async #run (): Promise<void> {
    try {
      // What is called in the same tick belongs into the same batch.
      await Promise.resolve()
      while (!this.#queue.isEmpty()) {
        await this.#turn(this.#queue.take())
        if (this.#unfinished >= UNFINISHED_MAX) await this.#finished
        if (!this.#queue.isEmpty()) await new Promise<void>(resolve => this.#parts.clock.soon(resolve))
      }
    } finally {
      this.#running = undefined
    }
  }

  async #turn (work: Work): Promise<void> {
    try {
      this.#finishLater(work, await this.#attempt(work))
    } catch (thrown) {
      this.#undo()
      await this.#recover(work, asError(thrown))
    }
  }

  /** Turns are finished in their order, each when the disk has it. */
  #finishLater (work: Work, done: Done): void {
    this.#unfinished += 1
    this.#undurableRows.push(done.leaving[0]?.row ?? Number.POSITIVE_INFINITY)
    this.#finished = this.#finishAfter(this.#finished, work, { done, durable: this.#parts.store.durable() })
  }

  async #finishAfter (before: Promise<void>, work: Work, { done, durable }: { readonly done: Done, readonly durable: Promise<void> }): Promise<void> {
    // Looked at later than it may fail: it must not count as unhandled until then.
    const flushed = durable.then(() => undefined, (thrown: unknown) => asError(thrown))
    await before
    const fault = this.#fault ?? await flushed
    this.#unfinished -= 1
    this.#undurableRows.shift()
    if (fault === undefined) { this.#finish(work, done); return }
    this.#fault = fault
    this.#fail(work, fault)
  }

  /** One transaction's worth of work. Returns what is to be done once it is known to have happened. */
  async #attempt (work: Work): Promise<Done> {
    if (this.#fault !== undefined) throw this.#fault
    const { store, sealer, clock, random, directory } = this.#parts
    const round = new Round(clock.now())
    const opened = await this.#open(work.arrivals)
    for (const task of work.tasks) await task.prepare?.()
    const composed = work.drafts.map(({ draft }) => composeDraft(draft, { threads: this.#threads, ids: this.ids, nowMs: round.nowMs }))
    const recall = { reader: store.read, ids: this.ids, nowMs: round.nowMs, profile: this.#parts.profile }
    const waiting = gatherWaiting(work.devices, recall)
    const parcels = [...gatherParcels(composed, directory, round.nowMs), ...waiting.parcels]
    const envelopes = await sealParcels(parcels, { sealer, ids: this.ids, nowMs: round.nowMs, statement: this.#parts.statement() })
    this.#reachBefore(work)
    const hasMailboxes = this.#parts.hasMailboxes()
    const written = store.commit(writer => {
      const outcomes = opened.map(item => takeOpened(item, { writer, threads: this.#threads, round, sealer, ids: this.ids, replies: this.#replies, hasMailboxes }))
      for (const item of composed) writeDraft(item, { writer, round })
      const leaving = writeEnvelopes(envelopes, writer, round.nowMs)
      for (const row of waiting.emptyRows) writer.outbox.remove(row)
      const counted = { reader: writer.read, directory, nowMs: round.nowMs }
      writeSettlements(work.settlements, { writer, round, count: id => countCopies(id, counted), countRow: outgoing => countRow(outgoing, counted) })
      for (const task of work.tasks) task.write(writer, round)
      for (const device of waiting.more) round.seal(device)
      giveSecrets(round.toForget, { writer, random })
      this.#threads.write(writer)
      sealer.write(writer)
      round.write(writer)
      return { outcomes, leaving: [...round.leaving, ...leaving] }
    })
    this.#parts.reach('turn.written')
    // From here on it has happened here: the next turn builds on it.
    sealer.settle()
    this.#threads.settle()
    for (const contact of round.toForget) directory.forget(contact)
    for (const device of round.toSeal.values()) this.#queue.seal(device)
    return { round, composed, ...written, sessionless: sessionlessOf(parcels, sealer) }
  }

  async #open (arrivals: readonly Arrival[]): Promise<OpenedArrival[]> {
    const { store, sealer, directory, reach } = this.#parts
    const seen = new Set<string>()
    const items = []
    const mayAskAgain = ({ peerId }: { readonly peerId: string }): boolean => this.#retryRates.isAllowed(peerId)
    for (const arrival of arrivals) {
      items.push(await openArrival(arrival, { reader: store.read, sealer, directory, mayAskAgain }, seen))
      reach('receive.opened')
    }
    return items
  }

  #reachBefore (work: Work): void {
    if (work.arrivals.length > 0) this.#parts.reach('receive.beforeCommit')
    if (work.drafts.length > 0) this.#parts.reach('send.beforeCommit')
    if (work.settlements.length > 0) this.#parts.reach('settle.beforeCommit')
    if (work.tasks.length > 0) this.#parts.reach('write.beforeCommit')
    if (work.devices.length > 0) this.#parts.reach('seal.beforeCommit')
  }

  /** On the disk: from here on everybody may know. */
  #finish (work: Work, done: Done): void {
    const { feed, arrivals, reach } = this.#parts
    const { round } = done
    this.#unwritten -= work.settlements.length
    if (work.arrivals.length > 0) reach('receive.afterCommit')
    if (work.drafts.length > 0) reach('send.afterCommit')
    if (work.settlements.length > 0) reach('settle.afterCommit')
    if (work.tasks.length > 0) reach('write.afterCommit')
    if (work.devices.length > 0) reach('seal.afterCommit')
    for (const { arrival, outcome, envelopeId } of done.outcomes) arrival.onOutcome(outcome, envelopeId)
    done.composed.forEach(({ content }, index) => work.drafts[index]?.onDone(content.id))
    for (const task of work.tasks) task.onDone()
    this.#calm()
    const taken = done.outcomes.flatMap(takenOf)
    if (taken.length > 0) this.#events?.onTaken(taken)
    if (round.toForget.size > 0) this.#events?.onContacts(round.toForget)
    if (done.leaving.length > 0) this.#events?.onSealed(done.leaving)
    if (done.sessionless.length > 0) this.#events?.onSessionless(done.sessionless)
    if (round.toLookUp.size > 0) this.#events?.onBehind(round.toLookUp)
    if (round.toHint.size > 0) this.#events?.onHint(round.toHint)
    if (hasBlobs(round.blobs)) this.#events?.onBlobs(round.blobs)
    for (const { device } of round.owed.values()) this.#receipts.add(device.deviceId)
    for (const { id, state, reason } of round.states) arrivals.announce(idKey(id), state, reason)
    if (round.hasEvents) feed.ring()
  }

  #undo (): void {
    this.#parts.sealer.discard()
    this.#threads.discard()
  }

  /**
   * A full disk fails everybody in the turn, and they are told so. Any other error may be one item's fault: each is tried
   * alone, so that one bad envelope or draft never takes its neighbours with it.
   */
  async #recover (work: Work, error: Error): Promise<void> {
    const items = singles(work)
    if (error instanceof StorageError || items.length <= 1) { this.#fail(work, error); return }
    for (const item of items) {
      try {
        this.#finishLater(item, await this.#attempt(item))
      } catch (thrown) {
        this.#undo()
        this.#fail(item, asError(thrown))
      }
    }
  }

  #fail (work: Work, error: Error): void {
    if (error instanceof StorageError) {
      this.#isDiskInTrouble = true
      this.#events?.onStorage(error)
    }
    for (const arrival of work.arrivals) arrival.onOutcome(outcomeOfFailed(arrival, error))
    for (const draft of work.drafts) draft.onFailed(error)
    for (const task of work.tasks) task.onFailed(error)
    this.#unwritten -= work.settlements.length
    // Marks and waiting contents are still true and still there: the next turn writes them.
    if (!(error instanceof StorageError)) return
    this.#parts.clock.timer(STORAGE_RETRY_MS, () => {
      this.settle(work.settlements)
      for (const device of work.devices) this.seal(device)
    })
  }

  #calm (): void {
    if (!this.#isDiskInTrouble) return
    this.#isDiskInTrouble = false
    this.#events?.onStorage(undefined)
  }
}
