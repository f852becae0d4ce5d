import assert from 'node:assert/strict'
import { StorageError } from '../../../protocols/core/errors.ts'
import { Indexer } from '../../../node/loops/indexer.ts'
import { Engine } from '../engine.ts'

function scene (): { readonly ana: Engine, readonly bob: number, readonly indexer: Indexer } {
  const ana = new Engine('ana')
  const bob = ana.add(new Engine('bob', ana.world))
  const { store, turn, clock, feed } = ana
  return { ana, bob, indexer: new Indexer({ reader: store.read, turn, clock, feed }) }
}

describe('the indexer', () => {
  it('waits for a moment of quiet, and each message puts it off', async () => {
    const { ana, bob, indexer } = scene()
    indexer.start()
    for (let index = 0; index < 5; index++) {
      await ana.send(bob, `ferry ${index}`)
      await ana.world.advance(150)
    }
    assert.equal(indexer.behind, 5)
    await ana.world.advance(200)
    assert.equal(indexer.behind, 0)
  })

  it('does not wait for quiet when a search would have too much to scan', async () => {
    const { ana, bob, indexer } = scene()
    indexer.start()
    for (let batch = 0; batch < 25; batch++) await Promise.all(Array.from({ length: 64 }, (_, index) => ana.send(bob, `${batch} ${index}`)))
    await ana.world.advance(100)
    assert.ok(indexer.behind < 64 * 25, `${indexer.behind} of ${64 * 25}`)
  })

  it('takes up what was left when the node stopped', async () => {
    const { ana, bob, indexer } = scene()
    await ana.send(bob, 'ferry')
    indexer.start()
    await ana.world.advance(1_100)
    assert.equal(indexer.behind, 0)
  })

  it('what is not in the index is found all the same', async () => {
    const { ana, bob, indexer } = scene()
    await ana.send(bob, 'the ferry goes at eight')
    assert.equal(indexer.behind, 1)
    assert.equal(ana.store.read.search.find('ferry', { limit: 9 }).length, 1)
  })

  it('tries again with the next message when the disk says no', async () => {
    const { ana, bob, indexer } = scene()
    indexer.start()
    await ana.send(bob, 'one')
    ana.store.fault = new StorageError('the disk is full')
    await ana.world.advance(1_100)
    assert.equal(indexer.behind, 1)
    ana.store.fault = undefined
    await ana.send(bob, 'two')
    await ana.world.advance(1_100)
    assert.equal(indexer.behind, 0)
  })

  it('ends with the node', async () => {
    const { ana, bob, indexer } = scene()
    indexer.start()
    await ana.send(bob, 'one')
    indexer.stop()
    await ana.send(bob, 'two')
    await ana.world.advance(60_000)
    assert.equal(indexer.behind, 2)
  })
})
