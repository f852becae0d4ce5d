/**
 * Where each conversation stands: our counter, the hybrid logical clock and the heads. Kept in memory because every message
 * needs it; a turn works on copies, which replace the kept ones when its transaction is committed.
 */
import { advanceHeads, moveHeads, positionOf, type Place } from '../../protocols/message/order.ts'
import { nextHlc, observeHlc } from '../../protocols/message/clock.ts'
import { idKey, type ContentId } from '../../protocols/core/ids.ts'
import type { Reader } from '../../store/reader.ts'
import type { Writer } from '../../store/writer.ts'

/** Conversations kept in memory; the others are read again when needed. */
const THREADS_MAX = 4_096

interface Thread {
  readonly counter: number
  readonly hlcUs: number
  readonly heads: readonly Place[]
  /** Messages here name parents that have not arrived. */
  readonly hasGaps: boolean
}

export interface Stamp {
  readonly counter: number
  readonly hlcUs: number
  readonly parents: readonly ContentId[]
  readonly positionUs: number
}

export interface Placement {
  readonly positionUs: number
  /** Parents that have not arrived. */
  readonly missing: number
}

export class Threads {
  readonly #reader: Reader
  readonly #kept = new Map<number, Thread>()
  readonly #touched = new Map<number, Thread>()

  constructor (reader: Reader) {
    this.#reader = reader
  }

  /** Stamps a text of ours: it names all heads as parents, so it sorts after everything we have seen. */
  stampText (contact: number, id: ContentId, nowMs: number): Stamp {
    const thread = this.#thread(contact)
    const parents = thread.heads.map(head => head.id)
    const hlcUs = nextHlc({ nowMs, knownUs: thread.hlcUs })
    const positionUs = positionOf(hlcUs, thread.heads.map(head => head.positionUs))
    this.#touched.set(contact, { ...thread, counter: thread.counter + 1, hlcUs, heads: [{ id, positionUs }] })
    return { counter: thread.counter + 1, hlcUs, parents, positionUs }
  }

  /** Stamps an edit, a deletion or a reaction: ordered by clock only, since it shows on its target and not in the row. */
  stampChange (contact: number, nowMs: number): Omit<Stamp, 'positionUs'> {
    const thread = this.#thread(contact)
    const hlcUs = nextHlc({ nowMs, knownUs: thread.hlcUs })
    this.#touched.set(contact, { ...thread, counter: thread.counter + 1, hlcUs })
    return { counter: thread.counter + 1, hlcUs, parents: [] }
  }

  /** Places a text of theirs and makes it a head, unless something that came before it names it (`isNamed`). */
  placeText (contact: number, text: { readonly id: ContentId, readonly hlcUs: number, readonly parents: readonly ContentId[], readonly isNamed: boolean }, nowMs: number): Placement {
    const thread = this.#thread(contact)
    const parentPositions = text.parents.map(parent => this.#positionOf(thread, parent))
    const known = parentPositions.filter(position => position !== undefined)
    const positionUs = positionOf(text.hlcUs, known)
    const missing = parentPositions.length - known.length
    const heads = advanceHeads(thread.heads, { ...text, positionUs })
    this.#touched.set(contact, { ...thread, hlcUs: observeHlc({ nowMs, knownUs: thread.hlcUs, seenUs: text.hlcUs }), heads, hasGaps: thread.hasGaps || missing > 0 })
    return { positionUs, missing }
  }

  hasGaps (contact: number): boolean {
    return this.#thread(contact).hasGaps
  }

  /** All parents are here. */
  closeGaps (contact: number): void {
    this.#touched.set(contact, { ...this.#thread(contact), hasGaps: false })
  }

  /** A clock seen on an edit, deletion or reaction. */
  observe (contact: number, seenUs: number, nowMs: number): void {
    const thread = this.#thread(contact)
    this.#touched.set(contact, { ...thread, hlcUs: observeHlc({ nowMs, knownUs: thread.hlcUs, seenUs }) })
  }

  /** Places that rose because a parent arrived late. */
  move (contact: number, moves: readonly Place[]): void {
    const thread = this.#thread(contact)
    this.#touched.set(contact, { ...thread, heads: moveHeads(thread.heads, moves) })
  }

  write (writer: Writer): void {
    for (const [contact, thread] of this.#touched) {
      writer.conversations.put({ contact, counter: thread.counter, hlcUs: thread.hlcUs, heads: thread.heads.map(head => head.id) })
    }
  }

  settle (): void {
    for (const [contact, thread] of this.#touched) {
      this.#kept.delete(contact)
      this.#kept.set(contact, thread)
    }
    this.#touched.clear()
    for (const contact of this.#kept.keys()) {
      if (this.#kept.size <= THREADS_MAX) break
      this.#kept.delete(contact)
    }
  }

  discard (): void {
    this.#touched.clear()
  }

  #thread (contact: number): Thread {
    return this.#touched.get(contact) ?? this.#kept.get(contact) ?? this.#load(contact)
  }

  #load (contact: number): Thread {
    const stored = this.#reader.conversations.of(contact)
    const heads = stored.heads.map(id => ({ id, positionUs: this.#reader.messages.byId(id)?.positionUs ?? 0 }))
    const thread = { counter: stored.counter, hlcUs: stored.hlcUs, heads, hasGaps: this.#reader.messages.withGaps(contact).length > 0 }
    this.#kept.set(contact, thread)
    return thread
  }

  #positionOf (thread: Thread, id: ContentId): number | undefined {
    const key = idKey(id)
    const head = thread.heads.find(candidate => idKey(candidate.id) === key)
    return head?.positionUs ?? this.#reader.messages.byId(id)?.positionUs
  }
}
