/** Two people who are both there and reach each other through a relay's mailboxes only: how long a message takes. */
import { join } from 'node:path'
import { Child } from './children.ts'
import { percentile } from './figures.ts'
import type { MailboxPeopleCalls } from './mailbox-people-process.ts'
import type { RawCalls } from './raw-process.ts'
import type { RelayCalls } from './relay-process.ts'
import { UNLIMITED } from './relay-settings.ts'
import { REPETITIONS, type Run } from './suite.ts'

const SUITE = 'Both there, but no way between them except mailboxes at one relay (nobody listens, it lends no circuits), three processes'
const P50_MS = 4
const WARM_UP = 50

export async function measureRelayed (run: Run): Promise<void> {
  const { folder, isQuick, report, note } = run
  await using raw = await RawChain.open(folder)
  await using skein = await Mailboxed.open(folder)
  await raw.times(WARM_UP)
  await skein.times(WARM_UP)
  const all = { raw: [] as number[], skein: [] as number[] }
  const before = await skein.cpuUs()
  for (let repetition = 0; repetition < REPETITIONS; repetition++) {
    const count = isQuick ? 60 : 300
    all.raw.push(...await raw.times(count))
    all.skein.push(...await skein.times(count))
    note(`through a relay, ${repetition + 1} of ${REPETITIONS}: p50 ${percentile(all.skein, 0.5).toFixed(2)} ms beside ${percentile(all.raw, 0.5).toFixed(2)} ms of bare libp2p`)
  }
  const after = await skein.cpuUs()
  // A tenth of them, at least, had the processors for themselves.
  for (const share of [0.1, 0.5, 0.99]) {
    report({
      suite: SUITE,
      what: `from the call of send until it is committed there, p${share * 100}`,
      value: percentile(all.skein, share),
      unit: 'ms',
      limit: { value: percentile(all.raw, share), of: 'libp2p + SQLite at all three' },
      ...share === 0.5 && { budget: { type: 'atMost', value: P50_MS } }
    })
  }
  for (const who of ['sender', 'relay', 'recipient'] as const) report({ suite: SUITE, what: `CPU per message with its receipt, one at a time, ${who}`, value: (after[who] - before[who]) / all.skein.length, unit: 'µs' })
}

/** Ana and Bob, who cannot be dialled, and one relay. */
class Mailboxed implements AsyncDisposable {
  readonly #relay: Child<RelayCalls>
  readonly #ana: Child<MailboxPeopleCalls>
  readonly #bob: Child<MailboxPeopleCalls>
  #count = 0

  static async open (folder: string): Promise<Mailboxed> {
    const person = (): Child<MailboxPeopleCalls> => new Child(new URL('./mailbox-people-process.ts', import.meta.url), { folder })
    const made = new Mailboxed(new Child(new URL('./relay-process.ts', import.meta.url), { folder }), person(), person())
    try {
      await made.#meet(folder)
      return made
    } catch (error) {
      await made[Symbol.asyncDispose]()
      throw error
    }
  }

  private constructor (relay: Child<RelayCalls>, ana: Child<MailboxPeopleCalls>, bob: Child<MailboxPeopleCalls>) {
    this.#relay = relay
    this.#ana = ana
    this.#bob = bob
  }

  /** Milliseconds of each, one at a time. */
  async times (count: number): Promise<number[]> {
    const times = []
    for (let index = 0; index < count; index++) {
      const { id, askedAtMs } = await this.#ana.ask('sendOne', { to: '@bob', number: this.#count++ })
      times.push((await this.#bob.ask('cameAt', { id })).atMs - askedAtMs)
    }
    return times
  }

  async cpuUs (): Promise<{ readonly sender: number, readonly relay: number, readonly recipient: number }> {
    const [sender, relay, recipient] = await Promise.all([this.#ana.ask('usage', undefined), this.#relay.ask('usage', undefined), this.#bob.ask('usage', undefined)])
    return { sender: sender.cpuUs, relay: relay.cpuUs, recipient: recipient.cpuUs }
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    await Promise.all([this.#ana, this.#bob].map(child => child[Symbol.asyncDispose]()))
    await this.#relay[Symbol.asyncDispose]()
  }

  async #meet (folder: string): Promise<void> {
    const { address } = await this.#relay.ask('start', { folder, settings: { ...UNLIMITED, 'circuits.places': '0' } })
    for (const [name, child] of [['relayed-ana', this.#ana], ['relayed-bob', this.#bob]] as const) {
      await child.ask('start', { home: join(folder, name), name })
      await child.ask('useRelays', { addresses: [address] })
    }
    const { link } = await this.#bob.ask('link', undefined)
    await this.#ana.ask('befriend', { link, alias: 'bob' })
    await this.#bob.ask('watch', undefined)
  }
}

/** Three ends of bare libp2p in a row: each commits, then passes on. */
class RawChain implements AsyncDisposable {
  readonly #sender: Child<RawCalls>
  readonly #middle: Child<RawCalls>
  readonly #taker: Child<RawCalls>

  static async open (folder: string): Promise<RawChain> {
    const end = (): Child<RawCalls> => new Child(new URL('./raw-process.ts', import.meta.url), { folder })
    const made = new RawChain(end(), end(), end())
    const { addresses: [onward = ''] } = await made.#taker.ask('listen', { wire: 'libp2p', count: 1 })
    const { addresses } = await made.#middle.ask('listen', { wire: 'libp2p', count: 1, onward })
    await made.#sender.ask('listen', { wire: 'libp2p', count: 1 })
    await made.#sender.ask('dial', { addresses })
    return made
  }

  private constructor (sender: Child<RawCalls>, middle: Child<RawCalls>, taker: Child<RawCalls>) {
    this.#sender = sender
    this.#middle = middle
    this.#taker = taker
  }

  async times (count: number): Promise<number[]> {
    await this.#taker.ask('commits', undefined)
    const begun = await this.#sender.ask('begin', { count })
    const committed = await this.#taker.ask('commits', undefined)
    return begun.atMs.map((atMs, index) => (committed.atMs[index] ?? NaN) - atMs)
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    await Promise.all([this.#sender, this.#middle, this.#taker].map(child => child[Symbol.asyncDispose]()))
  }
}
