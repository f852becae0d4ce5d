/** Users and relays of a simulated world as talk and faults see them. */
import { LockedError, UnreachableError } from '../../protocols/core/errors.ts'
import type { Params, Result } from '../../protocols/local/operations.ts'
import type { Player, PlayerOperation } from '../net.ts'
import type { SimNode } from './node.ts'
import type { SimRelay } from './relay.ts'

/** What both are, and what can be done to both. */
type Machine = Pick<SimNode, 'name' | 'isAlive' | 'gate' | 'crash' | 'restart' | 'start'> & { skewMs: number, crashes: number, stepsToLive: number }

abstract class SimMember {
  readonly name: string
  readonly machine: Machine

  constructor (machine: Machine) {
    this.name = machine.name
    this.machine = machine
  }

  get isUp (): boolean { return this.machine.isAlive }

  get isPaused (): boolean { return this.machine.gate.isPaused }

  /** Resolves when it is up, or dead again. */
  async start (): Promise<void> {
    if (this.machine.isAlive) return
    const started = this.machine.crashes === 0 ? this.machine.start() : this.machine.restart()
    await this.machine.gate.during(started, gone).catch((thrown: unknown) => { if (this.machine.isAlive) throw thrown })
  }

  /** Between two steps of what it is at, if it comes by so many in this time; else where it stands then. */
  async die (steps: number, waiting: Promise<void>): Promise<void> {
    if (steps > 0 && this.isUp && !this.isPaused) {
      this.machine.stepsToLive = steps
      await this.machine.gate.during(waiting, gone).catch(() => { /* it is dead */ })
    }
    this.machine.crash()
  }

  /** @throws LockedError when it is down */
  pause (): void { this.#running().pause() }

  /** @throws LockedError when it is down */
  resume (): void { this.#running().resume() }

  skew (skewMs: number): void { this.machine.skewMs = skewMs }

  #running (): Machine['gate'] {
    if (!this.machine.isAlive) throw new LockedError(`${this.name} is down`)
    return this.machine.gate
  }
}

export class SimUser extends SimMember implements Player {
  readonly kind = 'user'
  readonly address = undefined
  readonly api = { call: async <Name extends PlayerOperation>(name: Name, params: Params<Name>): Promise<Result<Name>> => await this.#call(name, params) }
  readonly node: SimNode

  constructor (node: SimNode) {
    super(node)
    this.node = node
  }

  /** As over the socket: who is down does not answer, who stands still does so later, and who dies over it never did. */
  async #call<Name extends PlayerOperation> (name: Name, params: Params<Name>): Promise<Result<Name>> {
    const { isAlive, gate, core } = this.node
    if (!isAlive) throw gone()
    const { promise, resolve } = Promise.withResolvers<undefined>()
    gate.pass(() => { resolve(undefined) })
    return await gate.during(promise.then(async () => await core.operations[name](params)), gone)
  }
}

export class SimKeeper extends SimMember implements Player {
  readonly kind = 'relay'
  readonly relay: SimRelay
  readonly api = { call: async (): Promise<never> => await Promise.reject(gone()) }
  #copy: Uint8Array | undefined

  constructor (relay: SimRelay) {
    super(relay)
    this.relay = relay
  }

  get address (): string { return this.relay.address }

  /** While it is down. */
  loseDisk (): void { this.relay.changeDisk(undefined) }

  keepCopy (): void { this.#copy = this.relay.store.image() }

  /** While it is down. */
  restoreCopy (): void { if (this.#copy !== undefined) this.relay.changeDisk(this.#copy) }
}

function gone (): Error { return new UnreachableError('the node is down') }
