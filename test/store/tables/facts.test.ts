import assert from 'node:assert/strict'
import { openMemory } from '../fixtures.ts'

describe('facts', () => {
  it('come back as the kind they were stored as, and as no other', () => {
    const store = openMemory()
    store.transact(writer => {
      writer.facts.set('number', Number.MAX_SAFE_INTEGER)
      writer.facts.set('text', '5')
      writer.facts.set('bytes', Uint8Array.of(1, 2))
    })
    assert.equal(store.read.facts.number('number'), Number.MAX_SAFE_INTEGER)
    assert.equal(store.read.facts.text('text'), '5')
    assert.deepEqual(store.read.facts.bytes('bytes'), Uint8Array.of(1, 2))
    assert.equal(store.read.facts.number('text'), undefined)
    assert.equal(store.read.facts.text('number'), undefined)
    assert.equal(store.read.facts.bytes('text'), undefined)
    assert.equal(store.read.facts.number('nothing'), undefined)
    store.close()
  })

  it('are replaced by the next one of the same name', () => {
    const store = openMemory()
    store.transact(writer => { writer.facts.set('port', 1); writer.facts.set('port', 2) })
    assert.equal(store.read.facts.number('port'), 2)
    store.close()
  })
})
