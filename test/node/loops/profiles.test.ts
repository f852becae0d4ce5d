import assert from 'node:assert/strict'
import { tellProfile } from '../../../node/loops/profiles.ts'
import { OwnAccount } from '../../../node/own-account.ts'
import { Engine } from '../engine.ts'

class Scene {
  readonly ana = new Engine('ana')
  readonly bob = new Engine('bob', this.ana.world)
  addresses = ['/sim/ana']
  readonly account = new OwnAccount({ reader: this.ana.store.read, sealer: this.ana.sealer, addresses: () => this.addresses })

  async tell (): Promise<void> {
    await this.ana.world.within(tellProfile({ reader: this.ana.store.read, turn: this.ana.turn, account: this.account }))
  }

  waiting (device = this.bob.device): string[] {
    return this.ana.store.read.outbox.waiting(device, 99).flatMap(({ refs }) => refs.map(ref => ref.kind))
  }
}

describe('profiles', () => {
  it('are told to each contact once', async () => {
    const scene = new Scene()
    scene.ana.add(scene.bob)
    await scene.tell()
    await scene.tell()
    assert.deepEqual(scene.waiting(), ['profile'])
  })

  it('are told again when we are somewhere else, or call ourselves something else: the newest alone', async () => {
    const scene = new Scene()
    const contact = scene.ana.add(scene.bob)
    const isToldAfter = async (change: () => void): Promise<boolean> => {
      const before = scene.ana.store.read.contacts.byNumber(contact)?.toldProfile
      change()
      await scene.tell()
      return scene.ana.store.read.contacts.byNumber(contact)?.toldProfile !== before && scene.waiting().length === 1
    }
    assert.equal(await isToldAfter(() => { /* never told */ }), true)
    assert.equal(await isToldAfter(() => { scene.addresses = ['/sim/elsewhere'] }), true)
    assert.equal(await isToldAfter(() => {
      scene.ana.store.transact(writer => { writer.own.update({ name: 'Ana Maria', nameChangedAtMs: 9 }) })
      scene.account.reload()
    }), true)
    assert.equal(await isToldAfter(() => { /* nothing changed */ }), false)
  })

  it('take the place of older ones that are sealed and not there yet', async () => {
    const scene = new Scene()
    scene.ana.add(scene.bob)
    await scene.ana.meet(scene.bob)
    for (const place of ['/sim/1', '/sim/2', '/sim/3']) {
      scene.addresses = [place]
      await scene.tell()
      await scene.ana.rest()
    }
    assert.deepEqual(scene.ana.store.read.outbox.ofDevice(scene.bob.device).map(({ state }) => state), ['sealed'])
  })

  it('go to contacts only: whom we asked gets the request again, everybody else nothing', async () => {
    const scene = new Scene()
    const others = (['requested', 'pending', 'blocked', 'removed'] as const).map(standing => {
      const other = new Engine(standing, scene.ana.world)
      scene.ana.add(other, standing)
      return other
    })
    await scene.tell()
    assert.deepEqual(others.map(other => scene.waiting(other.device)), [['request'], [], [], []])
  })

  it('do not ask again whom we asked when only our addresses have changed and our relays find us', async () => {
    const scene = new Scene()
    scene.ana.add(scene.bob, 'requested')
    const use = (peerId: string): void => {
      scene.ana.store.transact(writer => { scene.account.changeRelays(writer, () => [{ peerId, addresses: ['/ip4/10.0.0.1/tcp/4001'] }], scene.ana.world.nowMs) })
      scene.account.reload()
    }
    const isAsked = async (): Promise<boolean> => {
      scene.ana.store.transact(writer => { for (const { row } of writer.read.outbox.waiting(scene.bob.device, 9)) writer.outbox.remove(row) })
      await scene.tell()
      return scene.waiting().length > 0
    }
    use('relay')
    assert.equal(await isAsked(), true)
    scene.addresses = ['/sim/elsewhere']
    assert.equal(await isAsked(), false)
    use('another')
    assert.equal(await isAsked(), true)
  })

  it('reach who became a contact after the others were told', async () => {
    const scene = new Scene()
    scene.ana.add(scene.bob)
    await scene.tell()
    const cleo = new Engine('cleo', scene.ana.world)
    scene.ana.add(cleo)
    await scene.tell()
    assert.deepEqual([scene.waiting(), scene.waiting(cleo.device)], [['profile'], ['profile']])
  })

  it('are queued and noted in one transaction: a crash forgets nobody and tells nobody twice', async () => {
    const scene = new Scene()
    const contact = scene.ana.add(scene.bob)
    scene.ana.store.commits = 0
    await scene.tell()
    assert.equal(scene.ana.store.commits, 1)
    assert.notEqual(scene.ana.store.read.contacts.byNumber(contact)?.toldProfile, 0)
  })
})
