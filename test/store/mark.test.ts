import assert from 'node:assert/strict'
import { openAccountStore } from '../../store/account-store.ts'
import { openRelayStore, type SqlRelayStore } from '../../store/relay/relay-store.ts'

const RELAY = { path: ':memory:', capBytes: 2 ** 30 }

describe('a database in memory', () => {
  it('goes back to where it was marked, whatever was committed and undone since', () => {
    const store = openAccountStore({ path: ':memory:', isNew: true })
    store.transact(writer => writer.facts.set('before', Uint8Array.of(1)))
    for (let round = 0; round < 3; round++) {
      const rewind = store.database.mark()
      const life = store.reopen()
      life.transact(writer => writer.facts.set('since', Uint8Array.of(2)))
      assert.throws(() => life.transact(writer => {
        writer.facts.set('undone', Uint8Array.of(3))
        throw new RangeError('no')
      }), RangeError)
      life.transact(writer => writer.facts.set('after', Uint8Array.of(4)))
      assert.deepEqual(['before', 'since', 'undone', 'after'].map(name => life.read.facts.bytes(name)?.[0]), [1, 2, undefined, 4])
      rewind()
      assert.deepEqual(['before', 'since', 'after'].map(name => store.reopen().read.facts.bytes(name)?.[0]), [1, undefined, undefined])
    }
    store.transact(writer => writer.facts.set('for good', Uint8Array.of(5)))
    assert.equal(store.read.facts.bytes('for good')?.[0], 5)
    store.close()
  })

  it('of a relay can be copied, also while it is marked; the copy is what was committed', () => {
    const store = openRelayStore({ ...RELAY, isNew: true })
    const rewind = store.mark()
    store.commit(writer => writer.setFact('name', 'one'))
    const image = store.image()
    store.commit(writer => writer.setFact('name', 'two'))
    const copy = openRelayStore({ ...RELAY, isNew: false, image })
    copy.commit(writer => writer.setFact('place', 'elsewhere'))
    const again = openRelayStore({ ...RELAY, isNew: false, image: copy.image() })
    assert.deepEqual([store, copy, again].map(factsOf), [['two', undefined], ['one', 'elsewhere'], ['one', 'elsewhere']])
    rewind()
    assert.deepEqual(factsOf(store.reopen()), [undefined, undefined])
    for (const each of [store, copy, again]) each.close()
  })

  it('of a relay that has crashed takes nothing from the process before, and the one after it does', () => {
    const before = openRelayStore({ ...RELAY, isNew: true })
    before.commit(writer => { writer.createMailbox('peer', 1) })
    const after = before.crash()
    assert.throws(() => { before.commit(writer => writer.setFact('name', 'dead')) }, /closed/)
    assert.equal(after.read.totals().mailboxes, 1)
    after.commit(writer => writer.setFact('name', 'alive'))
    assert.deepEqual(factsOf(after), ['alive', undefined])
    after.close()
  })
})

function factsOf (store: SqlRelayStore): Array<string | undefined> { return ['name', 'place'].map(name => store.read.fact(name)) }
