import assert from 'node:assert/strict'
import { RECORD_ANSWER_KEEP_MS } from '../../../protocols/core/limits.ts'
import { RecentRecords } from '../../../node/contacts/recent-records.ts'
import { World } from '../../../testnet/simulation/world.ts'

describe('an answer of the DHT', () => {
  it('holds for a while, also when it is that there is nothing', async () => {
    const { recent, asked, world } = scene()
    for (let time = 0; time < 5; time++) assert.deepEqual(await recent.get(Uint8Array.of(1)), [])
    assert.equal(asked.length, 1)
    await world.advance(RECORD_ANSWER_KEEP_MS)
    await recent.get(Uint8Array.of(1))
    assert.equal(asked.length, 2)
  })

  it('is of one name only', async () => {
    const { recent, asked } = scene()
    await recent.get(Uint8Array.of(1))
    await recent.get(Uint8Array.of(2))
    assert.equal(asked.length, 2)
  })
})

function scene (): { readonly recent: RecentRecords, readonly asked: readonly Uint8Array[], readonly world: World } {
  const world = new World(1)
  const asked: Uint8Array[] = []
  const records = {
    get: (name: Uint8Array) => {
      asked.push(name)
      return Promise.resolve([])
    },
    put: () => Promise.resolve({ asked: 0, echoes: 0 })
  }
  return { recent: new RecentRecords(records, world.clock(() => true, () => 0)), asked, world }
}
