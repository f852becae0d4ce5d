import assert from 'node:assert/strict'
import { discover } from '../../../testnet/simulation/discovery/discovery.ts'

const PLAN = { users: 60, relays: 24, lookups: 8, deadShare: 0.25, seed: 3 }

describe('discovery in virtual time', function () {
  this.timeout(240_000)

  it('finds what was published, also when servers have died, and counts how', async () => {
    const { nodes, publications, whole, damaged, tables, recordsPerRelay, requestsPerRelay } = await discover(PLAN, new AbortController().signal)
    assert.equal(nodes, 84)
    assert.ok(tables.p50 >= 20, 'relays know each other')
    assert.deepEqual([publications.made, publications.echoes.p50], [8, 20], 'a record is kept by twenty, as kad-dht says')
    assert.equal(recordsPerRelay.sum, publications.echoes.sum, 'what was echoed is kept')
    assert.deepEqual([whole.found, whole.stranded], [8, 0])
    assert.equal(damaged.found + damaged.stranded, 8, 'only who knows nobody that lives finds nothing')
    assert.ok(damaged.dead > 0 && damaged.tookMs.p50 > whole.tookMs.p50, 'the dead are waited for')
    assert.ok(whole.hops.p50 >= 1 && whole.hops.max <= 3)
    assert.ok(requestsPerRelay.sum >= publications.requests.sum + whole.requests.sum)
  })
})
