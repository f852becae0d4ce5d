import assert from 'node:assert/strict'
import { runHistory } from './history.ts'

/** In the gate; `npm run sim -- --seeds N` runs as many as you have time for. */
const SEEDS = Number(process.env['SKEIN_SIM_SEEDS'] ?? 200)

describe('simulation: two nodes in bad weather', () => {
  it(`keeps every promise in ${SEEDS} histories`, async function () {
    this.timeout(600_000)
    let crashes = 0
    for (let seed = 1; seed <= SEEDS; seed++) {
      try {
        crashes += (await runHistory(seed)).crashes
      } catch (error) {
        throw new Error(`replay it with: npm run sim -- --seed ${seed}`, { cause: error })
      }
    }
    assert.ok(crashes > SEEDS, 'nodes died often enough to mean something')
  })

  it('makes the same history of the same seed, to the last frame', async () => {
    for (const seed of [1, 7, 42]) assert.equal((await runHistory(seed)).hash, (await runHistory(seed)).hash)
  })

  it('makes another history of another seed', async () => {
    assert.notEqual((await runHistory(1)).hash, (await runHistory(2)).hash)
  })
})
