/**
 * The one that writes: everything that arrived in a turn of the loop becomes one transaction, one wait for the disk covers it, and
 * only then is anybody answered. Batches form by themselves: the faster deposits come, the more of them share a flush.
 *
 *   gather → write → COMMIT → gather …
 *                      ╰→ on the disk → answer
 */
import { asError, StorageError } from '../../protocols/core/errors.ts'
import type { RelayStore, RelayWriter } from '../../store/relay/types.ts'
import { UnconfirmedWriteError } from '../../store/faults.ts'
import type { Clock, Timer } from '../ports.ts'
import type { RelayStep } from '../failpoints.ts'
import type { Tally } from './tally.ts'

/** One thing to write, for one asker. */
export interface Entry {
  /** How much of a group it takes: the number of items in it. */
  readonly weight: number
  /** Of bodies that it writes. */
  readonly bytes: number
  /** Inside the transaction; must not wait, and must not tell anybody. */
  readonly write: (writer: RelayWriter) => void
  /** On the disk. `committedAtMs`: wall clock of the commit. */
  readonly onDone: (committedAtMs: number) => void
  /** Nothing of it has happened. */
  readonly onFailed: (fault: Error) => void
}

export interface ScribeParts {
  readonly store: RelayStore
  readonly clock: Clock
  readonly tally: Tally
  readonly reach: (step: RelayStep) => void
  /** The disk says no (or yes again): for the operator, and for admission. After an UnconfirmedWriteError it never says yes again. */
  readonly onStorage: (fault: StorageError | undefined) => void
}

/** Items in one transaction: it takes 20 to 30 ms then, and nothing else runs meanwhile. */
const GROUP_WEIGHT_MAX = 1_024
/** Bytes of bodies in one: as much as 30 ms write where the disk takes 256 MiB a second, and a sixth of what the log may take. */
const GROUP_BYTES_MAX = 8 * 1024 * 1024
/** Groups whose flush is awaited; beyond it the next group gathers instead. */
const UNFINISHED_MAX = 2
/** While the disk takes nothing nobody's deposits are tried on it, so it is asked for their sake; depositors come again after 30 s. */
const PROBE_MS = 5_000

export class Scribe {
  readonly #parts: ScribeParts
  #waiting: Entry[] = []
  #isScheduled = false
  #isStopped = false
  #isDiskInTrouble = false
  #unfinished = 0
  #backlog = 0
  #idle: PromiseWithResolvers<undefined> | undefined
  #probe: Timer | undefined

  constructor (parts: ScribeParts) {
    this.#parts = parts
  }

