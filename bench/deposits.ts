/** What one relay takes from four clients at once: stored, on the disk, signed for. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { flushRate } from '../node/relay/bench.ts'
import type { PeerTarget } from '../node/ports.ts'
import { Child } from './children.ts'
import type { ClientsCalls, DoorText } from './clients-process.ts'
import { median } from './figures.ts'
import { ownTimesText } from './tell-profile.ts'
import type { RawCalls } from './raw-process.ts'
import type { RelayCalls } from './relay-process.ts'
import { UNLIMITED } from './relay-settings.ts'
import { REPETITIONS, type Run } from './suite.ts'

const CLIENTS = 4
const ENVELOPE_BYTES = 1_024
const SUITE = `Deposits of ${ENVELOPE_BYTES.toLocaleString('en')} bytes at one relay, from ${CLIENTS} clients, each a process`
const PER_SECOND = 10_000
const PER_SECOND_STRETCH = 20_000
/** What one client of the raw limit may have under way: as many as a depositor (node/relay/bench-client.ts). */
const RAW_IN_FLIGHT = 384

interface Work { readonly perSecond: number, readonly takerUs: number, readonly clientUs: number, readonly perCommit: number }

export async function measureDeposits (run: Run): Promise<void> {
  const { folder, isQuick, note, report } = run
  const count = isQuick ? 2_000 : 15_000
  await using skein = await SkeinDepositors.open(folder)
  await using raw = await RawDepositors.open(folder)
  await raw.send(count / 4)
  await skein.send(count / 4)
  const works = { skein: [] as Work[], raw: [] as Work[] }
  const flushes = []
  for (let repetition = 0; repetition < REPETITIONS; repetition++) {
    flushes.push(flushRate(join(folder, 'flush')))
    works.raw.push(await raw.send(count))
    const work = await skein.send(count)
    works.skein.push(work)
    note(`deposits, ${repetition + 1} of ${REPETITIONS}: ${work.perSecond.toFixed(0)}/s, ${work.perCommit.toFixed(0)} in a commit, CPU ${work.takerUs.toFixed(0)} µs at the relay and ${work.clientUs.toFixed(0)} µs at its client`)
  }
  const of = (name: 'skein' | 'raw', take: (work: Work) => number): number => median(works[name].map(take))
  const limit = (take: (work: Work) => number) => ({ value: of('raw', take), of: 'libp2p + SQLite' })
  const perCommit = of('skein', work => work.perCommit)
  report({ suite: SUITE, what: 'this disk: small writes, each flushed, one after the other', value: median(flushes), unit: 'flushes/s' })
  report({ suite: SUITE, what: `that many flushes, with the ${perCommit.toFixed(0)} deposits that shared one here`, value: median(flushes) * perCommit, unit: 'deposits/s' })
  report({ suite: SUITE, what: 'Skein, durable and signed for', value: of('skein', work => work.perSecond), unit: 'deposits/s', limit: limit(work => work.perSecond), budget: { type: 'atLeast', value: PER_SECOND, stretch: PER_SECOND_STRETCH } })
  report({ suite: SUITE, what: 'CPU per deposit, relay', value: of('skein', work => work.takerUs), unit: 'µs', limit: limit(work => work.takerUs) })
  report({ suite: SUITE, what: 'CPU per deposit, client', value: of('skein', work => work.clientUs), unit: 'µs', limit: limit(work => work.clientUs) })
  if (run.profileFolder !== undefined) await skein.profile(run.profileFolder, count, note)
}

/** The clients and the relay as processes, and what a round of deposits did to them. */
class SkeinDepositors implements AsyncDisposable {
  readonly #relay: Child<RelayCalls>
  readonly #owner: Child<ClientsCalls>
  readonly #clients: ReadonlyArray<Child<ClientsCalls>>
  #doors: readonly DoorText[] = []

