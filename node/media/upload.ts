/**
 * One blob on its way to the relays of one contact: carries out what protocols/media/upload-plan.ts decides, and writes down what each relay has
 * signed or refused. Nothing here is the only copy of anything: what is lost with this process is found again in `blob_copies`, and the relay says
 * what it has. Law: docs/protocols/media.md, "Transfer" (`put`).
 */
import { isStored, NO_COPY, type CopyState } from '../../protocols/deposit/copies.ts'
import { isRefused, planUpload, stepUpload, uploadCopies, uploadDueAtMs, type UploadEffect, type UploadEvent, type UploadPlan } from '../../protocols/media/upload-plan.ts'
import { refusalWords } from '../../protocols/media/words.ts'
import { asError, StorageError, UnreachableError } from '../../protocols/core/errors.ts'
import type { StoredBlobReader } from '../../store/blobs/blob-files.ts'
import type { BlobCopy } from '../../store/types.ts'
import type { Clock, Network, PeerTarget, Random, Timer } from '../ports.ts'
import { PutStream, type PutDoor, type SignedWord } from './put-stream.ts'
import type { Slots } from './slots.ts'

/** A relay that may take it. */
export interface UploadPlace {
  readonly target: PeerTarget
  readonly isOwn: boolean
  readonly door: PutDoor
  /** What is known of it from before. */
  readonly copy: BlobCopy | undefined
}

export interface UploadParts {
  readonly network: Network
  readonly clock: Clock
  readonly random: Random
  readonly slots: Slots
  readonly places: readonly UploadPlace[]
  readonly leafCount: number
  /** When its message expires: nobody waits for it any more. */
  readonly untilMs: number
  /** Opened for each stream. @throws StorageError when the blob is not here any more */
  readonly open: () => Promise<StoredBlobReader & AsyncDisposable>
  readonly isSigned: (relay: string, kind: 'promise' | 'stored', word: SignedWord) => boolean
  /** What is to be remembered of one relay. @throws StorageError */
  readonly keep: (relay: string, copy: Pick<BlobCopy, 'state' | 'attempts' | 'leavesStored' | 'keepUntilMs' | 'detail' | 'evidence'>) => Promise<void>
  /** The blob itself is not to be read any more. */
  readonly onFault: (fault: StorageError) => void
}

export interface UploadProgress {
  /** `waiting`: nothing moves now, for the reasons given. */
  readonly at: 'waiting' | 'moving' | 'stored' | 'refused'
  readonly stored: number
  readonly of: number
  readonly enough: number
  /** Until when all copies that count are kept; 0: there is none. */
  readonly keepUntilMs: number
  /** Of the relay that is furthest, while something moves. */
  readonly leavesStored: number
  readonly bytesPerSecond: number
  readonly relays: ReadonlyArray<{ readonly relay: string, readonly isOwn: boolean, readonly leavesStored: number, readonly detail: string | undefined }>
}

interface Stream {
  readonly put: PutStream
  /** It has its place among those that move. */
  isMoving: boolean
  movedBytes: number
}

/** How often streams are looked at: a line that moves must be told from a dead one well within 30 s. */
const LOOK_MS = 1_000

export class Upload {
  readonly #parts: UploadParts
  readonly #places: ReadonlyMap<string, UploadPlace>
  readonly #streams = new Map<string, Stream>()
  readonly #leavesStored = new Map<string, number>()
  readonly #details = new Map<string, string | undefined>()
  readonly #evidence = new Map<string, Uint8Array>()
  #plan: UploadPlan
  #timer: Timer | undefined
  #isStopped = false
  #rate = { atMs: 0, bytes: 0, bytesPerSecond: 0 }

  constructor (parts: UploadParts) {
    this.#parts = parts
    this.#places = new Map(parts.places.map(place => [place.target.peerId, place]))
    this.#plan = planUpload(parts.places.map(({ target, isOwn, copy }) => ({ relay: target.peerId, isOwn, copy: copyStateOf(copy) })))
    for (const { target, copy } of parts.places) {
      this.#leavesStored.set(target.peerId, copy?.leavesStored ?? 0)
      this.#details.set(target.peerId, copy?.detail)
    }
  }