  /** Items that wait for their transaction. */
  get backlog (): number { return this.#backlog }

  add (entry: Entry): void {
    if (this.#isStopped) {
      entry.onFailed(new StorageError('the relay is stopping'))
      return
    }
    this.#waiting.push(entry)
    this.#backlog += entry.weight
    this.#schedule()
  }

  /**
   * Resolves with what `work` returned when that is on the disk. Rejects when it is not and never will be. `onDone` is told before
   * anything of a later transaction is, which the promise is not.
   */
  async write<T> (work: (writer: RelayWriter) => T, onDone?: (result: T) => void, weight = 1): Promise<T> {
    return await new Promise((resolve, reject) => {
      const result: T[] = []
      this.add({
        weight,
        bytes: 0,
        write: writer => { result[0] = work(writer) },
        onDone: () => {
          onDone?.(result[0] as T)
          resolve(result[0] as T)
        },
        onFailed: reject
      })
    })
  }

  /** Finishes what was given and takes no more. */
  async stop (): Promise<void> {
    this.#probe?.cancel()
    if (this.#waiting.length + this.#unfinished > 0) {
      this.#idle ??= Promise.withResolvers()
      await this.#idle.promise
    }
    this.#isStopped = true
  }

  /** After the I/O that is ready now: what came in the same turn of the loop shares a transaction. */
  #schedule (): void {
    if (this.#isScheduled || this.#unfinished >= UNFINISHED_MAX || this.#waiting.length === 0) return
    this.#isScheduled = true
    this.#parts.clock.soon(() => {
      this.#isScheduled = false
      this.#commit(this.#take())
      this.#schedule()
    })
  }

  #take (): readonly Entry[] {
    let weight = 0
    let bytes = 0
    let count = 0
    for (const entry of this.#waiting) {
      if (count > 0 && (weight + entry.weight > GROUP_WEIGHT_MAX || bytes + entry.bytes > GROUP_BYTES_MAX)) break
      weight += entry.weight
      bytes += entry.bytes
      count += 1
    }
    this.#backlog -= weight
    this.#parts.tally.commits.groupSizes.add(weight)
    return this.#waiting.splice(0, count)
  }

  #commit (group: readonly Entry[]): void {
    try {
      const committedAtMs = this.#attempt(group)
      void this.#finish(group, committedAtMs)
    } catch (thrown) {
      this.#recover(group, asError(thrown))
    }
    this.#settleIdle()
  }

  /** Returns when it was committed. */
  #attempt (group: readonly Entry[]): number {
    const { store, clock, tally, reach } = this.#parts
    const beginMs = clock.monotonic()
    store.commit(writer => {
      for (const entry of group) entry.write(writer)
      reach('relay.beforeCommit')
    })
    tally.commits.count += 1
    tally.commits.transactionMs.add(clock.monotonic() - beginMs)
    return clock.now()
  }

  async #finish (group: readonly Entry[], committedAtMs: number): Promise<void> {
    this.#unfinished += 1
    const fault = await this.#flush()
    if (fault === undefined) {
      this.#calm()
      for (const entry of group) entry.onDone(committedAtMs)
    } else {
      this.#fail(group, fault)
    }
    this.#unfinished -= 1
    this.#schedule()
    this.#settleIdle()
  }

  /** Returns why the disk does not have it. */
  async #flush (): Promise<Error | undefined> {
    const { store, clock, tally, reach } = this.#parts
    const beginMs = clock.monotonic()
    try {
      await store.durable()
    } catch (thrown) {
      return asError(thrown)
    }
    tally.commits.flushMs.add(clock.monotonic() - beginMs)
    reach('relay.afterCommit')
    return undefined
  }

  /** A full disk fails everybody in the group. Anything else may be one entry's fault: each is tried alone. */
  #recover (group: readonly Entry[], fault: Error): void {
    if (fault instanceof StorageError || group.length <= 1) {
      this.#fail(group, fault)
      return
    }
    for (const entry of group) this.#commit([entry])
  }

  #fail (group: readonly Entry[], fault: Error): void {
    this.#parts.tally.commits.failed += 1
    if (fault instanceof StorageError) {
      this.#isDiskInTrouble = true
      this.#parts.onStorage(fault)
      if (!(fault instanceof UnconfirmedWriteError)) this.#probeLater()
    }
    for (const entry of group) entry.onFailed(fault)
  }

  #calm (): void {
    if (!this.#isDiskInTrouble) return
    this.#isDiskInTrouble = false
    this.#parts.onStorage(undefined)
  }

  /** Writes something small until it is taken: a disk that was full has room again then. */
  #probeLater (): void {
    const { clock } = this.#parts
    this.#probe?.cancel()
    this.#probe = clock.timer(PROBE_MS, () => {
      if (this.#isStopped || !this.#isDiskInTrouble) return
      this.add({ weight: 0, bytes: 0, write: writer => { writer.setFact(PROBE_FACT, String(clock.now())) }, onDone: ignore, onFailed: ignore })
    })
  }

  #settleIdle (): void {
    if (this.#waiting.length + this.#unfinished > 0) return
    this.#idle?.resolve(undefined)
    this.#idle = undefined
  }
}

const PROBE_FACT = 'disk.probedAtMs'

function ignore (): void { /* the probe has no asker: what comes of it is told as the disk's state */ }
