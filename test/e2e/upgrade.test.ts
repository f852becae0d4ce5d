/** An older version of Skein and this one in one network: nodes are upgraded in place while the talk goes on. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunRecord } from '../../testnet/report/record.ts'
import { skip } from '../skip.ts'
import { dataOf, faultOf, LAUNCHER, makeFolder, removeFolder } from './skein.ts'

/** Before there is a release: of the day on which relays could first be trusted to stop. */
const OLDER = '7656c07'

const OVER = `
name: over
users: 2
relays: 1
release: previous
talk: { messages: 40, over: 4s }
faults:
  - { at: 500ms, upgrade: ana }
  - { at: 1500ms, upgrade: relay1 }
expect:
  - lost == 0
  - duplicates == 0
  - order == causal
  - messages == 40
`

describe('an upgrade', function () {
  this.timeout(240_000)
  let folder = ''
  before(async () => { folder = await makeFolder() })
  after(async () => { await removeFolder(folder) })

  it('from an older version goes on with its homes, among nodes that are not upgraded, and loses nothing', async function () {
    try {
      execFileSync('git', ['-C', join(LAUNCHER, '..', '..'), 'cat-file', '-e', `${OLDER}^{commit}`], { stdio: 'ignore' })
    } catch {
      skip(this, `this checkout has no history as far back as ${OLDER}: git fetch --unshallow`)
    }
    const file = join(folder, 'over.yaml')
    await writeFile(file, OVER)
    const { passed, seeds } = await dataOf<{ readonly passed: number, readonly seeds: ReadonlyArray<{ readonly messages: number, readonly lost: number }> }>(['testnet', 'run', file, '--release', OLDER, '--dir', join(folder, 'runs'), '--keep'])
    assert.deepEqual([passed, seeds.map(({ messages, lost }) => [messages, lost])], [1, [[40, 0]]])
    const { faultCounts } = JSON.parse(readFileSync(join(folder, 'runs', 'over-1', 'record.json'), 'utf8')) as RunRecord
    assert.deepEqual(faultCounts, { upgraded: 2 })
    const log = readFileSync(join(folder, 'runs', 'over-1', 'logs', 'ana.log'), 'utf8')
    // Its home was made by the older one itself, and was left in order once before the end.
    assert.match(log, /Next: skein up/)
    assert.equal(log.match(/The node has stopped/g)?.length, 2)
  })

  it('from what is no version of Skein is refused', async () => {
    const file = join(folder, 'over.yaml')
    await writeFile(file, OVER)
    assert.match((await faultOf(7, ['testnet', 'run', file, '--release', 'v0.0.0-none', '--dir', join(folder, 'runs')])).message, /no folder with a version of Skein|no other version of itself/)
    assert.equal((await faultOf(2, ['testnet', 'run', 'two-friends', '--release', OLDER, '--dir', join(folder, 'runs')])).message, 'this scenario knows one version only')
  })
})
