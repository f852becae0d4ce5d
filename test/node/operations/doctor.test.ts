import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { doctorOperations } from '../../../node/operations/doctor.ts'
import { openAccountStore, type AccountStore } from '../../../store/account-store.ts'
import { World } from '../../../testnet/simulation/world.ts'

describe('the doctor', () => {
  let home = ''
  let store: AccountStore
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'skein-doctor-'))
    chmodSync(home, 0o700)
    for (const name of ['vault.json', 'key', 'account.db']) writeFileSync(join(home, name), '', { mode: 0o600 })
    store = openAccountStore({ path: ':memory:', isNew: true })
  })
  afterEach(() => {
    store.close()
    rmSync(home, { recursive: true })
  })

  async function look ({ fix = false, skewMs = 0 } = {}): Promise<ReadonlyArray<{ readonly severity: string, readonly what: string, readonly fix?: string, readonly isFixed?: boolean }>> {
    const clock = new World(1).clock(() => true, () => skewMs)
    return (await doctorOperations({ store, home, clock }).doctor({ fix })).findings
  }

  it('finds nothing wrong with a fresh account', async () => {
    const findings = await look()
    assert.deepEqual(findings.filter(({ severity }) => severity !== 'ok'), [])
    assert.ok(findings.some(({ what }) => what === 'files are readable by their owner alone'))
    assert.ok(findings.some(({ what }) => what === 'pages and indexes: sound'))
  })

  it('finds what others may read, says how to cure it, and does so when asked', async () => {
    chmodSync(home, 0o755)
    chmodSync(join(home, 'key'), 0o644)
    const warnings = (await look()).filter(({ severity }) => severity === 'warn')
    assert.deepEqual(warnings.map(({ what, fix, isFixed }) => [what, fix, isFixed]), [
      ['the home directory can be read by other users of this machine', 'chmod 700 .', false],
      ['key can be read by other users of this machine', 'chmod 600 key', false]
    ])
    assert.equal(statSync(join(home, 'key')).mode & 0o777, 0o644)
    assert.deepEqual((await look({ fix: true })).filter(({ severity }) => severity === 'warn').map(({ isFixed }) => isFixed), [true, true])
    assert.deepEqual([statSync(home).mode & 0o777, statSync(join(home, 'key')).mode & 0o777], [0o700, 0o600])
    assert.deepEqual((await look()).filter(({ severity }) => severity !== 'ok'), [])
  })

  it('does not miss files that are not there', async () => {
    rmSync(join(home, 'key'))
    assert.deepEqual((await look()).filter(({ severity }) => severity !== 'ok'), [])
  })

  it('finds a clock that is years behind', async () => {
    const findings = await look({ skewMs: -5 * 365 * 86_400_000 })
    assert.deepEqual(findings.filter(({ severity }) => severity === 'error').map(({ what }) => what), ['the clock of this machine is years behind'])
  })

  it('says how much room there is', async () => {
    assert.ok((await look()).some(({ what }) => /MiB are free on the disk$/.test(what)))
  })

  it('finds envelopes that lost what is in them', async () => {
    store.database.transact(() => {
      store.database.prepare('INSERT INTO outbox (device_id, contact, state, attempts, queued_at, expires_at, refs) VALUES (zeroblob(16), 1, 1, 0, 1, 1, zeroblob(0))').run()
    })
    assert.deepEqual((await look()).filter(({ severity }) => severity === 'error').map(({ what }) => what), ['sealed envelopes: 1 wrong'])
  })
})
