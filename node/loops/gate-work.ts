/** Proof of work for gates, in slices: a node that is asked for a lot of it goes on with everything else meanwhile. */
import { idKey } from '../../protocols/core/ids.ts'
import { WORK_BITS_MAX } from '../../protocols/core/limits.ts'
import { searchWork } from '../../protocols/deposit/work.ts'
import type { Clock } from '../ports.ts'

export interface Task {
  /** Of the stream that it is done for: on another one it is worth nothing. */
  readonly nonce: Uint8Array
  readonly challenge: Uint8Array
  readonly bits: number
  /** Looked at between slices. */
  readonly isWanted: () => boolean
}

interface Done {
  readonly nonce: string
  readonly value: Uint8Array
  /** How often it was done under this name. */
  readonly times: number
}

/** Values tried between two turns of the loop: some milliseconds. */
const SLICE = 1_024
/** Done anew when a stream ended meanwhile, or when more is asked for: not for ever. */
const TIMES_MAX = 4
/** Remembered at a time; what is settled some other way meanwhile is not told of. */
const DONE_MAX = 256

export class GateWork {
  readonly #clock: Clock
  readonly #done = new Map<string, Done>()
  readonly #underWay = new Set<string>()
  /** One after the other: the first is done soon, and not all of them late. */
  #last: Promise<unknown> = Promise.resolve()

  constructor (clock: Clock) {
    this.#clock = clock
  }

  isUnderWay (name: string): boolean { return this.#underWay.has(name) }

  /** What was found for this stream. */
  valueOf (name: string, nonce: Uint8Array): Uint8Array | undefined {
    const done = this.#done.get(name)
    return done?.nonce === idKey(nonce) ? done.value : undefined
  }

  forget (name: string): void { this.#done.delete(name) }

  /** Resolves when it is done, or not wanted any more. false: more is asked for than is reasonable, and nothing was done. */
  async do (name: string, { nonce, challenge, bits, isWanted }: Task): Promise<boolean> {
    const times = (this.#done.get(name)?.times ?? 0) + 1
    if (bits > WORK_BITS_MAX || times > TIMES_MAX) {
      this.#done.delete(name)
      return false
    }
    this.#underWay.add(name)
    const search = this.#last.then(() => this.#search(challenge, bits, isWanted))
    this.#last = search
    const value = await search
    this.#underWay.delete(name)
    if (value !== undefined) this.#remember(name, { nonce: idKey(nonce), value, times })
    return true
  }

  #remember (name: string, done: Done): void {
    this.#done.delete(name)
    this.#done.set(name, done)
    const [oldest] = this.#done.keys()
    if (this.#done.size > DONE_MAX && oldest !== undefined) this.#done.delete(oldest)
  }

  async #search (challenge: Uint8Array, bits: number, isWanted: () => boolean): Promise<Uint8Array | undefined> {
    for (let from = 0; ; from += SLICE) {
      await new Promise<void>(resolve => { this.#clock.soon(resolve) })
      if (!isWanted()) return undefined
      const value = searchWork(challenge, { bits, from, count: SLICE })
      if (value !== undefined) return value
    }
  }
}
