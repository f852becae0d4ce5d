/** Users who write to each other whatever happens around them. What a node has given an id for is owed. */
import { EXIT, SkeinError } from '../../protocols/core/errors.ts'
import { oneOf } from '../chance.ts'
import { contactsOfUsers } from '../acquaintances.ts'
import type { Player } from '../net.ts'
import { REAL_TIME, type Time } from '../time.ts'

/** Ids that nodes have given out, by sender and recipient. */
export class Ledger {
  readonly #ids = new Map<string, Set<string>>()
  readonly #sentAtMs = new Map<string, number>()

  get count (): number { return this.#sentAtMs.size }

  /** @param atMs when it was asked for, by our own clock, which nobody puts wrong */
  note ({ from, to, id, atMs }: { readonly from: string, readonly to: string, readonly id: string, readonly atMs: number }): void {
    const key = keyOf(from, to)
    const ids = this.#ids.get(key) ?? new Set()
    this.#ids.set(key, ids.add(id))
    this.#sentAtMs.set(id, atMs)
  }

  sentAtMs (id: string): number | undefined { return this.#sentAtMs.get(id) }

  /** Of each message. */
  get sendingsAtMs (): Iterable<number> { return this.#sentAtMs.values() }

  hasFrom (from: string, to: string, id: string): boolean { return this.#ids.get(keyOf(from, to))?.has(id) ?? false }

  between (one: string, other: string): Set<string> { return new Set([...this.#ids.get(keyOf(one, other)) ?? [], ...this.#ids.get(keyOf(other, one)) ?? []]) }
}

export interface Talk {
  /** No more than so many. */
  readonly messages: number
  /** Names of those who write, and of those who are written to; else everybody. */
  readonly from?: readonly string[]
  readonly to?: readonly string[]
  /** By name: whom each knows, or will know before long; else as in a testnet of which nothing is said. */
  readonly contacts?: ReadonlyMap<string, ReadonlySet<string>>
  /** The messages are spread over this time; else they come as fast as people type in a hurry. */
  readonly durationMs?: number
  /** Ends the talk, whatever was said by then. */
  readonly signal: AbortSignal
  readonly random: () => number
  readonly ledger: Ledger
  readonly tell: (text: string) => void
  readonly time?: Time
}

/** Several at once, so that envelopes hold more than one. */
const SPEAKERS_EACH = 4
const PAUSE_MS = 40
/** Somebody who is down is asked again. */
const AGAIN_MS = 100
const TOLD_EVERY = 1_000

/** Resolves when all was said, or the signal came. */
export async function talk (users: readonly Player[], { messages, from: writers, to: readers, contacts = contactsOfUsers({ nodes: users }), durationMs, signal, random, ledger, tell, time = REAL_TIME }: Talk): Promise<void> {
  let begun = 0
  const byName = new Map(users.map(user => [user.name, user]))
  const speakers = users.filter(({ name }) => writers?.includes(name) ?? true)
  const pauseMs = durationMs === undefined ? PAUSE_MS : 2 * durationMs * SPEAKERS_EACH * speakers.length / messages
  const speak = async (from: Player): Promise<void> => {
    // Who does not know somebody cannot write to him.
    const others = [...contacts.get(from.name) ?? []].flatMap(name => readers?.includes(name) ?? true ? byName.get(name) ?? [] : [])
    if (others.length === 0) return
    // Else a thousand people would say their first words at once.
    if (durationMs !== undefined) await time.delay(random() * pauseMs)
    while (begun < messages && !signal.aborted) {
      const to = oneOf(others, random)
      const number = begun++
      const atMs = time.nowMs()
      const id = await sendSurely(from, to, { number, signal, time })
      if (id === undefined) return
      ledger.note({ from: from.name, to: to.name, id, atMs })
      if (ledger.count % TOLD_EVERY === 0) tell(`${ledger.count.toLocaleString('en')} messages`)
      await time.delay(random() * pauseMs)
    }
  }
  await Promise.all(speakers.flatMap(user => Array.from({ length: SPEAKERS_EACH }, async () => { await speak(user) })))
}

/** Nobody knows whether a call that was cut off was done; asking again under the same key is safe. undefined: it was not done when the signal came. */
async function sendSurely (from: Player, to: Player, { number, signal, time }: { readonly number: number, readonly signal: AbortSignal, readonly time: Time }): Promise<string | undefined> {
  for (let isUnclear = false; ;) {
    try {
      return (await from.api.call('send', { to: to.name, text: `${number} from ${from.name}`, idempotencyKey: `talk-${number}` })).id
    } catch (error) {
      // Whoever has interrupted us is not kept waiting.
      if (error instanceof SkeinError && error.exit === EXIT.interrupted) throw error
      isUnclear ||= from.isUp
      // It may be owed already: then it is asked for until it is known.
      if (signal.aborted && !isUnclear) return undefined
      await time.delay(AGAIN_MS)
    }
  }
}

function keyOf (from: string, to: string): string { return `${from}→${to}` }
