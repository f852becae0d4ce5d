/** `skein testnet run`, on real processes: one scenario that comes out well, and one that cannot. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeRecord, type RunRecord } from '../../testnet/report/record.ts'
import { dataOf, faultOf, makeFolder, removeFolder } from './skein.ts'

interface SeedView { readonly seed: number, readonly passed: boolean, readonly failures: readonly unknown[], readonly messages: number, readonly lost: number, readonly onlineP99Ms: number | null, readonly report: string }
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

  it('comes out as expected, whatever breaks in it, and leaves nothing but its report', async () => {
    const file = join(folder, 'storm.yaml')
    await writeFile(file, STORM)
    const { passed, failed, seeds } = await dataOf<RunView>(['testnet', 'run', file, '--dir', join(folder, 'runs'), '--from', '7', '--junit', join(folder, 'results.xml')])
    assert.deepEqual([passed, failed], [1, 0])
    assert.deepEqual(seeds.map(({ seed, messages, lost, failures }) => [seed, messages, lost, failures]), [[7, 60, 0, []]])
    assert.match(readFileSync(join(folder, 'results.xml'), 'utf8'), /<testsuite name="storm" tests="1" failures="0">/)
    const left = join(folder, 'runs', 'storm-7')
    assert.deepEqual([readdirSync(left).toSorted(), seeds[0]?.report], [['record.json', 'report.html'], join(left, 'report.html')])
    const record = decodeRecord(readFileSync(join(left, 'record.json'), 'utf8'))
    assert.deepEqual(record.faultCounts, { 'wrong clock': 1, killed: 1, cut: 1, 'disk lost': 1, standstill: 1, 'old disk': 1, slow: 1 })
    assert.ok(record.faults.every(({ beginMs, endMs }) => endMs !== null && endMs >= beginMs))
    assert.deepEqual(record.messages, { sent: 60, lost: 0, duplicated: 0, reordered: 0 })
    // Carol's clock is wrong: of what she got nobody knows how long it took.
    assert.ok(record.delivery.online.count + record.delivery.disturbed.count < 60)
    assert.ok(Math.max(...record.backlog.series.values.map(value => value ?? 0)) > 0)
    assert.equal(record.backlog.series.values.at(-1), 0)
    assert.ok(record.expectations.length === 5 && record.expectations.every(({ holds }) => holds))
    assert.deepEqual(record.nodes.filter(({ kind }) => kind === 'user').map(({ relays }) => relays?.toSorted()), [['relay1', 'relay2'], ['relay1', 'relay2'], ['relay1', 'relay2']])
    for (const { usedBytes } of record.relays) assert.ok(Math.max(...usedBytes.values.map(value => value ?? 0)) > 0)
    const html = readFileSync(join(left, 'report.html'), 'utf8')
    for (const text of ['60 messages, none lost', `skein testnet run ${file} --from 7`, 'relay2 killed, disk lost']) assert.ok(html.includes(text), text)
    const { page, record: again } = await dataOf<{ readonly page: string, readonly record: RunRecord }>(['testnet', 'report', '--dir', join(folder, 'runs'), '--out', join(folder, 'elsewhere.html')])
    assert.deepEqual([page, again], [join(folder, 'elsewhere.html'), record])
    assert.equal(readFileSync(page, 'utf8'), html)
  })

  it('ends with 11 when it does not, with what was seen and how to see it again; homes and logs stay', async () => {
    const file = join(folder, 'never.yaml')
    await writeFile(file, 'name: never\nusers: 2\nrelays: 0\ntalk: { messages: 5, from: [ana] }\nexpect: [lost == 0, messages == 6]\n')
    const { hint, data } = await faultOf(11, ['testnet', 'run', file, '--dir', join(folder, 'runs'), '--seeds', '2', '--jobs', '2'])
    const { passed, failed, seeds } = data as RunView
    assert.deepEqual([passed, failed], [0, 2])
    assert.deepEqual(seeds[0]?.failures, [{ expectation: 'messages == 6', seen: 'messages was 5' }])
    assert.ok(hint?.includes(`Again: skein testnet run ${file} --from 1`))
    assert.ok(hint?.includes(`Report: ${join(folder, 'runs', 'never-1', 'report.html')}`))
    assert.ok(readFileSync(join(folder, 'runs', 'never-1', 'report.html'), 'utf8').includes('Expected messages == 6, saw 5'))
    assert.ok(existsSync(join(folder, 'runs', 'never-1', 'logs', 'ana.log')))
  })
})
