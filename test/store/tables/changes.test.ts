import assert from 'node:assert/strict'
import type { Change } from '../../../store/types.ts'
import { content, openMemory } from '../fixtures.ts'

function aChange (number: number, change: Partial<Change> = {}): Change {
  return { id: content(number), target: content(100), contact: 1, author: 0, kind: 'edit', hlcUs: number, counter: number, parents: [content(50)], sentAtMs: 7, body: `body ${number}`, ...change }
}

describe('changes', () => {
  it('come back as they came, by id and, in order, by target', () => {
    const store = openMemory()
    const changes = [aChange(3, { hlcUs: 1 }), aChange(4, { hlcUs: 1, kind: 'reaction', body: '👍', author: 1 }), aChange(2, { kind: 'deletion', body: '', parents: [] })]
    store.transact(writer => { for (const change of [...changes].reverse().concat(aChange(9, { target: content(101) }))) writer.changes.create(change) })
    assert.deepEqual(store.read.changes.byId(content(4)), changes[1])
    assert.equal(store.read.changes.byId(content(5)), undefined)
    assert.deepEqual(store.read.changes.ofTarget(content(100)), changes)
    store.close()
  })

  it('are taken once', () => {
    const store = openMemory()
    assert.deepEqual(store.transact(writer => [writer.changes.create(aChange(1)), writer.changes.create(aChange(1, { body: 'other' }))]), [true, false])
    assert.equal(store.read.changes.byId(content(1))?.body, 'body 1')
    store.close()
  })

  it('lose the texts of edits after a deletion, not that they were', () => {
    const store = openMemory()
    store.transact(writer => {
      writer.changes.create(aChange(1))
      writer.changes.create(aChange(2, { kind: 'reaction', body: '👍' }))
      writer.changes.create(aChange(3, { target: content(101) }))
      writer.changes.wipeBodies(content(100))
    })
    assert.deepEqual(store.read.changes.ofTarget(content(100)).map(change => change.body), ['', '👍'])
    assert.equal(store.read.changes.byId(content(3))?.body, 'body 3')
    store.close()
  })
})
