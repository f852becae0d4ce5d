import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NotFoundError, UsageError } from '../../protocols/core/errors.ts'
import { checkScenario, readScenario, shippedScenarios } from '../../testnet/scenario/read.ts'

const MINIMAL = { name: 'minimal', users: 2, talk: { messages: 1 }, expect: ['lost == 0'] }

describe('a scenario', () => {
  let folder = ''
  before(async () => { folder = await mkdtemp(join(tmpdir(), 'skein-scenario-')) })
  after(async () => { await rm(folder, { recursive: true, force: true }) })

  it('that comes with Skein is understood, tells what it is about, and wants nothing lost', async () => {
    const names = shippedScenarios()
    assert.ok(names.length >= 12)
    for (const name of names) {
      const { scenario, expectations } = await readScenario(name)
      assert.ok((scenario.about ?? '').length > 0)
      for (const text of ['lost == 0', 'duplicates == 0', 'order == causal']) assert.ok(expectations.some(each => each.text === text), `${name}: ${text}`)
    }
  })

  it('is YAML, or a module that exports the same', async () => {
    await writeFile(join(folder, 'one.yaml'), 'name: minimal\nusers: 2\ntalk: { messages: 1 }\nexpect: [lost == 0]\n')
    await writeFile(join(folder, 'one.ts'), `const users: number = 2\nexport default { ...${JSON.stringify(MINIMAL)}, users }\n`)
    for (const file of ['one.yaml', 'one.ts']) assert.deepEqual((await readScenario(join(folder, file))).scenario, MINIMAL)
  })

  it('that is not there says which there are', async () => {
    await assert.rejects(readScenario('nowhere'), (error: unknown) => error instanceof NotFoundError && error.hint?.includes('lost-relay') === true)
  })

  for (const [what, value, said] of [
    ['of a misspelt word', { ...MINIMAL, relais: 3 }, /there is no relais/],
    ['of nobody', { ...MINIMAL, users: 0 }, /users: must be >= 2/],
    ['without an expectation', { ...MINIMAL, expect: [] }, /expect/],
    ['with a fault that does nothing', { ...MINIMAL, faults: [{ at: '1s' }] }, /does nothing/],
    ['with a fault that does two things', { ...MINIMAL, faults: [{ at: '1s', crash: 'ana', pause: 'bob' }] }, /crash and pause/],
    ['with a fault at no time', { ...MINIMAL, faults: [{ crash: 'ana' }] }, /at/],
    ['about a stranger', { ...MINIMAL, faults: [{ at: '1s', crash: 'zoe' }] }, /no zoe among 2 users/],
    ['about a relay that is not there', { ...MINIMAL, faults: [{ at: '1s', partition: [['ana'], ['relay1']] }] }, /no relay1/],
    ['whose user is killed and never comes back', { ...MINIMAL, faults: [{ at: '1s', crash: 'ana' }, { at: '500ms', start: 'ana' }] }, /ana does not come back/],
    ['whose user sleeps for ever', { ...MINIMAL, faults: [{ at: '1s', pause: 'bob' }, { at: '2s', start: 'bob' }] }, /bob does not come back/],
    ['whose user never gets power again', { ...MINIMAL, disks: true, faults: [{ at: '1s', powerOff: 'ana' }] }, /ana does not come back/],
    ['whose user can never write again', { ...MINIMAL, disks: true, faults: [{ at: '1s', fillDisk: 'ana' }] }, /ana does not come back/],
    ['that loses packets where none are', { ...MINIMAL, faults: [{ at: '1s', loss: ['ana'], percent: 5 }] }, /needs a cable/],
    ['that loses an unknown share', { ...MINIMAL, cable: 'namespaces', faults: [{ at: '1s', loss: ['ana'] }] }, /how much is lost/],
    ['with a router of no kind', { ...MINIMAL, cable: 'namespaces', faults: [{ at: '1s', nat: 'ana' }] }, /which kind of router/],
    ['with a router of an unknown kind', { ...MINIMAL, cable: 'namespaces', faults: [{ at: '1s', nat: 'ana', kind: 'conical' }] }, /kind/],
    ['with a relay behind a router', { ...MINIMAL, relays: 1, cable: 'namespaces', faults: [{ at: '1s', nat: 'relay1', kind: 'symmetric' }] }, /everybody can reach/],
    ['that takes the power from a disk that is everybody’s', { ...MINIMAL, faults: [{ at: '1s', powerOff: 'ana', for: '1s' }] }, /needs disks/],
    ['that upgrades who is of this version', { ...MINIMAL, faults: [{ at: '1s', upgrade: 'ana' }] }, /this version already/],
    ['that sends strangers where nobody comes from outside', { ...MINIMAL, cable: 'namespaces', faults: [{ at: '1s', drain: 'ana' }] }, /no stranger comes/],
    ['on a cable of copper', { ...MINIMAL, cable: 'copper' }, /cable/],
    ['that takes a phone', { ...MINIMAL, faults: [{ at: '1s', crash: 'ana', loseDisk: true }] }, /somebody else/],
    ['that expects what nobody understands', { ...MINIMAL, expect: ['happiness'] }, /nothing can be expected/],
    ['that is a list', [MINIMAL], /object/],
    ['that is nothing', undefined, /object/]
  ] as const) {
    it(`${what} is refused, and says why`, () => {
      assert.throws(() => checkScenario('file.yaml', value), (error: unknown) => error instanceof UsageError && said.test(error.message))
    })
  }
})