  static async open (folder: string): Promise<SkeinDepositors> {
    const clients = (): Child<ClientsCalls> => new Child(new URL('./clients-process.ts', import.meta.url), { folder })
    const made = new SkeinDepositors(new Child(new URL('./relay-process.ts', import.meta.url), { folder }), clients(), Array.from({ length: CLIENTS }, clients))
    try {
      const relay: PeerTarget = await made.#relay.ask('start', { folder, settings: UNLIMITED })
      made.#doors = (await made.#owner.ask('doors', { relay, count: CLIENTS })).doors
      await Promise.all(made.#clients.map(client => client.ask('connect', { relay })))
      return made
    } catch (error) {
      await made[Symbol.asyncDispose]()
      throw error
    }
  }

  private constructor (relay: Child<RelayCalls>, owner: Child<ClientsCalls>, clients: ReadonlyArray<Child<ClientsCalls>>) {
    this.#relay = relay
    this.#owner = owner
    this.#clients = clients
  }

  async send (countEach: number): Promise<Work> {
    const before = await this.#usage()
    const answers = await Promise.all(this.#clients.map((client, index) => client.ask('deposit', { door: this.#doorAt(index), count: countEach, envelopeBytes: ENVELOPE_BYTES })))
    const after = await this.#usage()
    const stored = sum(answers.map(answer => answer.stored))
    if (stored !== countEach * CLIENTS) throw new Error(`${countEach * CLIENTS - stored} deposits were refused`)
    const tookMs = Math.max(...answers.map(answer => answer.endedAtMs)) - Math.min(...answers.map(answer => answer.beganAtMs))
    return { perSecond: stored / tookMs * 1000, takerUs: (after.relayUs - before.relayUs) / stored, clientUs: (after.clientsUs - before.clientsUs) / stored, perCommit: stored / (after.commits - before.commits) }
  }

  async profile (folder: string, countEach: number, note: (text: string) => void): Promise<void> {
    await mkdir(folder, { recursive: true })
    const path = join(folder, 'deposits-relay.cpuprofile')
    await this.#relay.ask('startProfile', undefined)
    await this.send(countEach)
    await this.#relay.ask('stopProfile', { path })
    note(await ownTimesText(path, { count: countEach * CLIENTS, of: 'deposit' }))
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    await Promise.all([...this.#clients, this.#owner].map(child => child[Symbol.asyncDispose]()))
    await this.#relay[Symbol.asyncDispose]()
  }

  #doorAt (index: number): DoorText {
    const door = this.#doors[index]
    if (door === undefined) throw new Error('each client has a door')
    return door
  }

  async #usage (): Promise<{ readonly relayUs: number, readonly clientsUs: number, readonly commits: number }> {
    const [relay, { commits }, clients] = await Promise.all([this.#relay.ask('usage', undefined), this.#relay.ask('stats', undefined), Promise.all(this.#clients.map(client => client.ask('usage', undefined)))])
    return { relayUs: relay.cpuUs, clientsUs: sum(clients.map(client => client.cpuUs)), commits: commits.count }
  }
}

/** The same over bare streams: records of one size, all that is there in one commit, and a word that says so. */
class RawDepositors implements AsyncDisposable {
  readonly #taker: Child<RawCalls>
  readonly #clients: ReadonlyArray<Child<RawCalls>>

  static async open (folder: string): Promise<RawDepositors> {
    const child = (): Child<RawCalls> => new Child(new URL('./raw-process.ts', import.meta.url), { folder })
    const made = new RawDepositors(child(), Array.from({ length: CLIENTS }, child))
    const { addresses } = await made.#taker.ask('listen', { wire: 'libp2p', count: 1, recordBytes: ENVELOPE_BYTES })
    await Promise.all(made.#clients.map(async client => {
      await client.ask('listen', { wire: 'libp2p', count: 1 })
      await client.ask('dial', { addresses, isKept: false, recordBytes: ENVELOPE_BYTES })
    }))
    return made
  }

  private constructor (taker: Child<RawCalls>, clients: ReadonlyArray<Child<RawCalls>>) {
    this.#taker = taker
    this.#clients = clients
  }

  async send (countEach: number): Promise<Work> {
    const before = await this.#usage()
    const answers = await Promise.all(this.#clients.map(client => client.ask('send', { count: countEach, inFlight: RAW_IN_FLIGHT })))
    const after = await this.#usage()
    const count = countEach * CLIENTS
    const { atMs } = await this.#taker.ask('commits', undefined)
    return { perSecond: count / Math.max(...answers.map(({ tookMs }) => tookMs)) * 1000, takerUs: (after.takerUs - before.takerUs) / count, clientUs: (after.clientsUs - before.clientsUs) / count, perCommit: count / atMs.length }
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    await Promise.all([this.#taker, ...this.#clients].map(child => child[Symbol.asyncDispose]()))
  }

  async #usage (): Promise<{ readonly takerUs: number, readonly clientsUs: number }> {
    const [taker, clients] = await Promise.all([this.#taker.ask('usage', undefined), Promise.all(this.#clients.map(client => client.ask('usage', undefined)))])
    return { takerUs: taker.cpuUs, clientsUs: sum(clients.map(client => client.cpuUs)) }
  }
}

function sum (values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
