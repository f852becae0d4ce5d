/** Users and relays as processes that are killed and cut off: the short form of `npm run soak -- relays`. */
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { isSound, report, runRelaySoak } from '../../bench/soak/relays.ts'
import { seedOfThisRun } from '../crash/seed.ts'

const MESSAGES = 300

describe('users and relays in bad times', function () {
  this.timeout(300_000)

  it(`lose none of ${MESSAGES} messages, show none twice, and agree about the order`, async () => {
    const seed = seedOfThisRun()
    const told: string[] = []
    const result = await runRelaySoak({ messages: MESSAGES, users: 3, relays: 3, seed, tell: text => told.push(text), settleMsMax: 120_000 })
    assert.ok(isSound(result.verdict), [`CRASH_SEED=${seed}`, report(result), ...told, result.folder].join('\n'))
    assert.equal(result.verdict.owed, MESSAGES)
    await rm(result.folder, { recursive: true, force: true })
  })
})
