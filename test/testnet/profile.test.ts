import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NotFoundError, UsageError } from '../../protocols/core/errors.ts'
import { decodePlan, encodePlan } from '../../testnet/plan.ts'
import { readProfile } from '../../testnet/profile/read.ts'

const OFFICE = `
seed: office
pack: 2
relays:
  attic:
  cellar: { settings: { disk.cap: 20MB } }
users:
  ana: { relays: [cellar, attic], knows: [bob], line: { delay: 80ms, jitter: 40ms, kbitPerSecond: 2000 } }
  bob: { clock: -1h, settings: { accept: ask } }
  carol:
`

describe('a profile', () => {
  let folder = ''
  before(async () => { folder = await mkdtemp(join(tmpdir(), 'skein-profile-')) })
  after(async () => { await rm(folder, { recursive: true, force: true }) })
  async function profile (text: string): Promise<ReturnType<typeof readProfile>> {
    const file = join(folder, 'office.yaml')
    await writeFile(file, text)
    return await readProfile(file)
  }

  it('says who is there, and how', async () => {
    const plan = await profile(OFFICE)
    assert.deepEqual(plan, {
      seed: 'office',
      nodes: [
        { name: 'attic', kind: 'relay', pack: 'relays1' },
        { name: 'cellar', kind: 'relay', settings: { 'disk.cap': '20MB' }, pack: 'relays1' },
        { name: 'ana', kind: 'user', link: { delayMs: 80, jitterMs: 40, bytesPerSecond: 250_000 }, relays: ['cellar', 'attic'], knows: ['bob'], pack: 'users1' },
        { name: 'bob', kind: 'user', settings: { accept: 'ask' }, skewMs: -3_600_000, pack: 'users1' },
        { name: 'carol', kind: 'user', pack: 'users2' }
      ]
    })
    assert.deepEqual(decodePlan(encodePlan(plan)), plan)
  })

  for (const [what, text, said] of [
    ['without users', 'relays: { relay1: }', /office.yaml, line 1: a profile: must have required property 'users'/],
    ['with a misspelt word', 'users:\n  ana:\n  bob: { know: [ana] }', /line 3: users.bob.know: there is no know here/],
    ['of somebody who is not there', 'users:\n  ana:\n    knows:\n      - bob', /line 4: users.ana.knows.0: there is no bob among the users/],
    ['with a relay that is not there', 'users:\n  ana: { relays: [attic] }', /line 2: users.ana.relays.0: there is no attic among the relays/],
    ['with a setting that there is not', 'users:\n  ana:\n    settings:\n      acept: ask', /line 4: users.ana.settings.acept: there is no setting acept/],
    ['with a value that a setting does not take', 'relays:\n  attic:\n    settings: { disk.cap: plenty }\nusers: { ana: }', /line 3: relays.attic.settings.disk.cap: disk.cap takes/],
    ['with somebody twice', 'relays: { ana: }\nusers:\n  ana:', /line 3: users.ana: ana is a relay already/],
    ['with a name that is none', 'users:\n  Ana:', /line 2: users.Ana: a name is small letters/],
    ['with a clock that is none', 'users:\n  ana:\n    clock: late', /line 3: users.ana.clock: must match/],
    ['that is no YAML', 'users: [', /office.yaml, line 1: /]
  ] as const) {
    it(`${what} is refused, by its line and its key`, async () => {
      await assert.rejects(profile(text), (error: unknown) => {
        assert.ok(error instanceof UsageError)
        assert.match(error.message, said)
        return true
      })
    })
  }

  it('that is not there is not found', async () => {
    await assert.rejects(readProfile(join(folder, 'none.yaml')), NotFoundError)
  })
})
