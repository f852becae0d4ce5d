/**
 * The DHT at scale: relays that serve it and users who ask, each the product's own RecordDht over the real kad-dht, on virtual time. Users
 * publish their record, others look it up; then some of the servers die, and they are looked up again.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { equals, toString } from 'uint8arrays'
import { signerOf } from '../../../node/crypto/signer.ts'
import { RecordDht } from '../../../node/net/dht/dht.ts'
import { RECORD_LIFETIME_MS } from '../../../protocols/core/limits.ts'
import { publicKeyOf } from '../../../protocols/core/signed.ts'
import { recordName, signRecord } from '../../../protocols/directory/record.ts'
import { spreadOf, type Spread } from '../figures.ts'
import { SeededRandom } from '../random.ts'
import { World } from '../world.ts'
import { Lan, SimHost } from './host.ts'
import { liveIn } from './virtual-time.ts'

export interface DiscoveryPlan {
  readonly users: number
  readonly relays: number
  /** How many users publish, and how many look one of these up, each time. */
  readonly lookups: number
  /** Of the relays, dies before the second time. */
  readonly deadShare: number
  readonly seed: number
}

export interface Lookups {
  readonly asked: number
  readonly found: number
  /** All relays that they knew were dead: they could ask nobody. */
  readonly stranded: number
  /** How far the first server that had it was from who asked: 1 is one of their relays. */
  readonly hops: Spread
  /** Servers asked for one lookup, joining included. */
  readonly requests: Spread
  readonly tookMs: Spread
}

export interface Discovery {
  readonly nodes: number
  readonly publications: { readonly made: number, readonly echoes: Spread, readonly requests: Spread, readonly tookMs: Spread }
  readonly whole: Lookups
  readonly damaged: Lookups & { readonly dead: number }
  readonly tables: Spread
  readonly requestsPerRelay: Spread
  readonly recordsPerRelay: Spread
  readonly bytesPerNode: number
  readonly networkMs: number
  readonly wallMs: number
}

const PROGRAM = 'skein testnet discovery'
/** A relay starts after those that it knows. */
const START_EVERY_MS = 500
/** A table is refreshed every five minutes: after this time everybody has heard of those that came last. */
const SETTLE_MS = 6 * 60_000
/** Users come one after the other, some at once. */
const ASK_EVERY_MS = 250
/** Relays that each knows by other ways: a user's own, an operator's first ones. */
const KNOWN = 3
/** Ciphertext of a record with three relays in it. */
const CIPHERTEXT_BYTES = 300
/** In kad-dht's messages: the record that was asked for, peers nearer to it, and a peer's id. */
const FIELD = { record: 3, closer: 8, id: 1 } as const

/** In a thread of its own, whose time is virtual. */
export async function discover (plan: DiscoveryPlan, interrupted: AbortSignal): Promise<Discovery> {
  const worker = new Worker(new URL(import.meta.url), { workerData: { program: PROGRAM, plan } })
  const stop = (): void => { void worker.terminate() }
  interrupted.addEventListener('abort', stop, { once: true })
  try {
    return await new Promise<Discovery>((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
      worker.once('exit', code => { reject(new Error(`the thread ended by itself (${code})`)) })
    })
  } finally {
    interrupted.removeEventListener('abort', stop)
    await worker.terminate()
  }
}

/** What one user's question went through. */
class Track {
  readonly #depth = new Map<string, number>()
  readonly isStranded: boolean
  requests = 0
  hops: number | undefined

  constructor (known: readonly SimHost[]) { this.isStranded = known.every(({ isDead }) => isDead) }