  start (): void { this.#step({ type: 'due' }) }

  /** Ends what is under way; what relays have stays there. */
  stop (): void {
    this.#isStopped = true
    this.#timer?.cancel()
    for (const { put } of this.#streams.values()) put.close()
    this.#streams.clear()
  }

  /** There is reason to believe that relays answer now. */
  hint (): void { this.#step({ type: 'hint' }) }

  get progress (): UploadProgress {
    const { stored, of, enough, keepUntilMs } = uploadCopies(this.#plan, this.#parts.clock.now())
    const isMoving = [...this.#streams.values()].some(stream => stream.isMoving)
    const at = isStored({ stored, of, enough }) ? 'stored' : isMoving ? 'moving' : isRefused(this.#plan) ? 'refused' : 'waiting'
    const relays = [...this.#plan.relays].filter(([relay, { isOwn }]) => !isOwn || this.#details.get(relay) !== undefined || this.#leavesStored.get(relay) !== 0)
      .map(([relay, { isOwn }]) => ({ relay, isOwn, leavesStored: this.#leavesStored.get(relay) ?? 0, detail: this.#details.get(relay) }))
    return { at, stored, of, enough, keepUntilMs, leavesStored: Math.max(0, ...this.#leavesStored.values()), bytesPerSecond: isMoving ? this.#rate.bytesPerSecond : 0, relays }
  }

  #step (event: UploadEvent): void {
    if (this.#isStopped) return
    const { clock, random, untilMs } = this.#parts
    if (clock.now() >= untilMs) return this.stop()
    const { next, effects } = stepUpload(this.#plan, event, { nowMs: clock.now(), fraction: random.fraction() })
    this.#plan = next
    for (const effect of effects) this.#carryOut(effect)
    this.#arm()
  }

  #carryOut ({ type, relay }: UploadEffect): void {
    const place = this.#places.get(relay)
    if (type === 'put' && place !== undefined) {
      void this.#put(relay, place)
      return
    }
    this.#streams.get(relay)?.put.close()
    this.#streams.delete(relay)
    void this.#keep(relay, 'it does not answer')
  }

  async #put (relay: string, { target, door }: UploadPlace): Promise<void> {
    const { network, clock, isSigned, slots, open } = this.#parts
    // A stream that waits for its turn is not silent: see #look.
    const giveBack = await slots.take()
    let put: PutStream | undefined
    try {
      if (this.#isStopped || this.#plan.relays.get(relay)?.putting === undefined) return
      await using source = await open()
      put = new PutStream({
        network,
        clock,
        target,
        door,
        source,
        isSigned: (kind, word) => isSigned(relay, kind, word),
        onPromise: ({ keepUntilMs, signature }) => {
          this.#evidence.set(relay, signature)
          this.#step({ type: 'promised', relay, keepUntilMs })
          void this.#keep(relay, undefined)
        },
        onProgress: leaves => {
          const isMore = leaves > (this.#leavesStored.get(relay) ?? 0)
          this.#leavesStored.set(relay, leaves)
          this.#step({ type: isMore ? 'progress' : 'moved', relay })
        }
      })
      this.#streams.set(relay, { put, isMoving: true, movedBytes: 0 })
      this.#arm()
      const outcome = await put.put()
      this.#streams.delete(relay)
      await this.#settle(relay, outcome)
    } catch (thrown) {
      const isCurrent = this.#streams.get(relay)?.put === put
      await this.#failed(relay, asError(thrown), isCurrent)
    } finally {
      giveBack()
    }
  }

  async #settle (relay: string, outcome: Awaited<ReturnType<PutStream['put']>>): Promise<void> {
    const { leafCount } = this.#parts
    if (outcome.type === 'stored') {
      this.#leavesStored.set(relay, leafCount)
      this.#evidence.set(relay, outcome.word.signature)
      this.#step({ type: 'stored', relay, keepUntilMs: outcome.word.keepUntilMs })
      await this.#keep(relay, undefined)
    } else if (outcome.type === 'refused') {
      this.#step({ type: 'refused', relay, refusal: outcome.refusal })
      await this.#keep(relay, refusalWords(outcome.refusal))
    } else {
      this.#step({ type: 'lied', relay })
      await this.#keep(relay, 'it signed for something else, or made no sense')
    }
  }

  /** @param isCurrent whether it is still the stream to this relay, and not one that was given up */
  async #failed (relay: string, error: Error, isCurrent: boolean): Promise<void> {
    if (isCurrent && !this.#isStopped && !(error instanceof StorageError)) {
      this.#streams.delete(relay)
      this.#step({ type: 'closed', relay })
      await this.#keep(relay, error.message)
    }
    if (error instanceof StorageError) {
      this.stop()
      this.#parts.onFault(error)
    } else if (!(error instanceof UnreachableError)) {
      throw error
    }
  }

  async #keep (relay: string, detail: string | undefined): Promise<void> {
    const planned = this.#plan.relays.get(relay)
    if (planned === undefined || this.#isStopped) return
    this.#details.set(relay, detail)
    const { copy, promisedUntilMs } = planned
    try {
      await this.#parts.keep(relay, {
        state: copy.at === 'none' ? 'waiting' : copy.at,
        attempts: copy.at === 'none' ? copy.attempts : 0,
        leavesStored: this.#leavesStored.get(relay) ?? 0,
        keepUntilMs: copy.at === 'stored' ? copy.expiresAtMs : promisedUntilMs,
        detail,
        evidence: this.#evidence.get(relay)
      })
    } catch (error) {
      // What could not be written down is asked again after the next start, and costs one question.
      if (!(error instanceof StorageError)) throw error
    }
  }

  #arm (): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if (this.#isStopped) return
    const nowMs = this.#parts.clock.now()
    const dueAtMs = uploadDueAtMs(this.#plan, nowMs)
    const isPutting = [...this.#plan.relays.values()].some(({ putting }) => putting !== undefined)
    if (dueAtMs === undefined && !isPutting) return
    const delayMs = Math.max(MIN_DELAY_MS, Math.min(isPutting ? LOOK_MS : Infinity, (dueAtMs ?? Infinity) - nowMs))
    this.#timer = this.#parts.clock.timer(Math.min(delayMs, TIMER_MS_MAX), () => { this.#look() })
  }

  #look (): void {
    let bytes = 0
    for (const [relay, { putting }] of this.#plan.relays) {
      if (putting === undefined) continue
      const stream = this.#streams.get(relay)
      if (stream === undefined || stream.put.movedBytes > stream.movedBytes) this.#step({ type: 'moved', relay })
      if (stream === undefined) continue
      bytes += stream.put.movedBytes - stream.movedBytes
      stream.movedBytes = stream.put.movedBytes
    }
    this.#measure(bytes)
    this.#step({ type: 'due' })
  }

  #measure (bytes: number): void {
    const nowMs = this.#parts.clock.monotonic()
    const elapsedMs = nowMs - this.#rate.atMs
    const measured = elapsedMs > 0 ? bytes * 1000 / elapsedMs : 0
    this.#rate = { atMs: nowMs, bytes, bytesPerSecond: this.#rate.bytesPerSecond === 0 ? measured : this.#rate.bytesPerSecond * 0.7 + measured * 0.3 }
  }
}

/** Something is due now: not in the same breath, so that a plan that is wrong spins no loop. */
const MIN_DELAY_MS = 5
/** A timer of the system ends at 24 days. */
const TIMER_MS_MAX = 24 * 3_600_000

/** Who refused before this process began is asked again: its operator may have thought better of it, and it costs a question. */
function copyStateOf (copy: BlobCopy | undefined): CopyState {
  return copy?.state === 'stored' ? { at: 'stored', storedAtMs: 0, expiresAtMs: copy.keepUntilMs ?? 0 } : NO_COPY
}
