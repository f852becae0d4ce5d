/** `skein testnet run`, on real processes: one scenario that comes out well, and one that cannot. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { dataOf, faultOf, makeFolder, removeFolder } from './skein.ts'

interface SeedView { readonly seed: number, readonly passed: boolean, readonly failures: readonly unknown[], readonly messages: number, readonly lost: number, readonly onlineP99Ms: number | null }
interface RunView { readonly passed: number, readonly failed: number, readonly seeds: readonly SeedView[] }

const STORM = `
name: storm
users: 3
relays: 2
talk: { messages: 60, over: 4s }
faults:
  - { at: 0s, clock: carol, skew: -2h }
  - { at: 500ms, crash: bob, for: 1500ms }
  - { at: 500ms, partition: [[ana], [relay1]], for: 2s }
  - { at: 1s, crash: relay2, loseDisk: true, for: 500ms }
  - { at: 2s, pause: carol, for: 1s }
  - { at: 2s, oldDisk: relay1 }
  - { at: 3s, slow: [ana], delay: 50ms, jitter: 20ms, kbitPerSecond: 1000, for: 1s }
expect:
  - lost == 0
  - duplicates == 0
  - order == causal
  - messages == 60
  - equal within 60s
`

describe('a scenario that is run', function () {
  this.timeout(240_000)
  let folder = ''
  beforeEach(async () => { folder = await makeFolder() })
  afterEach(async () => { await removeFolder(folder) })

  it('comes out as expected, whatever breaks in it, and leaves nothing', async () => {
    const file = join(folder, 'storm.yaml')
    await writeFile(file, STORM)
    const { passed, failed, seeds } = await dataOf<RunView>(['testnet', 'run', file, '--dir', join(folder, 'runs'), '--from', '7', '--junit', join(folder, 'results.xml')])
    assert.deepEqual([passed, failed], [1, 0])
    assert.deepEqual(seeds.map(({ seed, messages, lost, failures }) => [seed, messages, lost, failures]), [[7, 60, 0, []]])
    assert.match(readFileSync(join(folder, 'results.xml'), 'utf8'), /<testsuite name="storm" tests="1" failures="0">/)
    assert.equal(existsSync(join(folder, 'runs', 'storm-7')), false)
  })

  it('ends with 11 when it does not, with what was seen and how to see it again; homes and logs stay', async () => {
    const file = join(folder, 'never.yaml')
    await writeFile(file, 'name: never\nusers: 2\nrelays: 0\ntalk: { messages: 5, from: [ana] }\nexpect: [lost == 0, messages == 6]\n')
    const { hint, data } = await faultOf(11, ['testnet', 'run', file, '--dir', join(folder, 'runs'), '--seeds', '2', '--jobs', '2'])
    const { passed, failed, seeds } = data as RunView
    assert.deepEqual([passed, failed], [0, 2])
    assert.deepEqual(seeds[0]?.failures, [{ expectation: 'messages == 6', seen: 'messages was 5' }])
    assert.ok(hint?.includes(`Again: skein testnet run ${file} --from 1`))
    assert.ok(existsSync(join(folder, 'runs', 'never-1', 'logs', 'ana.log')))
  })
})
