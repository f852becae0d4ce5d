import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { socketPathFor } from '../../../node/api/socket-path.ts'
import { callTestnet, NoTestnetError } from '../../../testnet/control/client.ts'
import { serveControl } from '../../../testnet/control/server.ts'
import { Source } from '../../../testnet/dash/source.ts'
import { findRecord, writeReport } from '../../../testnet/report/files.ts'
import { encodeRecord } from '../../../testnet/report/record.ts'
import { hardRecords } from './hard.ts'
import { lossyRecord } from './sample.ts'

describe('what a live page shows', () => {
  const never = new AbortController().signal
  let directory = ''
  beforeEach(async () => { directory = await mkdtemp(join(tmpdir(), 'skein-source-')) })
  afterEach(async () => { await rm(directory, { recursive: true, force: true }) })

  /** Returns what ends it. */
  const serve = async (): Promise<() => Promise<void>> => {
    const server = await serveControl(socketPathFor(directory), { record: () => hardRecords().running })
    return async () => {
      server.close()
      await once(server, 'close')
    }
  }

  it('is what the testnet says, and in the end what the run has left', async () => {
    const end = await serve()
    const source = await Source.open(directory, never)
    assert.deepEqual([source.state, source.record.messages.sent], ['live', 1_204])
    await end()
    await writeFile(join(directory, 'record.json'), encodeRecord(lossyRecord()))
    await source.refresh()
    assert.deepEqual([source.state, source.record.messages.lost], ['ended', 2])
    const endAgain = await serve()
    await source.refresh()
    assert.equal(source.state, 'live')
    await endAgain()
  })

  it('is what was seen last when nothing is left, or only what another run has left', async () => {
    const end = await serve()
    const source = await Source.open(directory, never)
    await end()
    await writeFile(join(directory, 'record.json'), encodeRecord(lossyRecord({ begunAt: '2026-01-01T00:00:00.000Z' })))
    await source.refresh()
    assert.deepEqual([source.state, source.record.messages.sent], ['gone', 1_204])
  })

  it('is nothing where no testnet runs, and a testnet that is only looked at does nothing else', async () => {
    await assert.rejects(Source.open(directory, never), NoTestnetError)
    const end = await serve()
    await assert.rejects(callTestnet({ directory }, 'crash', { name: 'bob', losesDisk: false }), /knows no operation crash/)
    await end()
  })

  it('is found by its directory, its file, or the one above, the latest first', async () => {
    for (const name of ['old', 'new']) await writeReport(lossyRecord({ name }), { directory: join(directory, name) })
    await utimes(join(directory, 'old', 'record.json'), 1, 1)
    assert.equal((await findRecord(directory)).record.name, 'new')
    assert.equal((await findRecord(join(directory, 'old'))).record.name, 'old')
    assert.equal((await findRecord(join(directory, 'old', 'record.json'))).record.name, 'old')
    await assert.rejects(findRecord(join(directory, 'none')), /there is no record/)
  })
})
