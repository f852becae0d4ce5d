/**
 * One history: two nodes become contacts and talk, while the weather is bad, the network parts and nodes die between any two
 * steps. With relays they are apart most of the time, and the relays die, forget everything or go back to an old disk. Then the sky
 * clears, and whatever was promised must have come true.
 */
import assert from 'node:assert/strict'
import { idText } from '../../protocols/core/ids.ts'
import { DEPOSIT_PROTOCOL } from '../../node/protocols.ts'
import type { MessageView } from '../../protocols/local/schema.ts'
import { KeyUses } from '../../testnet/simulation/key-uses.ts'
import { assertDelivered, assertSameConversation } from './invariants.ts'
import { CALM, Ether } from '../../testnet/simulation/ether.ts'
import { SimNode } from '../../testnet/simulation/node.ts'
import { SeededRandom } from '../../testnet/simulation/random.ts'
import { SimRelay } from '../../testnet/simulation/relay.ts'
import { RelayNemesis } from './relay-nemesis.ts'
import { START_MS, World } from '../../testnet/simulation/world.ts'

export interface History {
  readonly seed: number
  /** Of everything that happened: equal for equal seeds. */
  readonly hash: string
  readonly messages: number
  readonly crashes: number
  readonly virtualMs: number
}

export interface HistoryOptions {
  /** Relays that both use; 0: they only meet directly. */
  readonly relayCount?: number
  /** Sees what happens as it happens. */
  readonly onLine?: ((line: string) => void) | undefined
}

const ACTIONS = 60
/** Long enough for the longest back-off to come round several times. */
const HEALING_LIMIT_MS = 3 * 3_600_000
const MINUTE_MS = 60_000

/** Runs the history of a seed. Throws when a promise was broken. */
export async function runHistory (seed: number, { relayCount = 0, onLine }: HistoryOptions = {}): Promise<History> {
  const world = new World(seed, { onLine })
  const ether = new Ether(world, new SeededRandom(seed, 'ether'))
  const uses = new KeyUses()
  ether.onFrame = ({ from, to, protocol, isForward, frame }) => {
    world.note(`${from} > ${to} ${protocol} ${frame.byteLength}`)
    if (protocol === DEPOSIT_PROTOCOL.id && isForward) uses.take(frame)
  }
  const ana = new SimNode({ world, ether, name: 'ana', random: new SeededRandom(seed, 'ana'), isMover: false })
  const bob = new SimNode({ world, ether, name: 'bob', random: new SeededRandom(seed, 'bob'), isMover: true })
  const relays = Array.from({ length: relayCount }, (_, index) => new SimRelay({ world, ether, name: `relay${index}`, random: new SeededRandom(seed, `relay${index}`) }))
  const story = new Story({ world, ether, ana, bob, relays })
  await story.meet()
  await story.live()
  await story.heal()
  assert.deepEqual([...uses.reused], [], 'no ratchet key was used twice')
  return { seed, hash: world.hash(), messages: story.printedCount, crashes: [ana, bob, ...relays].reduce((sum, { crashes }) => sum + crashes, 0), virtualMs: world.nowMs - START_MS }
}

interface StoryParts { readonly world: World, readonly ether: Ether, readonly ana: SimNode, readonly bob: SimNode, readonly relays: readonly SimRelay[] }

class Story {
  readonly #parts: StoryParts
  readonly #random: SeededRandom
  readonly #nemesis: RelayNemesis
  readonly #printed = new Map<SimNode, Set<string>>()

  constructor (parts: StoryParts) {
    this.#parts = parts
    this.#random = new SeededRandom(parts.world.seed, 'story')
    this.#nemesis = new RelayNemesis(parts.relays, new SeededRandom(parts.world.seed, 'nemesis'))
    this.#printed.set(parts.ana, new Set()).set(parts.bob, new Set())
  }

