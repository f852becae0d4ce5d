/** Users and relays as processes that are killed and cut off: the short form of `npm run prove`. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { layoutOf } from '../../testnet/layout.ts'
import { isSound } from '../../testnet/prove/checker.ts'
import { prove } from '../../testnet/prove/proof.ts'
import { decodeRecord } from '../../testnet/report/record.ts'
import { seedOfThisRun } from '../crash/seed.ts'
import { dataOf, makeFolder, removeFolder } from './skein.ts'

const MESSAGES = 300

describe('users and relays in bad times', function () {
  this.timeout(300_000)

  it(`lose none of ${MESSAGES} messages, show none twice, and agree about the order`, async () => {
    const seed = seedOfThisRun()
    const told: string[] = []
    const folder = await makeFolder()
    const { verdict, faults } = await prove({
      layout: layoutOf(join(folder, 'net')),
      users: 3,
      relays: 3,
      seed,
      messages: MESSAGES,
      durationMs: 240_000,
      interrupted: new AbortController().signal,
      tell: text => told.push(text),
      settleMsMax: 120_000
    })
    assert.ok(isSound(verdict), [`CRASH_SEED=${seed}`, ...verdict.lost, ...verdict.duplicated, ...verdict.reordered, ...verdict.undecryptable, ...told, folder].join('\n'))
    assert.equal(verdict.owed, MESSAGES)
    assert.ok(faults.size > 0)
    await removeFolder(folder)
  })

  it('are a command, which says what it has seen', async () => {
    const folder = await makeFolder()
    const { messages, lost, duplicated, reordered, ...rest } = await dataOf<Readonly<Record<string, number>>>(['testnet', 'prove', '--messages', '20', '--users', '2', '--relays', '1', '--seed', '1', '--report', join(folder, 'proof.html'), '--dir', join(folder, 'proof')])
    assert.deepEqual([messages, lost, duplicated, reordered], [20, 0, 0, 0])
    for (const name of ['kills', 'wipes', 'partitions']) assert.equal(typeof rest[name], 'number')
    const html = readFileSync(join(folder, 'proof.html'), 'utf8')
    for (const text of ['20 messages, none lost', 'skein testnet prove --seed 1 --messages 20 --users 2 --relays 1', '4 of 4 held']) assert.ok(html.includes(text), text)
    const { delivery: { online, disturbed } } = decodeRecord(readFileSync(join(folder, 'proof', 'record.json'), 'utf8'))
    assert.ok(online.count + disturbed.count > 0)
    await removeFolder(folder)
  })
})
