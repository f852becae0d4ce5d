/**
 * Both ends of the raw limit: a sender that commits, sends and waits for the word that it is committed there, and a taker that
 * commits and says so, or passes on first. Records have one size, so that nothing has to be framed.
 */
import type { Ledger } from './ledger.ts'
import type { Wire } from './raw-wires.ts'

/** As the text of a message in the other measurements. */
export const RECORD_BYTES = 300
/** How many records have been committed since the last word: 32 bits. */
const WORD_BYTES = 4
/** Records in one commit of the sender: so that the other side works on some while the next are made. */
const GROUP_MAX = 64

export interface Load { readonly count: number, readonly inFlight: number }

export interface TakerParts {
  readonly ledger: Ledger
  readonly recordBytes: number
  /** Told after each commit. */
  readonly onCommit: () => void
  /** Where everything goes that is committed here; what is said there is passed back to the only wire that comes in. */
  readonly onward?: Wire | undefined
}

/** Commits what comes over all of its wires, as much as is there, in one transaction, and says how much it was. */
export class RecordTaker {
  readonly #parts: TakerParts
  #waiting: Array<{ readonly record: Uint8Array, readonly wire: Wire }> = []

  constructor (parts: TakerParts) {
    this.#parts = parts
  }

  accept (wire: Wire): void {
    const { recordBytes, onward } = this.#parts
    const records = new Pieces(recordBytes, record => {
      this.#waiting.push({ record, wire })
      if (this.#waiting.length === 1) setImmediate(() => { this.#commit() })
    })
    wire.receive(bytes => { records.push(bytes) })
    onward?.receive(bytes => { wire.send(bytes) })
  }

  #commit (): void {
    const { ledger, onCommit, onward } = this.#parts
    const taken = this.#waiting
    this.#waiting = []
    ledger.commit(taken.map(({ record }) => record))
    onCommit()
    if (onward !== undefined) return onward.send(Buffer.concat(taken.map(({ record }) => record)))
    const counts = new Map<Wire, number>()
    for (const { wire } of taken) counts.set(wire, (counts.get(wire) ?? 0) + 1)
    for (const [wire, count] of counts) {
      const word = Buffer.alloc(WORD_BYTES)
      word.writeUInt32BE(count)
      wire.send(word)
    }
  }
}

/** Sends over one wire or over several in turn. */
export class RecordSender {
  readonly #wires: readonly Wire[]
  readonly #ledger: Ledger | undefined
  readonly #body: Uint8Array
  #committedCount = 0
  #onWord: () => void = () => { /* nobody waits */ }

  /** Without a ledger nothing is kept here. */
  constructor (wires: readonly Wire[], { ledger, recordBytes }: { readonly ledger: Ledger | undefined, readonly recordBytes: number }) {
    this.#wires = wires
    this.#ledger = ledger
    this.#body = Buffer.alloc(recordBytes, 'The ferry goes at 08:40. ')
    for (const wire of wires) {
      const words = new Pieces(WORD_BYTES, word => {
        this.#committedCount += Buffer.from(word).readUInt32BE()
        this.#onWord()
      })
      wire.receive(bytes => { words.push(bytes) })
    }
  }

  /** One at a time: milliseconds of each. */
  async times (count: number): Promise<number[]> {
    const times = []
    for (let index = 0; index < count; index++) {
      const startMs = performance.now()
      await this.send({ count: 1, inFlight: 1 })
      times.push(performance.now() - startMs)
    }
    return times
  }

  /** Resolves when the last one is committed on the other side. */
  async send ({ count, inFlight }: Load): Promise<void> {
    const targetCount = this.#committedCount + count
    let sentCount = this.#committedCount
    const { promise, resolve } = Promise.withResolvers<undefined>()
    let isDue = false
    const turn = (): void => {
      isDue = false
      const group = Math.min(GROUP_MAX, inFlight - (sentCount - this.#committedCount), targetCount - sentCount)
      if (group > 0) this.#sendGroup(sentCount, group)
      sentCount += group
      if (sentCount - this.#committedCount < inFlight && sentCount < targetCount) this.#onWord()
    }
    this.#onWord = () => {
      if (this.#committedCount === targetCount) return resolve(undefined)
      if (isDue || sentCount === targetCount) return
      isDue = true
      setImmediate(turn)
    }
    turn()
    await promise
  }

  #sendGroup (first: number, count: number): void {
    this.#ledger?.commit(new Array<Uint8Array>(count).fill(this.#body))
    const [only] = this.#wires
    if (this.#wires.length === 1) return only?.send(Buffer.concat(new Array<Uint8Array>(count).fill(this.#body)))
    for (let index = first; index < first + count; index++) this.#wires[index % this.#wires.length]?.send(this.#body)
  }
}

/** Cuts a stream of bytes into pieces of one size. */
class Pieces {
  readonly #size: number
  readonly #take: (piece: Uint8Array) => void
  #rest: Uint8Array = new Uint8Array(0)

  constructor (size: number, take: (piece: Uint8Array) => void) {
    this.#size = size
    this.#take = take
  }

  push (bytes: Uint8Array): void {
    const all = this.#rest.byteLength === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    let offset = 0
    for (; offset + this.#size <= all.byteLength; offset += this.#size) this.#take(all.subarray(offset, offset + this.#size))
    this.#rest = all.subarray(offset)
  }
}
