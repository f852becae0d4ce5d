/** Nodes between processes: one person who sends, and people who take, in one process or in several. */
import { join } from 'node:path'
import { Child } from './children.ts'
import type { PeopleCalls } from './people-process.ts'
import type { Load } from './raw-ends.ts'
import { cpuUsOf, type Work } from './raw-sides.ts'

const MEBIBYTE = 2 ** 20

export interface SkeinOptions { readonly folder: string, readonly processCount: number, readonly peoplePerProcess: number }

export interface SkeinWork extends Work {
  /** When the last was delivered: messages that were not in the search index yet, at most on one side. */
  readonly behindCount: number
  /** Until both sides have everything in their search index as well; CPU counts until then. */
  readonly indexedPerSecond: number
}

export interface Order { readonly sentCount: number, readonly inOrderCount: number }

export class SkeinSides implements AsyncDisposable {
  readonly #sender: Child<PeopleCalls>
  readonly #takers: ReadonlyArray<Child<PeopleCalls>>

  /** Resolves when the sender has a session with everybody. */
  static async open ({ folder, processCount, peoplePerProcess }: SkeinOptions): Promise<SkeinSides> {
    const script = new URL('./people-process.ts', import.meta.url)
    const sides = new SkeinSides(new Child(script, { folder }), Array.from({ length: processCount }, () => new Child(script, { folder })))
    const [places] = await Promise.all([
      Promise.all(sides.#takers.map(taker => taker.ask('start', { count: peoplePerProcess }))),
      sides.#sender.ask('start', { count: 1 })
    ])
    await sides.#sender.ask('befriend', { links: places.flatMap(({ links }) => links) })
    return sides
  }

  private constructor (sender: Child<PeopleCalls>, takers: ReadonlyArray<Child<PeopleCalls>>) {
    this.#sender = sender
    this.#takers = takers
  }

  async times (count: number): Promise<readonly number[]> { return await this.#sender.ask('times', { count }) }

  async send (load: Load): Promise<SkeinWork> {
    const { count } = load
    const before = await this.#usage()
    const { startAtMs, deliveredAtMs } = await this.#sender.ask('send', load)
    const behind = await Promise.all(this.#all.map(child => child.ask('behind', undefined)))
    const indexed = await Promise.all(this.#all.map(child => child.ask('indexed', undefined)))
    const after = await this.#usage()
    return {
      perSecond: count / (deliveredAtMs - startAtMs) * 1000,
      behindCount: Math.max(...behind.map(child => child.count)),
      indexedPerSecond: count / (Math.max(...indexed.map(({ atMs }) => atMs)) - startAtMs) * 1000,
      senderUs: (after.senderUs - before.senderUs) / count,
      takerUs: (after.takerUs - before.takerUs) / count
    }
  }

  /** Reads everything back and compares it with what was sent, place by place. */
  async order (): Promise<Order> {
    const { numbers: sent } = await this.#sender.ask('sent', undefined)
    const received = (await Promise.all(this.#takers.map(taker => taker.ask('received', undefined)))).flatMap(({ numbers }) => numbers)
    const inOrder = sent.map((numbers, contact) => {
      const read = received[contact] ?? []
      // One too many is as wrong as one too few.
      return Math.max(0, numbers.filter((number, index) => read[index] === number).length - Math.max(0, read.length - numbers.length))
    })
    return { sentCount: sum(sent.map(numbers => numbers.length)), inOrderCount: sum(inOrder) }
  }

  /** Of the sender, and of the largest process that takes. */
  async residentMebibytes (): Promise<{ readonly sender: number, readonly taker: number }> {
    const [sender = 0, ...takers] = (await Promise.all(this.#all.map(child => child.ask('usage', undefined)))).map(({ rssBytes }) => rssBytes / MEBIBYTE)
    return { sender, taker: Math.max(...takers) }
  }

  /** Profiles both sides while `load` is sent: the sender, and the first process that takes. Returns their files. */
  async profile (load: Load, place: { readonly folder: string, readonly name: string }): Promise<{ readonly sender: string, readonly taker: string }> {
    const files = { sender: join(place.folder, `${place.name}-sender.cpuprofile`), taker: join(place.folder, `${place.name}-taker.cpuprofile`) }
    const [taker] = this.#takers
    await Promise.all([this.#sender.ask('startProfile', undefined), taker?.ask('startProfile', undefined)])
    await this.send(load)
    await Promise.all([this.#sender.ask('stopProfile', { path: files.sender }), taker?.ask('stopProfile', { path: files.taker })])
    return files
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    await Promise.all(this.#all.map(child => child[Symbol.asyncDispose]()))
  }

  get #all (): ReadonlyArray<Child<PeopleCalls>> { return [this.#sender, ...this.#takers] }

  async #usage (): Promise<{ readonly senderUs: number, readonly takerUs: number }> {
    const [sender, ...takers] = await Promise.all(this.#all.map(child => child.ask('usage', undefined)))
    return { senderUs: sender?.cpuUs ?? 0, takerUs: cpuUsOf(takers) }
  }
}

function sum (values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
