/**
 * Virtual time and the order of everything. Something happens, then all promises that it settled, then the next thing: nothing
 * depends on the real clock or on the machine, so a seed is a history.
 */
import { createHash } from 'node:crypto'
import type { Clock, Timer } from '../../node/ports.ts'
import { asError } from '../../protocols/core/errors.ts'
import { Calendar, type Happening } from './calendar.ts'
import type { Gate } from './gate.ts'
import { SeededRandom } from './random.ts'

/** Tuesday, 1 December 2026: a simulation needs a today. */
export const START_MS = Date.UTC(2026, 11, 1)

/** Longer than the longest back-off: what takes longer never comes. */
const WITHIN_MS = 3 * 3_600_000
/** Happenings in one round of the event loop: Node settles all promises between two immediates, and a round costs a system call. */
const STEPS_AT_ONCE = 64
/** Characters that are hashed at once. */
const CHUNK = 64 * 1024

export interface WorldOptions {
  /** Sees what happens as it happens. */
  readonly onLine?: ((line: string) => void) | undefined
  /** When it begins. */
  readonly startMs?: number
  /** What is told counts from there; else from the beginning. */
  readonly zeroMs?: number
}

export class World {
  readonly random: SeededRandom
  readonly seed: number
  readonly #zeroMs: number
  #nowMs: number
  #order = 0
  #happened = 0
  #lines = ''
  #isOver = false
  readonly #calendar = new Calendar()
  readonly #hash = createHash('sha256')
  readonly #onLine: ((line: string) => void) | undefined

  constructor (seed: number, { onLine, startMs = START_MS, zeroMs = startMs }: WorldOptions = {}) {
    this.#onLine = onLine
    this.seed = seed
    this.#zeroMs = zeroMs
    this.#nowMs = startMs
    this.random = new SeededRandom(seed, 'world')
  }

  get nowMs (): number { return this.#nowMs }

  /** As traces count. */
  get traceMs (): number { return this.#nowMs - this.#zeroMs }

  /** How much has happened: timers, frames, calls. */
  get happened (): number { return this.#happened }

  /** What happened, in order: hashed, and shown to who replays the seed. */
  note (line: string): void {
    if (this.#isOver) return
    const entry = `${this.traceMs.toFixed(3)} ${line}`
    this.#lines += `${entry}\n`
    if (this.#lines.length > CHUNK) this.#digest()
    this.#onLine?.(entry)
  }

  /** Nothing is noted any more: what follows is tidying up. */
  end (): void { this.#isOver = true }

  hash (): string {
    this.#digest()
    return this.#hash.copy().digest('hex')
  }

  schedule (delayMs: number, run: () => void): Timer {
    const happening: Happening = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, run, isCancelled: false }
    this.#calendar.add(happening)
    return { cancel: () => { happening.isCancelled = true } }
  }

  /** Runs until `isDone`, or nothing is left, or the virtual time is up. Returns whether it is done. */
  async run (isDone: () => boolean, limitMs: number): Promise<boolean> {
    const untilMs = this.#nowMs + limitMs
    return await new Promise<boolean>((resolve, reject) => {
      let isOver = false
      const step = (): void => {
        if (isOver) return
        try {
          isOver = isDone() || !this.#step(untilMs)
          if (isOver) resolve(isDone())
        } catch (thrown) {
          isOver = true
          reject(asError(thrown))
        }
      }
      const round = (): void => {
        step()
        if (isOver) return
        for (let count = 0; count < STEPS_AT_ONCE; count++) setImmediate(step)
        setImmediate(round)
      }
      setImmediate(round)
    })
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

  /** Resolves when so much time has passed, for whoever lives in this world. */
  async pause (delayMs: number): Promise<void> { await new Promise<void>(resolve => { this.schedule(delayMs, resolve) }) }

  /** A clock of this world for one node: it may be wrong by `skewMs`, and stops with `isAlive`. */
  clock (isAlive: () => boolean, skewMs: () => number): Clock { return this.#clock(work => { if (isAlive()) work() }, skewMs) }

  /** The same for a process that may stand still. */
  clockBehind (gate: Gate, skewMs: () => number): Clock { return this.#clock(work => { gate.pass(work) }, skewMs) }

  #clock (pass: (work: () => void) => void, skewMs: () => number): Clock {
    return {
      now: () => Math.floor(this.#nowMs + skewMs()),
      monotonic: () => this.#nowMs - START_MS,
      timer: (delayMs, fire) => this.#timer(delayMs, fire, pass),
      soon: run => { this.schedule(0.001, () => { pass(run) }) }
    }
  }

  /** Cancelled is cancelled, also after it came due at somebody who stands still. */
  #timer (delayMs: number, fire: () => void, pass: (work: () => void) => void): Timer {
    let isCancelled = false
    const { cancel } = this.schedule(delayMs, () => { pass(() => { if (!isCancelled) fire() }) })
    return {
      cancel: () => {
        isCancelled = true
        cancel()
      }
    }
  }

  /** Whether anything was left to happen. */
  #step (untilMs: number): boolean {
    for (;;) {
      const { next } = this.#calendar
      if (next === undefined || next.atMs > untilMs) return false
      this.#calendar.take()
      if (next.isCancelled) continue
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      this.#happened += 1
      next.run()
      return true
    }
  }

  #digest (): void {
    this.#hash.update(this.#lines)
    this.#lines = ''
  }
}