  ask (peerId: string): void {
    this.requests += 1
    if (!this.#depth.has(peerId)) this.#depth.set(peerId, 1)
  }

  answer (peerId: string, bytes: Uint8Array): void {
    const depth = this.#depth.get(peerId) ?? 1
    const { hasRecord, closer } = readAnswer(bytes)
    if (hasRecord) this.hops = Math.min(this.hops ?? Infinity, depth)
    for (const id of closer) if (!this.#depth.has(id)) this.#depth.set(id, depth + 1)
  }
}

class Neighbourhood {
  readonly world: World
  readonly lan: Lan
  readonly servers: Array<{ readonly host: SimHost, readonly dht: RecordDht }> = []
  readonly #plan: DiscoveryPlan
  readonly #random: SeededRandom
  readonly #tracks = new Map<SimHost, Track>()

  constructor (world: World, plan: DiscoveryPlan) {
    this.#plan = plan
    this.world = world
    this.#random = new SeededRandom(plan.seed, 'discovery')
    this.lan = new Lan(world, {
      random: new SeededRandom(plan.seed, 'lan'),
      watcher: {
        onStream: (from, to) => this.#tracks.get(from)?.ask(to.target.peerId),
        onAnswer: (at, from, bytes) => this.#tracks.get(at)?.answer(from.target.peerId, bytes)
      }
    })
  }

  async serve (): Promise<void> {
    for (let number = 0; number < this.#plan.relays; number++) {
      const host = this.#host(number, true)
      const known = this.#some(KNOWN)
      await this.#start(host, known, dht => { this.servers.push({ host, dht }) })
      await this.world.pause(START_EVERY_MS)
    }
    await this.world.pause(SETTLE_MS)
  }

  /** One user with a question. */
  async ask<Result> (number: number, question: (dht: RecordDht) => Promise<Result>): Promise<{ readonly result: Result, readonly track: Track, readonly tookMs: number }> {
    const host = this.#host(this.#plan.relays + number, false)
    const known = this.#some(KNOWN)
    const track = new Track(known)
    this.#tracks.set(host, track)
    const dht = await this.#start(host, known)
    const beganMs = this.world.nowMs
    const result = await question(dht)
    const tookMs = this.world.nowMs - beganMs
    this.#tracks.delete(host)
    return { result, track, tookMs }
  }

  #host (number: number, isServer: boolean): SimHost {
    const seed = new SeededRandom(this.#plan.seed, `host ${number}`).bytes(32)
    return new SimHost(this.lan, { key: { seed, publicKey: signerOf(seed).publicKey }, number, isServer })
  }

  async #start (host: SimHost, known: readonly SimHost[], onMade: (dht: RecordDht) => void = () => {}): Promise<RecordDht> {
    const dht = new RecordDht({ mode: host.isServer ? 'server' : 'client', clock: this.world.clock(() => true, () => 0), bootstrap: () => known.map(({ target }) => target) })
    onMade(dht)
    const { records } = dht.services()
    const service = records?.(host.components()) as { readonly afterStart: () => Promise<void> }
    await service.afterStart()
    return dht
  }

  #some (count: number): SimHost[] {
    const known = new Set<SimHost>()
    const wanted = Math.min(count, this.servers.length)
    while (known.size < wanted) {
      const server = this.servers[this.#random.below(this.servers.length)]
      if (server !== undefined) known.add(server.host)
    }
    return [...known]
  }
}

async function run (plan: DiscoveryPlan, wallMs: () => number): Promise<Discovery> {
  const beganMs = wallMs()
  const world = new World(plan.seed)
  const startMs = world.nowMs
  liveIn(world)
  const town = new Neighbourhood(world, plan)
  const random = new SeededRandom(plan.seed, 'users')
  return await world.within((async () => {
    await town.serve()
    const records = Array.from({ length: plan.lookups }, (_, number) => recordOf(new SeededRandom(plan.seed, `user ${number}`), world.nowMs))
    const puts = await staggered(world, records, async ({ name, record }, number) => await town.ask(number, async dht => await dht.put(name, record)))
    const look = async (offset: number): Promise<Lookups> => {
      const asked = await staggered(world, records, async ({ name, record }, index) => {
        const number = (index + offset) % plan.users
        return await town.ask(number, async dht => (await dht.get(name)).some(found => equals(found, record)))
      })
      return lookupsOf(asked)
    }
    const whole = await look(plan.lookups)
    const dead = kill(town, { share: plan.deadShare, random })
    const damaged = { ...await look(2 * plan.lookups), dead }
    return {
      nodes: plan.users + plan.relays,
      publications: { made: puts.length, echoes: spreadOf(puts.map(({ result }) => result.echoes)), requests: spreadOf(puts.map(({ track }) => track.requests)), tookMs: spreadOf(puts.map(({ tookMs }) => tookMs)) },
      whole,
      damaged,
      tables: spreadOf(town.servers.map(({ dht }) => dht.peerCount)),
      requestsPerRelay: spreadOf(town.servers.map(({ host }) => host.served)),
      recordsPerRelay: spreadOf(town.servers.map(({ dht }) => dht.kept.records)),
      bytesPerNode: process.memoryUsage.rss() / (plan.users + plan.relays),
      networkMs: world.nowMs - startMs,
      wallMs: wallMs() - beganMs
    }
  })(), NETWORK_MS_MAX)
}

/** More than any plan takes. */
const NETWORK_MS_MAX = 30 * 24 * 3_600_000

function kill ({ servers }: Neighbourhood, { share, random }: { readonly share: number, readonly random: SeededRandom }): number {
  const dead = servers.filter(() => random.chance(share))
  for (const { host } of dead) host.isDead = true
  return dead.length
}

/** One begins after the other, and they do not wait for each other. */
async function staggered<Item, Result> (world: World, items: readonly Item[], work: (item: Item, index: number) => Promise<Result>): Promise<Result[]> {
  return await Promise.all(items.map(async (item, index) => {
    await world.pause(index * ASK_EVERY_MS)
    return await work(item, index)
  }))
}

function lookupsOf (asked: ReadonlyArray<{ readonly result: boolean, readonly track: Track, readonly tookMs: number }>): Lookups {
  return {
    asked: asked.length,
    found: asked.filter(({ result }) => result).length,
    stranded: asked.filter(({ track }) => track.isStranded).length,
    hops: spreadOf(asked.flatMap(({ track }) => track.hops ?? [])),
    requests: spreadOf(asked.map(({ track }) => track.requests)),
    tookMs: spreadOf(asked.map(({ tookMs }) => tookMs))
  }
}

function recordOf (random: SeededRandom, nowMs: number): { readonly name: Uint8Array, readonly record: Uint8Array } {
  const secretKey = random.bytes(32)
  const publicKey = publicKeyOf(secretKey)
  const record = signRecord({ seq: 1, notAfterMs: Math.floor(nowMs) + RECORD_LIFETIME_MS, ciphertext: random.bytes(CIPHERTEXT_BYTES), statementHash: random.bytes(32) }, { secretKey, publicKey })
  return { name: recordName(publicKey), record }
}

/** As much of an answer as counting needs: behind its length, whether it holds a record, and whom it names. */
function readAnswer (bytes: Uint8Array): { readonly hasRecord: boolean, readonly closer: readonly string[] } {
  const closer: string[] = []
  let hasRecord = false
  try {
    const reader = new BinaryReader(bytes)
    reader.uint32()
    while (reader.pos < bytes.byteLength) {
      const [field, wireType] = reader.tag()
      if (field === FIELD.record) hasRecord = true
      if (field === FIELD.closer && wireType === WireType.LengthDelimited) closer.push(peerIn(reader.bytes()))
      else reader.skip(wireType)
    }
  } catch {
    // A piece of a longer one: what it says is not counted.
  }
  return { hasRecord, closer }
}

function peerIn (bytes: Uint8Array): string {
  const reader = new BinaryReader(bytes)
  while (reader.pos < bytes.byteLength) {
    const [field, wireType] = reader.tag()
    if (field === FIELD.id) return base58(reader.bytes())
    reader.skip(wireType)
  }
  return ''
}

function base58 (bytes: Uint8Array): string { return toString(bytes, 'base58btc') }

if (!isMainThread && (workerData as { readonly program?: string } | null)?.program === PROGRAM) {
  const { plan } = workerData as { readonly plan: DiscoveryPlan }
  const real = performance.now.bind(performance)
  void run(plan, real).then(found => { parentPort?.postMessage(found) })
}
