import assert from 'node:assert/strict'
import { MalformedError, StorageError } from '../../../protocols/core/errors.ts'
import { LOOKUP_BURST, ONE_TIME_BUNDLE_BURST } from '../../../protocols/core/limits.ts'
import { decodeBundleAnswer, encodeBundleRequest, type BundleAnswer } from '../../../protocols/prekeys/wire.ts'
import { createOneTimeInvite, longTermInvite } from '../../../node/contacts/invites.ts'
import { Rates } from '../../../node/rates.ts'
import { refill, servePrekeys } from '../../../node/handlers/prekeys.ts'
import type { ChannelProtocol } from '../../../node/ports.ts'
import type { Standing } from '../../../store/types.ts'
import { Ether } from '../../../testnet/simulation/ether.ts'
import { SimNetwork } from '../../../testnet/simulation/network.ts'
import { SeededRandom } from '../../../testnet/simulation/random.ts'
import { Engine } from '../engine.ts'

class Scene extends SimNetwork {
  readonly ana: Engine
  answer: (request: Uint8Array, peerId: string) => Promise<Uint8Array> | Uint8Array = () => Promise.reject(new Error('nothing is served'))

  constructor (ana: Engine) {
    super(new Ether(ana.world, new SeededRandom(1, 'ether')), ana.peerId, '/sim/ana')
    this.ana = ana
    const { store, directory, sealer, clock, turn } = ana
    servePrekeys({ network: this, reader: store.read, own: () => ana.own, directory, sealer, clock, turn, rates: new Rates(clock, () => ({ burst: LOOKUP_BURST, perSecond: 2 })), reach: step => ana.steps.push(step) })
  }

  override serveRequest (_protocol: ChannelProtocol, answer: Scene['answer']): void { this.answer = answer }

  static async stocked (): Promise<Scene> {
    const scene = new Scene(new Engine('ana'))
    const { store, sealer, clock, turn } = scene.ana
    await scene.ana.world.within(refill({ reader: store.read, sealer, clock, turn }))
    return scene
  }

  async ask ({ peerId = 'peerstranger', token, deviceId = this.ana.device, version = 1 }: { readonly peerId?: string, readonly token?: Uint8Array, readonly deviceId?: Engine['device'], readonly version?: number } = {}): Promise<BundleAnswer> {
    return decodeBundleAnswer(await this.ana.world.within(this.answer(encodeBundleRequest({ version, deviceId, token }), peerId)))
  }

  get stock (): number { return this.ana.store.read.keys.stock().oneTime }
}

function kindOf (answer: BundleAnswer): string {
  return answer.type === 'refusal' ? answer.reason : answer.bundle.isLastResort ? 'lastResort' : 'oneTime'
}

