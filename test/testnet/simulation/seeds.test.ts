import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { readScenario, shippedScenarios } from '../../../testnet/scenario/read.ts'
import { requireVirtual } from '../../../testnet/scenario/virtual.ts'
import { simulateAll } from '../../../testnet/simulation/jobs.ts'
import type { Played } from '../../../testnet/simulation/play.ts'

const SEEDS = Number(process.env['SKEIN_SIM_SCENARIO_SEEDS'] ?? 1_000)
const JOBS = Math.min(4, availableParallelism())
const FEW = 2
/** Of one that is about much at once, a seed takes a second. */
const LARGE = ['flood', 'town']
/** They are about what there is none of in virtual time. */
const REAL_ONLY = ['lossy-line', 'power-cut', 'prekey-drain', 'upgrade']
/** In the gate, a quarter of what the file says: both together take a minute of two cores then. */
const MESSAGES: Readonly<Record<string, number>> = { 'lost-relay': 40 }

describe('scenarios in virtual time', function () {
  this.timeout(1_800_000)

  for (const name of ['two-friends', 'lost-relay']) {
    it(`${name}: ${SEEDS} seeds come out as expected`, async () => {
      const read = await readScenario(name)
      const messages = MESSAGES[name] ?? read.scenario.talk.messages
      const scenario = { ...read.scenario, talk: { ...read.scenario.talk, messages } }
      const all = await simulateAll({ read: { ...read, scenario }, seeds: seedsOf(SEEDS), jobs: JOBS, interrupted: new AbortController().signal, onPlayed: () => {} })
      assert.deepEqual(failuresOf(all), [], `again with: skein testnet simulate ${name} --seeds ${SEEDS} --jobs ${JOBS}`)
      assert.equal(new Set(all.map(({ hash }) => hash)).size, SEEDS, 'each seed is a history of its own')
      assert.ok(all.every(({ verdict }) => verdict?.seen.messages === messages))
    })
  }

  it('are all of those that ship, but for the ones that say why not', async () => {
    const refused = []
    for (const name of shippedScenarios()) {
      try {
        requireVirtual(await readScenario(name))
      } catch { refused.push(name) }
    }
    assert.deepEqual(refused, REAL_ONLY)
  })

  for (const name of shippedScenarios().filter(each => !LARGE.includes(each) && !REAL_ONLY.includes(each))) {
    it(`${name}: comes out as on real processes`, async () => {
      const read = await readScenario(name)
      const all = await simulateAll({ read, seeds: seedsOf(FEW), jobs: 1, interrupted: new AbortController().signal, onPlayed: () => {} })
      assert.deepEqual(failuresOf(all), [])
    })
  }
})

function failuresOf (all: readonly Played[]): object[] { return all.flatMap(({ seed, verdict }) => (verdict?.failures ?? [{ expectation: 'a verdict' }]).map(failure => ({ seed, ...failure }))) }

function seedsOf (count: number): number[] { return Array.from({ length: count }, (_, index) => index + 1) }