  get printedCount (): number { return [...this.#printed.values()].reduce((sum, ids) => sum + ids.size, 0) }

  async meet (): Promise<void> {
    const { world, ana, bob, relays } = this.#parts
    for (const one of [ana, bob, ...relays]) await world.within(one.start())
    if (relays.length > 0) await this.#chooseRelays()
    const { link } = await world.within(ana.core.operations['me.card']({}))
    await world.within(bob.core.operations['contact.add']({ link, as: 'ana' }))
    // The weather is bad from here on: introductions must survive it like everything else.
    this.#turnWeather()
    const haveMet = (): boolean => ana.store.read.contacts.byName('bob').length > 0 || !ana.isAlive || !bob.isAlive || relays.some(({ isAlive }) => !isAlive)
    for (let attempt = 0; ana.store.read.contacts.byName('bob').length === 0; attempt++) {
      if (attempt === 1_000 || !await world.run(haveMet, HEALING_LIMIT_MS)) throw new Error('they never met')
      for (const one of [ana, bob, ...relays]) if (!one.isAlive) await world.within(one.restart())
    }
  }

  async live (): Promise<void> {
    const { world, ether, ana, bob } = this.#parts
    for (let action = 0; action < ACTIONS; action++) {
      this.#act(this.#random.chance(0.5) ? ana : bob)
      await world.run(() => false, this.#random.fraction() * 2_000)
      if (this.#random.chance(0.1)) this.#turnWeather()
      if (this.#random.chance(0.05)) ether.partition()
      if (this.#random.chance(0.2)) ether.isPartitioned = false
      for (const node of [ana, bob]) {
        if (node.isAlive && this.#random.chance(0.02)) node.crash()
        if (!node.isAlive && this.#random.chance(0.5)) await world.within(node.restart())
      }
      await this.#nemesis.strike(world)
    }
  }

  /** The sky clears: now everything promised must come true. With relays they stay apart: no other way is left. */
  async heal (): Promise<void> {
    const { world, ether, ana, bob, relays } = this.#parts
    ether.weather = CALM
    ether.isPartitioned = false
    for (const one of [ana, bob, ...relays]) {
      one.crashChance = 0
      if (!one.isAlive) await world.within(one.restart())
    }
    const isQuiet = (): boolean => ana.store.read.outbox.openCount() + bob.store.read.outbox.openCount() === 0
    if (!await world.run(isQuiet, HEALING_LIMIT_MS)) throw new Error(`not everything left: ${openOf(ana)}; ${openOf(bob)}`)
    await world.run(() => false, MINUTE_MS)
    const ofAna = await this.#conversation(ana, 'bob')
    const ofBob = await this.#conversation(bob, 'ana')
    assertDelivered(this.#printed.get(ana) ?? new Set(), ofAna, ofBob)
    assertDelivered(this.#printed.get(bob) ?? new Set(), ofBob, ofAna)
    assertSameConversation(ofAna, ofBob)
  }

  /** Both have mailboxes before they hear of each other, and never meet: no other way is left to them. */
  async #chooseRelays (): Promise<void> {
    const { world, ether, ana, bob, relays } = this.#parts
    for (const node of [ana, bob]) {
      for (const { address } of relays) await world.within(node.core.operations['relays.add']({ address }))
    }
    ether.cut((from, to) => [from, to].sort().join() === [ana.peerId, bob.peerId].sort().join())
  }

  #turnWeather (): void {
    const { ether, ana, bob, relays } = this.#parts
    const random = this.#random
    ether.weather = { loss: random.fraction() * 0.15, duplication: random.fraction() * 0.3, reordering: random.fraction() * 0.3, delayMsMax: random.pick([5, 50, 800]) }
    const crashChance = random.pick([0, 0, 0.01, 0.04])
    for (const node of [ana, bob]) {
      node.crashChance = crashChance
      node.skewMs = random.pick([0, 0, -3_600_000, 86_400_000, 1_500])
    }
    for (const relay of relays) relay.crashChance = crashChance
  }

  /** Somebody does something. What fails (the node is dead, or dies over it) was never printed, so nothing is promised. */
  #act (node: SimNode): void {
    if (!node.isAlive) return
    const { operations } = node.core
    const to = node.name === 'ana' ? 'bob' : 'ana'
    const kind = this.#random.fraction()
    const target = this.#anyMessage(node, kind < 0.75)
    if (kind < 0.6 || target === undefined) {
      const text = `${node.name} ${this.#random.below(1_000_000)}`
      const printed = this.#printed.get(node)
      void quietly(async () => {
        const { id } = await operations.send({ to, text, ...target !== undefined && this.#random.chance(0.2) ? { replyTo: target } : {} })
        // A node that died meanwhile did not print it.
        if (node.isAlive && node.core.operations === operations) printed?.add(id)
      })
    } else if (kind < 0.7) void quietly(async () => await operations.edit({ id: target, text: `edited ${this.#random.below(1_000)}` }))
    else if (kind < 0.75) void quietly(async () => await operations.delete({ id: target }))
    else if (kind < 0.9) void quietly(async () => await operations.react({ id: target, emoji: this.#random.pick(['+', '*', '']) }))
    else void quietly(async () => await operations['mark-read']({ with: to }))
  }

  #anyMessage (node: SimNode, isOwn: boolean): string | undefined {
    const contact = node.store.read.contacts.list()[0]
    if (contact === undefined) return undefined
    const candidates = node.store.read.messages.page(contact.contact, { limit: 50 }).filter(message => message.isOwn === isOwn && !message.isDeleted)
    const message = candidates[this.#random.below(Math.max(1, candidates.length))]
    return message === undefined ? undefined : idText(message.id)
  }

  async #conversation (node: SimNode, other: string): Promise<readonly MessageView[]> {
    return (await this.#parts.world.within(node.core.operations.read({ with: other, limit: 1000 }))).messages
  }
}

/** What has not left, for whoever looks for the reason. */
function openOf ({ name, store }: SimNode): string {
  const rows = store.read.devices.ofContact(1).flatMap(({ deviceId }) => store.read.outbox.ofDevice(deviceId))
  return `${store.read.outbox.openCount()} at ${name} (${rows.map(({ row, state, refs }) => `${row} ${state} ${refs.map(({ kind }) => kind).join('+')}`).join(', ')})`
}

async function quietly (work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch {
    // Refused, or the node died: nothing was promised.
  }
}
