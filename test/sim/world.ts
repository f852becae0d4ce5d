/**
 * Virtual time and the order of everything. An event runs, then all promises that it settled, then the next event: nothing
 * depends on the real clock or on the machine, so a seed is a history.
 */
import { createHash } from 'node:crypto'
import type { Clock, Timer } from '../../node/ports.ts'
import { SeededRandom } from './random.ts'

interface Scheduled { readonly atMs: number, readonly order: number, readonly run: () => void, isCancelled: boolean }

/** Tuesday, 1 December 2026: a simulation needs a today. */
export const START_MS = Date.UTC(2026, 11, 1)

/** Longer than the longest back-off: what takes longer never comes. */
const WITHIN_MS = 3 * 3_600_000

export class World {
  readonly random: SeededRandom
  readonly seed: number
  #nowMs = START_MS
  #order = 0
  readonly #queue: Scheduled[] = []
  readonly #hash = createHash('sha256')
  readonly #onLine: ((line: string) => void) | undefined

  constructor (seed: number, onLine?: (line: string) => void) {
    this.#onLine = onLine
    this.seed = seed
    this.random = new SeededRandom(seed, 'world')
  }

  get nowMs (): number { return this.#nowMs }

  /** What happened, in order: hashed, and shown to who replays the seed. */
  note (line: string): void {
    const entry = `${(this.#nowMs - START_MS).toFixed(3)} ${line}`
    this.#hash.update(entry).update('\n')
    this.#onLine?.(entry)
  }

  hash (): string { return this.#hash.copy().digest('hex') }

  schedule (delayMs: number, run: () => void): Timer {
    const event: Scheduled = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, run, isCancelled: false }
    this.#insert(event)
    return { cancel: () => { event.isCancelled = true } }
  }

  /** Runs until `isDone`, or nothing is left, or the virtual time is up. Returns whether it is done. */
  async run (isDone: () => boolean, limitMs: number): Promise<boolean> {
    const untilMs = this.#nowMs + limitMs
    for (;;) {
      await settled()
      if (isDone()) return true
      const event = this.#queue.shift()
      if (event === undefined || event.atMs > untilMs) {
        if (event !== undefined) this.#queue.unshift(event)
        return isDone()
      }
      this.#nowMs = Math.max(this.#nowMs, event.atMs)
      if (!event.isCancelled) event.run()
    }
  }

  /** Lets time pass, to the millisecond. */
  async advance (delayMs: number): Promise<void> {
    let isOver = false
    this.schedule(delayMs, () => { isOver = true })
    await this.run(() => isOver, delayMs)
  }

  /** Lets time pass until a promise settles. */
  async within<T> (promise: T | Promise<T>, limitMs = WITHIN_MS): Promise<T> {
    let isSettled = false
    const tracked = Promise.resolve(promise).finally(() => { isSettled = true })
    // Whoever awaits it below is told; until then it must not count as unhandled.
    void tracked.catch(() => {})
    if (!await this.run(() => isSettled, limitMs)) throw new Error('what was waited for did not happen in the world')
    return await tracked
  }

  /** A clock of this world for one node: it may be wrong by `skewMs`, and stops with `isAlive`. */
  clock (isAlive: () => boolean, skewMs: () => number): Clock {
    return {
      now: () => Math.floor(this.#nowMs + skewMs()),
      monotonic: () => this.#nowMs - START_MS,
      timer: (delayMs, fire) => this.schedule(delayMs, () => { if (isAlive()) fire() }),
      soon: run => { this.schedule(0.001, () => { if (isAlive()) run() }) }
    }
  }

  #insert (event: Scheduled): void {
    let low = 0
    let high = this.#queue.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const other = this.#queue[middle]
      if (other !== undefined && (other.atMs < event.atMs || (other.atMs === event.atMs && other.order < event.order))) low = middle + 1
      else high = middle
    }
    this.#queue.splice(low, 0, event)
  }
}

/** All promises that can settle have settled: they run before the next macrotask. */
async function settled (): Promise<void> {
  await new Promise<void>(resolve => { setImmediate(resolve) })
}
