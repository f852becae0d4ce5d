import assert from 'node:assert/strict'
import { UnreachableError } from '../../../protocols/core/errors.ts'
import { idKey } from '../../../protocols/core/ids.ts'
import { inDomain } from '../../../protocols/core/signed.ts'
import { decodeBundleRequest, encodeBundle, encodeBundleAnswer, issuedSigningInput } from '../../../protocols/prekeys/wire.ts'
import type { Bundle as BundleMessage } from '../../../protocols/prekeys/prekeys_pb.ts'
import { fetchBundle, type Fetched } from '../../../node/loops/bundles.ts'
import { PREKEYS_PROTOCOL } from '../../../node/protocols.ts'
import { isSignature } from '../../../node/crypto/verify.ts'
import type { Depot } from '../depot.ts'
import { CopiesScene } from './copies-scene.ts'

/** What a relay gives out, and how it fares with the truth. */
interface Stall { readonly aliases: Array<string | undefined>, bundle: () => BundleMessage, lie: (signature: Uint8Array) => Uint8Array }

class BundleScene {
  readonly scene: CopiesScene
  readonly stalls: Stall[]
  asked = 0

  constructor (scene: CopiesScene) {
    this.scene = scene
    this.stalls = scene.depots.map(depot => this.#stall(depot))
    scene.device.network.serveRequest(PREKEYS_PROTOCOL, () => {
      this.asked += 1
      return encodeBundleAnswer({ type: 'bundle', bundle: this.issue(true) })
    })
  }

  static async begin (options: Parameters<typeof CopiesScene.begin>[0] = {}): Promise<BundleScene> { return new BundleScene(await CopiesScene.begin(options)) }

  issue (withOneTime: boolean): BundleMessage {
    const { bob } = this.scene
    if (withOneTime) bob.sealer.refillPrekeys(bob.store.read)
    return bob.store.transact(writer => {
      bob.sealer.write(writer)
      return bob.sealer.issueBundle(writer, { nowMs: 1, withOneTime })
    })
  }

  async fetch (): Promise<Fetched> {
    const { ana, contact, network, destinations } = this.scene
    const device = ana.store.read.devices.byId(this.scene.bob.device)
    const row = ana.store.read.contacts.byNumber(contact)
    assert.ok(device && row)
    const { clock, random } = ana
    return await ana.world.within(fetchBundle(device, row, { network, clock, random, destinations, verify: isSignature }))
  }

  stall (index: number): Stall {
    const stall = this.stalls[index]
    assert.ok(stall)
    return stall
  }

  #stall (depot: Depot): Stall {
    const stall: Stall = { aliases: [], bundle: () => this.issue(true), lie: signature => signature }
    depot.network.serveRequest(PREKEYS_PROTOCOL, request => {
      const { alias, nonce } = decodeBundleRequest(request)
      stall.aliases.push(alias === undefined ? undefined : idKey(alias))
      assert.ok(nonce)
      const bundleBytes = encodeBundle(stall.bundle())
      const signature = depot.signer.sign(inDomain('skein/issued/v1', issuedSigningInput({ bundleBytes, nonce, relayTimeMs: depot.nowMs })))
      return encodeBundleAnswer({ type: 'issued', bundleBytes, relayTimeMs: depot.nowMs, signature: stall.lie(signature) })
    })
    return stall
  }
}

describe('prekeys for somebody', () => {
  it('come from the device when it is there, and no relay gives a key away', async () => {
    const scene = await BundleScene.begin({ isAway: false })
    const { relay } = await scene.fetch()
    assert.deepEqual([relay, scene.asked, scene.stalls.flatMap(({ aliases }) => aliases)], [undefined, 1, []])
  })

  it('come from a relay when the device is away, through the door that is ours', async () => {
    const scene = await BundleScene.begin()
    const { bundle, relay } = await scene.fetch()
    assert.deepEqual([idKey(bundle.deviceId), relay, bundle.isLastResort], [idKey(scene.scene.bob.device), scene.scene.depot(0).network.peerId, false])
    assert.deepEqual(scene.stall(0).aliases, [idKey(scene.scene.door(scene.scene.depot(0)).alias)])
    assert.deepEqual(scene.stall(1).aliases, [], 'one is enough')
  })

  it('that are given to many are taken when no relay has one for us alone', async () => {
    const scene = await BundleScene.begin()
    scene.stall(0).bundle = () => scene.issue(false)
    assert.equal((await scene.fetch()).relay, scene.scene.depot(1).network.peerId)
    for (const stall of scene.stalls) stall.bundle = () => scene.issue(false)
    const { bundle, relay } = await scene.fetch()
    assert.deepEqual([bundle.isLastResort, relay], [true, scene.scene.depot(0).network.peerId])
  })

  for (const [what, lie] of Object.entries<(scene: BundleScene) => void>({
    'without a signature of its own': scene => { scene.stall(0).lie = signature => signature.map(byte => byte ^ 1) },
    'of another device': scene => { scene.stall(0).bundle = () => ({ ...scene.issue(true), deviceId: scene.scene.ana.device }) }
  })) {
    it(`from a relay that gives one ${what} are not believed: the next one is asked, and that one last from now on`, async () => {
      const scene = await BundleScene.begin()
      lie(scene)
      for (let time = 0; time < 2; time++) assert.equal((await scene.fetch()).relay, scene.scene.depot(1).network.peerId)
      assert.equal(scene.stall(0).aliases.length, 1)
    })
  }

  it('are nowhere to be had when nobody answers', async () => {
    const scene = await BundleScene.begin()
    for (const depot of scene.scene.depots) await depot.network.stop()
    await assert.rejects(scene.fetch(), UnreachableError)
  })
})