describe('handing out prekeys', () => {
  it('a contact gets keys that nobody else gets', async () => {
    const scene = await Scene.stocked()
    scene.ana.add(new Engine('bob', scene.ana.world))
    const before = scene.stock
    const [first, second] = [await scene.ask({ peerId: 'peerbob' }), await scene.ask({ peerId: 'peerbob' })]
    assert.deepEqual([kindOf(first), kindOf(second), scene.stock], ['oneTime', 'oneTime', before - 2])
    assert.ok(first.type === 'bundle' && second.type === 'bundle' && first.bundle.oneTimePrekeyId !== second.bundle.oneTimePrekeyId)
    assert.ok(scene.ana.steps.includes('prekeys.issued'))
  })

  it('who is what to us decides', async () => {
    const expected: Readonly<Record<Standing, string>> = { accepted: 'oneTime', requested: 'oneTime', pending: 'lastResort', blocked: 'lastResort', removed: 'lastResort' }
    for (const [standing, kind] of Object.entries(expected)) {
      const scene = await Scene.stocked()
      scene.ana.add(new Engine('bob', scene.ana.world), standing as Standing)
      assert.equal(kindOf(await scene.ask({ peerId: 'peerbob' })), kind, standing)
    }
  })

  it('a stranger gets the last-resort key, and so does one who shows an invite that is not ours', async () => {
    const scene = await Scene.stocked()
    const before = scene.stock
    assert.deepEqual([kindOf(await scene.ask()), kindOf(await scene.ask({ token: new Uint8Array(16) })), scene.stock], ['lastResort', 'lastResort', before])
  })

  it('who shows an invite of ours gets one-time keys, until the invite is used, revoked or expired', async () => {
    const scene = await Scene.stocked()
    const { store, random, clock, world } = scene.ana
    const [once, card] = store.transact(writer => [createOneTimeInvite(writer, { random, nowMs: clock.now() }), longTermInvite(writer, { random, nowMs: clock.now(), rotate: false })])
    assert.deepEqual([kindOf(await scene.ask({ token: once.token })), kindOf(await scene.ask({ token: card.token, peerId: 'peercleo' }))], ['oneTime', 'oneTime'])
    store.transact(writer => { writer.invites.revokeAllLongTerm() })
    assert.equal(kindOf(await scene.ask({ token: card.token, peerId: 'peerdora' })), 'lastResort')
    await world.advance(8 * 24 * 3_600_000)
    assert.equal(kindOf(await scene.ask({ token: once.token, peerId: 'peerdora' })), 'lastResort')
  })

  it('nobody drains them: four in a burst for one peer, then the last-resort key', async () => {
    const scene = await Scene.stocked()
    scene.ana.add(new Engine('bob', scene.ana.world))
    const kinds = []
    for (let time = 0; time <= ONE_TIME_BUNDLE_BURST; time++) kinds.push(kindOf(await scene.ask({ peerId: 'peerbob' })))
    assert.deepEqual(kinds, [...Array<string>(ONE_TIME_BUNDLE_BURST).fill('oneTime'), 'lastResort'])
  })

  it('who is not entitled to one-time keys uses up no allowance of them', async () => {
    const scene = await Scene.stocked()
    for (let time = 0; time < 10; time++) await scene.ask({ peerId: 'peerbob' })
    scene.ana.add(new Engine('bob', scene.ana.world))
    await scene.ana.world.advance(10_000)
    assert.equal(kindOf(await scene.ask({ peerId: 'peerbob' })), 'oneTime')
  })

  it('who asks too often, of another device, or in another version is refused', async () => {
    const scene = await Scene.stocked()
    assert.equal(kindOf(await scene.ask({ version: 2 })), 'version')
    assert.equal(kindOf(await scene.ask({ deviceId: new Engine('bob').device })), 'unknownDevice')
    for (let time = 2; time < LOOKUP_BURST; time++) await scene.ask()
    assert.equal(kindOf(await scene.ask()), 'rate')
  })

  it('what is no request resets the stream', async () => {
    const scene = await Scene.stocked()
    await assert.rejects(async () => await scene.answer(Uint8Array.of(255), 'peerbob'), MalformedError)
  })

  it('a key is durable as given away before it is handed out', async () => {
    const scene = await Scene.stocked()
    scene.ana.add(new Engine('bob', scene.ana.world))
    const before = scene.stock
    scene.ana.store.fault = new StorageError('the disk is full')
    await assert.rejects(scene.ask({ peerId: 'peerbob' }), StorageError)
    assert.equal(scene.stock, before)
  })

  it('more are made when few are left, after the answer', async () => {
    const scene = await Scene.stocked()
    scene.ana.add(new Engine('bob', scene.ana.world))
    const stocks = []
    for (let time = 0; time < 12; time++) {
      await scene.ask({ peerId: 'peerbob' })
      await scene.ana.world.advance(3_600_000)
      stocks.push(scene.stock)
    }
    // The simulated ratchet makes ten when fewer than five are left.
    assert.deepEqual(stocks, [9, 8, 7, 6, 5, 14, 13, 12, 11, 10, 9, 8])
  })
})
