/**
 * Every decoder against bytes that nobody meant. The gate runs few inputs from a fixed seed; long runs choose:
 * SKEIN_FUZZ_RUNS=1000000 SKEIN_FUZZ_SEED=7 npx mocha test/fuzz/fuzz.test.ts
 */
import assert from 'node:assert/strict'
import { fuzz } from './run.ts'
import { fuzzTargets, type FuzzTarget } from './targets.ts'

const RUNS = Number(process.env['SKEIN_FUZZ_RUNS'] ?? 500)
const SEED = Number(process.env['SKEIN_FUZZ_SEED'] ?? 20_261_125)
const options = { runs: RUNS, seed: SEED, timeMsMax: 1_000 }

describe('decoders', function () {
  this.timeout(0)

  for (const target of fuzzTargets) {
    it(`${target.name}: a value or malformed, whatever the bytes`, () => {
      for (const seed of target.seeds) target.decode(seed)
      const report = fuzz(target, options)
      // A decoder that takes everything would pass, too.
      if (RUNS >= 500) assert.ok(report.malformed > 0, 'no input was malformed: is anything checked at all?')
    })
  }

  it('have one target each, of a name of its own', () => {
    assert.equal(new Set(fuzzTargets.map(target => target.name)).size, fuzzTargets.length)
  })
})

describe('the fuzzer itself', () => {
  const seeds = [new TextEncoder().encode('{"valid": true}')]
  /** A decoder that forgot to turn the errors of its library into ours. */
  const careless: FuzzTarget = { name: 'canary/careless', decode: bytes => JSON.parse(new TextDecoder().decode(bytes)) as unknown, seeds }

  it('catches a decoder that throws something else, and tells how to see it again', () => {
    assert.throws(() => fuzz(careless, options), /canary\/careless threw SyntaxError \(SKEIN_FUZZ_SEED=\d+ SKEIN_FUZZ_RUNS=\d+\) on [0-9a-f]*/)
  })

  it('catches a decoder that takes too long', () => {
    const slow: FuzzTarget = { name: 'canary/slow', decode: () => { spin(5) }, seeds }
    assert.throws(() => fuzz(slow, { ...options, timeMsMax: 1 }), /canary\/slow took \d+ ms/)
  })

  it('makes the same run from the same seed', () => {
    const seen: string[][] = [[], []]
    for (const run of seen) fuzz({ name: 'canary/recorder', decode: bytes => run.push(String(bytes)), seeds }, { ...options, runs: 50 })
    assert.deepEqual(seen[0], seen[1])
    assert.ok(new Set(seen[0]).size > 25)
  })

  function spin (durationMs: number): void {
    const endsAtMs = performance.now() + durationMs
    while (performance.now() < endsAtMs);
  }
})
