/** Users who write to each other whatever happens around them. What a node has given an id for is owed. */
import { setTimeout as delay } from 'node:timers/promises'
import { oneOf } from '../chance.ts'
import type { Member } from '../member.ts'

/** Ids that nodes have given out, by sender and recipient. */
export class Ledger {
  readonly #ids = new Map<string, Set<string>>()
  #count = 0

  get count (): number { return this.#count }

  note (from: string, to: string, id: string): void {
    const key = keyOf(from, to)
    const ids = this.#ids.get(key) ?? new Set()
    this.#ids.set(key, ids.add(id))
    this.#count++
  }

  between (one: string, other: string): Set<string> { return new Set([...this.#ids.get(keyOf(one, other)) ?? [], ...this.#ids.get(keyOf(other, one)) ?? []]) }
}

export interface Talk {
  /** No more than so many. */
  readonly messages: number
  /** Ends the talk, whatever was said by then. */
  readonly signal: AbortSignal
  readonly random: () => number
  readonly ledger: Ledger
  readonly tell: (text: string) => void
}

/** Several at once, so that envelopes hold more than one. */
const SPEAKERS_EACH = 4
const PAUSE_MS = 40
/** Somebody who is down is asked again. */
const AGAIN_MS = 100
const TOLD_EVERY = 1_000

/** Resolves when all was said, or the signal came. */
export async function talk (users: readonly Member[], { messages, signal, random, ledger, tell }: Talk): Promise<void> {
  let begun = 0
  const speak = async (from: Member): Promise<void> => {
    const others = users.filter(user => user !== from)
    while (begun < messages && !signal.aborted) {
      const to = oneOf(others, random)
      const number = begun++
      const id = await sendSurely(from, to, { number, signal })
      if (id === undefined) return
      ledger.note(from.name, to.name, id)
      if (ledger.count % TOLD_EVERY === 0) tell(`${ledger.count.toLocaleString('en')} messages`)
      await delay(random() * PAUSE_MS)
    }
  }
  await Promise.all(users.flatMap(user => Array.from({ length: SPEAKERS_EACH }, async () => { await speak(user) })))
}

/** Nobody knows whether a call that was cut off was done; asking again under the same key is safe. undefined: it was not done when the signal came. */
async function sendSurely (from: Member, to: Member, { number, signal }: { readonly number: number, readonly signal: AbortSignal }): Promise<string | undefined> {
  for (let isUnclear = false; ;) {
    try {
      return (await from.api.call('send', { to: to.name, text: `${number} from ${from.name}`, idempotencyKey: `talk-${number}` })).id
    } catch {
      isUnclear ||= from.isUp
      // It may be owed already: then it is asked for until it is known.
      if (signal.aborted && !isUnclear) return undefined
      await delay(AGAIN_MS)
    }
  }
}

function keyOf (from: string, to: string): string { return `${from}→${to}` }
