/**
 * The cable of network namespaces: each node has a host with an address of its own behind a router, so that UDP, WebRTC and STUN work as
 * they do outside, and losses are losses. Linux only, and root.
 */
import { NotFoundError } from '../../../protocols/core/errors.ts'
import type { PlannedNode } from '../../plan.ts'
import type { LaidCable, NatKind, Place } from '../kinds.ts'
import type { Link, Rules } from '../rules.ts'
import { shaperFor, type Shaper } from './shaping.ts'
import { Spaces } from './spaces.ts'
import { faultScript, hostOf, hostScript, publicHostOf, routerScript, streetScript, withoutRouterScript, type Lot } from './street.ts'

/** Nobody else is on the host. */
const PORT = 4001

export class NamespacedCable implements LaidCable {
  readonly kind = 'namespaces'
  readonly #spaces: Spaces
  readonly #shaper: Shaper
  readonly #rules: Rules
  readonly #lots: ReadonlyMap<string, Lot>
  readonly #relays: ReadonlySet<string>
  readonly #nats = new Map<string, NatKind>()
  /** One change of a line at a time. */
  #turn: Promise<void> = Promise.resolve()

  /** @throws UnfitError */
  static async lay (nodes: readonly PlannedNode[], rules: Rules): Promise<NamespacedCable> {
    const spaces = await Spaces.open()
    try {
      const lots = nodes.map(({ name }, index) => ({ name, number: index + 1 }))
      spaces.run([streetScript(), ...lots.flatMap(lot => [hostScript(lot), routerScript(lot, 'none')])].join('\n'))
      return new NamespacedCable(spaces, { nodes, lots, rules })
    } catch (error) {
      await spaces[Symbol.asyncDispose]()
      throw error
    }
  }

  private constructor (spaces: Spaces, { nodes, lots, rules }: { readonly nodes: readonly PlannedNode[], readonly lots: readonly Lot[], readonly rules: Rules }) {
    this.#spaces = spaces
    this.#shaper = shaperFor(spaces)
    this.#rules = rules
    this.#lots = new Map(lots.map(lot => [lot.name, lot]))
    this.#relays = new Set(nodes.flatMap(({ name, kind }) => kind === 'relay' ? [name] : []))
  }

  get means (): string { return `a host and a router for each; cuts, losses and NAT by nftables, ${this.#shaper.means}` }

  /** A relay says where it is; a user may be anywhere. */
  place (name: string): Place {
    const lot = this.#lot(name)
    const host = publicHostOf(lot)
    return { enter: this.#spaces.enter(hostOf(lot)), cablePort: undefined, listen: `/ip4/${this.#relays.has(name) ? host : '0.0.0.0'}/tcp/${PORT}`, host }
  }

  recut (): void { this.#spaces.run(faultScript([...this.#lots.values()], this.#rules)) }

  requireLink ({ delayMs, jitterMs, bytesPerSecond }: Link): void {
    if (delayMs > 0 || jitterMs > 0 || bytesPerSecond !== undefined) this.#shaper.requireIt()
  }

  async reline (names: readonly string[]): Promise<void> {
    await this.#inTurn(async () => {
      for (const name of names) await this.#shaper.shape(this.#lot(name), this.#rules.linkOf(name))
      this.recut()
    })
  }

  natOf (name: string): NatKind { return this.#nats.get(name) ?? 'none' }

  async setNat (name: string, kind: NatKind): Promise<void> {
    const lot = this.#lot(name)
    await this.#inTurn(async () => {
      await this.#shaper.forget(lot)
      this.#spaces.run(`${withoutRouterScript(lot)}\n${routerScript(lot, kind)}`)
      this.#nats.set(name, kind)
      await this.#shaper.shape(lot, this.#rules.linkOf(name))
    })
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    await this.#inTurn(async () => { await this.#shaper[Symbol.asyncDispose]() })
    await this.#spaces[Symbol.asyncDispose]()
  }

  #lot (name: string): Lot {
    const lot = this.#lots.get(name)
    if (lot === undefined) throw new NotFoundError(`${name} is not on the cable`)
    return lot
  }

  async #inTurn (work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work)
    this.#turn = done.catch(() => undefined)
    await done
  }
}
