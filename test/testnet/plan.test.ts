import assert from 'node:assert/strict'
import { MalformedError } from '../../protocols/core/errors.ts'
import { decodePlan, encodePlan, planOf, RELAYS_MAX, USERS_MAX } from '../../testnet/plan.ts'

describe('the plan of a testnet', () => {
  it('names everybody once, relays first', () => {
    assert.deepEqual(planOf({ users: 2, relays: 1 }).nodes, [{ name: 'relay1', kind: 'relay' }, { name: 'ana', kind: 'user' }, { name: 'bob', kind: 'user' }])
    const { nodes } = planOf({ users: USERS_MAX, relays: RELAYS_MAX })
    assert.equal(new Set(nodes.map(({ name }) => name)).size, USERS_MAX + RELAYS_MAX)
  })

  it('is read as it was written', () => {
    const plan = planOf({ users: 30, relays: 3 })
    for (const each of [plan, { ...plan, cable: 'namespaces', disks: true }] as const) assert.deepEqual(decodePlan(encodePlan(each)), each)
  })

  it('that is another program’s, another version’s or half written is refused', () => {
    for (const text of ['', '{', '[]', 'null', '{"version":2,"nodes":[]}', '{"version":1}', '{"version":1,"nodes":[{"name":"../ana","kind":"user"}]}', '{"version":1,"nodes":[{"name":"ana","kind":"admin"}]}', '{"version":1,"nodes":[null]}', '{"version":1,"nodes":[],"cable":"copper"}', '{"version":1,"nodes":[],"disks":"many"}']) {
      assert.throws(() => decodePlan(text), MalformedError, text)
    }
  })
})
