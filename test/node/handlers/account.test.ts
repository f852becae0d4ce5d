import assert from 'node:assert/strict'
import { decodeAccountAnswer, encodeAccountLookup, type AccountAnswer } from '../../../protocols/account/wire.ts'
import { MalformedError } from '../../../protocols/core/errors.ts'
import { LOOKUP_BURST } from '../../../protocols/core/limits.ts'
import { serveAccount } from '../../../node/handlers/account.ts'
import { Rates } from '../../../node/rates.ts'
import type { ChannelProtocol } from '../../../node/ports.ts'
import { Ether } from '../../../testnet/simulation/ether.ts'
import { SimNetwork } from '../../../testnet/simulation/network.ts'
import { SeededRandom } from '../../../testnet/simulation/random.ts'
import { Engine } from '../engine.ts'

class Scene extends SimNetwork {
  readonly ana: Engine
  answer: (request: Uint8Array, peerId: string) => Promise<Uint8Array> | Uint8Array = () => Promise.reject(new Error('nothing is served'))

  constructor (ana = new Engine('ana')) {
    super(new Ether(ana.world, new SeededRandom(1, 'ether')), ana.peerId, '/sim/ana')
    this.ana = ana
    serveAccount({ network: this, own: () => ana.own, rates: new Rates(ana.clock, () => ({ burst: LOOKUP_BURST, perSecond: 2 })) })
  }

  override serveRequest (_protocol: ChannelProtocol, answer: Scene['answer']): void { this.answer = answer }

  async ask (accountId = this.ana.own.accountId, version = 1): Promise<AccountAnswer> {
    return decodeAccountAnswer(await this.answer(encodeAccountLookup({ version, accountId }), 'peerbob'))
  }
}

describe('answering who asks for our device list', () => {
  it('whoever knows our account id gets it', async () => {
    const scene = new Scene()
    assert.deepEqual(await scene.ask(), { type: 'statement', statement: scene.ana.offered().signed })
  })

  it('of another account we know nothing', async () => {
    const scene = new Scene()
    assert.deepEqual(await scene.ask(new Engine('bob').own.accountId), { type: 'refusal', reason: 'unknownAccount' })
  })

  it('another version is told so', async () => {
    assert.deepEqual(await new Scene().ask(undefined, 2), { type: 'refusal', reason: 'version' })
  })

  it('who asks too often is told to come later', async () => {
    const scene = new Scene()
    for (let time = 0; time < LOOKUP_BURST; time++) assert.equal((await scene.ask()).type, 'statement')
    assert.deepEqual(await scene.ask(), { type: 'refusal', reason: 'busy' })
    await scene.ana.world.advance(500)
    assert.equal((await scene.ask()).type, 'statement')
  })

  it('what is no lookup resets the stream', async () => {
    await assert.rejects(async () => await new Scene().answer(Uint8Array.of(255), 'peerbob'), MalformedError)
  })
})
