import assert from 'node:assert/strict'
import { MailboxScene } from './mailbox-scene.ts'

describe('prekeys at a relay', () => {
  it('are repeated as the same bytes when the answer was lost', async () => {
    const scene = await MailboxScene.begin()
    const { bob, eu } = scene
    eu.losesAnswers = true
    await eu.restart()
    await scene.pass(90_000)
    assert.notEqual(bob.store.read.shards.newest(eu.peerId)?.bytes, undefined)
    eu.losesAnswers = false
    await scene.pass(20 * 60_000)
    assert.equal(bob.store.read.shards.newest(eu.peerId)?.bytes, undefined)
    const [, lost, ...repeated] = eu.shards
    assert.ok(repeated.length > 0)
    for (const upload of repeated.filter(({ oneTime }) => oneTime.length > 0)) assert.deepEqual(upload, lost)
  })

  it('are brought again when few are left, and not when they are enough', async () => {
    const scene = await MailboxScene.begin()
    const { eu } = scene
    await eu.restart(eu.disk)
    await scene.pass(90_000)
    assert.equal(eu.shards.length, 1)
    eu.disk.oneTimeLeft = 19
    await eu.restart(eu.disk)
    await scene.pass(90_000)
    assert.equal(eu.shards.at(-1)?.oneTime.length, 81)
    assert.equal(eu.disk.oneTimeLeft, 100)
  })

  it('never fill our disk, whatever the relay says it has', async () => {
    const scene = await MailboxScene.begin()
    for (let time = 0; time < 10; time++) {
      scene.eu.disk.oneTimeLeft = 0
      await scene.eu.restart(scene.eu.disk)
      await scene.pass(90_000)
    }
    assert.ok(scene.eu.shards.reduce((sum, { oneTime }) => sum + oneTime.length, 0) <= 500)
  })
})
