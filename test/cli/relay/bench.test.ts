import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { json } from '../fixture.ts'
import { RelayFixture } from './fixture.ts'

describe('relay bench', function () {
  this.timeout(120_000)

  it('measures a relay of its own and leaves nothing behind', async () => {
    const relay = await RelayFixture.still()
    const before = await readdir(relay.home)
    const ended = await relay.run('bench', '--clients', '2', '--deposits', '1000', '--json')
    assert.equal(ended.exit, 0, ended.stderr)
    const { data } = json(ended)
    assert.equal(data?.['deposits'], 1_000)
    assert.equal(data['refused'], 0)
    for (const figure of ['depositsPerSecond', 'flushesPerSecond', 'depositsPerCommit', 'p50Ms', 'p99Ms']) assert.ok(Number(data[figure]) > 0, figure)
    assert.deepEqual(await readdir(relay.home), before)
    await relay.stop()
  })

  it('measures nothing where there is no relay, and not more than anybody wants', async () => {
    const relay = await RelayFixture.still()
    assert.equal((await relay.run('bench', '--clients', '0')).exit, 2)
    await relay.stop()
    assert.equal((await relay.run('bench')).exit, 5)
  })
})
