/** The raw limit between processes: one sender, and takers in one process or in several. */
import type { Usage } from './answering.ts'
import { Child } from './children.ts'
import type { RawCalls } from './raw-process.ts'
import type { Load } from './raw-ends.ts'
import type { WireName } from './raw-wires.ts'

/** CPU of one message on each side, all processes of the side together. */
export interface Work { readonly perSecond: number, readonly senderUs: number, readonly takerUs: number }

export interface RawOptions { readonly folder: string, readonly wire: WireName, readonly processCount: number, readonly endsPerProcess: number }

export class RawSides implements AsyncDisposable {
  readonly #sender: Child<RawCalls>
  readonly #takers: ReadonlyArray<Child<RawCalls>>

  static async open ({ folder, wire, processCount, endsPerProcess }: RawOptions): Promise<RawSides> {
    const script = new URL('./raw-process.ts', import.meta.url)
    const sides = new RawSides(new Child(script, { folder }), Array.from({ length: processCount }, () => new Child(script, { folder })))
    await sides.#sender.ask('listen', { wire, count: 1 })
    const places = await Promise.all(sides.#takers.map(taker => taker.ask('listen', { wire, count: endsPerProcess })))
    await sides.#sender.ask('dial', { addresses: places.flatMap(({ addresses }) => addresses) })
    return sides
  }

  private constructor (sender: Child<RawCalls>, takers: ReadonlyArray<Child<RawCalls>>) {
    this.#sender = sender
    this.#takers = takers
  }

  async times (count: number): Promise<readonly number[]> { return await this.#sender.ask('times', { count }) }

  async send (load: Load): Promise<Work> {
    const before = await this.#usage()
    const { tookMs } = await this.#sender.ask('send', load)
    const after = await this.#usage()
    return { perSecond: load.count / tookMs * 1000, senderUs: (after.senderUs - before.senderUs) / load.count, takerUs: (after.takerUs - before.takerUs) / load.count }
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    await Promise.all([this.#sender, ...this.#takers].map(child => child[Symbol.asyncDispose]()))
  }

  async #usage (): Promise<{ readonly senderUs: number, readonly takerUs: number }> {
    const [sender, takers] = await Promise.all([this.#sender.ask('usage', undefined), Promise.all(this.#takers.map(taker => taker.ask('usage', undefined)))])
    return { senderUs: sender.cpuUs, takerUs: cpuUsOf(takers) }
  }
}

/** Of all these processes together. */
export function cpuUsOf (usages: readonly Usage[]): number {
  return usages.reduce((sum, { cpuUs }) => sum + cpuUs, 0)
}
