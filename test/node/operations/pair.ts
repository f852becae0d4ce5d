/** Two nodes of the simulated world, called as their local clients call them. */
import assert from 'node:assert/strict'
import type { OperationName, Params, Result } from '../../../protocols/local/operations.ts'
import type { MessageView } from '../../../protocols/local/schema.ts'
import { parseContentId } from '../../../protocols/core/ids.ts'
import type { Message } from '../../../store/types.ts'
import { Ether } from '../../../testnet/simulation/ether.ts'
import { SimNode } from '../../../testnet/simulation/node.ts'
import { SeededRandom } from '../../../testnet/simulation/random.ts'
import { World } from '../../../testnet/simulation/world.ts'

type Name = Exclude<OperationName, 'doctor' | 'stop'>

export class Caller {
  readonly sim: SimNode
  readonly world: World

  constructor (name: string, ether: Ether) {
    this.world = ether.world
    this.sim = new SimNode({ world: ether.world, ether, name, random: new SeededRandom(1, name), isMover: false })
  }

  /** Calls an operation, and lets time pass until it answers. */
  async call<Each extends Name> (name: Each, params: Params<Each>): Promise<Result<Each>> {
    return await this.world.within((async () => await this.sim.core.operations[name](params))())
  }

  async send (to: string, text: string): Promise<string> { return (await this.call('send', { to, text })).id }

  async texts (who: string): Promise<string[]> { return (await this.call('read', { with: who })).messages.map(message => message.text) }

  async show (id: string): Promise<MessageView> { return (await this.call('message.show', { id })).message }

  row (id: string): Message { return this.sim.store.read.messages.byId(parseContentId(id)) ?? assert.fail('the message is there') }

  /** As if a list of a new epoch had been adopted. */
  async changeKeyOf (contact: number): Promise<void> {
    await this.world.within(this.sim.core.turn.write((writer, round) => {
      writer.contacts.update(contact, { isKeyChanged: true })
      round.toForget.add(contact)
    }))
  }

  async link (): Promise<string> { return (await this.call('me.card', {})).link }
}

export class Pair {
  readonly world = new World(1)
  readonly ether = new Ether(this.world, new SeededRandom(1, 'ether'))
  readonly ana = new Caller('ana', this.ether)
  readonly bob = new Caller('bob', this.ether)

  /** Both are up, and strangers. */
  static async strangers (): Promise<Pair> {
    const pair = new Pair()
    for (const { sim } of [pair.ana, pair.bob]) await pair.world.within(sim.start())
    return pair
  }

  /** Both are up, and contacts under each other's name. */
  static async friends (): Promise<Pair> {
    const pair = await Pair.strangers()
    await pair.bob.call('contact.add', { link: await pair.ana.link() })
    await pair.pass(5_000)
    assert.equal((await pair.ana.call('contact.list', {})).contacts[0]?.standing, 'accepted')
    assert.equal((await pair.bob.call('contact.list', {})).contacts[0]?.label, 'ana')
    return pair
  }

  async third (name: string): Promise<Caller> {
    const caller = new Caller(name, this.ether)
    await this.world.within(caller.sim.start())
    return caller
  }

  async pass (delayMs: number): Promise<void> { await this.world.advance(delayMs) }
}
