import assert from 'node:assert/strict'
import { checkScenario, readScenario } from '../../testnet/scenario/read.ts'
import { requireVirtual } from '../../testnet/scenario/virtual.ts'

const MINIMAL = { name: 'minimal', users: 3, talk: { messages: 1 }, expect: ['lost == 0'] }

describe('a scenario in virtual time', () => {
  it('is refused where it asks for what is not there, and says for what, and where there is', () => {
    for (const [more, asked] of [
      [{ cable: 'namespaces' }, 'a cable of namespaces'],
      [{ disks: true, faults: [{ at: '1s', powerOff: 'ana', for: '1s' }] }, 'disks, power cuts'],
      [{ strangers: ['carol'], faults: [{ at: '1s', meet: ['carol', 'bob'] }] }, 'strangers, new acquaintances'],
      [{ faults: [{ at: '1s', drain: 'bob' }] }, 'strangers'],
      [{ release: 'previous', faults: [{ at: '1s', upgrade: 'bob' }] }, 'other versions']
    ] as const) {
      assert.throws(() => { requireVirtual(checkScenario('file.yaml', { ...MINIMAL, ...more })) }, { code: 'usage', message: `"minimal" is about ${asked}, and there are none in virtual time`, hint: /skein testnet run file\.yaml/ })
    }
  })

  it('is taken where it asks for no such thing', async () => {
    requireVirtual(await readScenario('churn'))
  })
})
