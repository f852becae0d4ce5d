import assert from 'node:assert/strict'
import { contactsOfUsers, relaysOfUsers } from '../../testnet/acquaintances.ts'
import { planOf, type Plan } from '../../testnet/plan.ts'

const names = (set: ReadonlySet<string> | undefined): string[] => [...set ?? []].sort()

describe('who knows whom in a testnet', () => {
  it('is everybody in a small one, and the next ones in a large one; always both', () => {
    const small = contactsOfUsers(planOf({ users: 3, relays: 0 }))
    assert.deepEqual([names(small.get('ana')), names(small.get('carol'))], [['bob', 'carol'], ['ana', 'bob']])
    const large = contactsOfUsers(planOf({ users: 60, relays: 0 }))
    for (const [name, contacts] of large) {
      assert.equal(contacts.size, 8, name)
      for (const other of contacts) assert.ok(large.get(other)?.has(name))
    }
  })

  it('is what is said, where somebody says it', () => {
    const plan: Plan = { seed: 'x', nodes: [{ name: 'ana', kind: 'user', knows: ['bob', 'ana'] }, { name: 'bob', kind: 'user' }, { name: 'carol', kind: 'user' }] }
    const contacts = contactsOfUsers(plan)
    assert.deepEqual(['ana', 'bob', 'carol'].map(name => names(contacts.get(name))), [['bob'], ['ana'], []])
  })

  it('goes for relays, too: three each, spread over all, unless it is said', () => {
    const relays = relaysOfUsers(planOf({ users: 2, relays: 4 }))
    assert.deepEqual([relays.get('ana'), relays.get('bob')], [['relay1', 'relay2', 'relay3'], ['relay2', 'relay3', 'relay4']])
    assert.deepEqual(relaysOfUsers({ nodes: [{ name: 'relay1', kind: 'relay' }, { name: 'ana', kind: 'user', relays: [] }] }).get('ana'), [])
  })
})
