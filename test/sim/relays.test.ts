import assert from 'node:assert/strict'
import { runHistory } from './history.ts'

/** In the gate; `npm run sim -- --seeds N --relays 3` runs as many as you have time for. */
const SEEDS = Math.ceil(Number(process.env['SKEIN_SIM_SEEDS'] ?? 200) / 4)

describe('simulation: two nodes that never meet, and their relays', () => {
  it(`keeps every promise in ${SEEDS} histories, through relays that die, lose a disk or get an old one back`, async function () {
    this.timeout(600_000)
    let crashes = 0
    for (let seed = 1; seed <= SEEDS; seed++) {
      const relayCount = seed % 4 === 0 ? 2 : 3
      try {
        crashes += (await runHistory(seed, { relayCount })).crashes
      } catch (error) {
        throw new Error(`replay it with: npm run sim -- --seed ${seed} --relays ${relayCount}`, { cause: error })
      }
    }
    assert.ok(crashes > SEEDS, 'nodes and relays died often enough to mean something')
  })

  it('makes the same history of the same seed, to the last frame', async function () {
    this.timeout(600_000)
    for (const seed of [2, 7]) assert.equal((await runHistory(seed, { relayCount: 3 })).hash, (await runHistory(seed, { relayCount: 3 })).hash)
  })
})
