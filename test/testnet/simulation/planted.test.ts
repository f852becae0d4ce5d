import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { plantedEnvironment, type Bug } from '../../planted/hook.ts'

interface Ended { readonly exit: number, readonly text: string }

const SEND = 'node/operations/send.ts'

/** Enough goes wrong in it for each of these bugs to show. */
const STORM = `
name: storm
users: 3
relays: 3
talk: { messages: 90, over: 8s }
faults:
  - { at: 0s, clock: carol, skew: -2h }
  - { at: 1s, trouble: true, for: 7s }
expect: [lost == 0, duplicates == 0, order == causal, messages == 90, equal within 60s]
`

describe('bugs that are planted', function () {
  this.timeout(300_000)
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'skein-planted-'))
    await writeFile(join(folder, 'storm.yaml'), STORM)
  })
  after(async () => { await rm(folder, { recursive: true, force: true }) })

  const simulate = async (bugs: readonly Bug[]): Promise<Ended> => await run(['bin/skein.js', 'testnet', 'simulate', join(folder, 'storm.yaml'), '--seeds', '12'], bugs)
  const histories = async (bugs: readonly Bug[]): Promise<Ended> => await run(['test/sim/run.ts', '--seeds', '1', '--relays', '3'], bugs)

  it('are found because they are there: without them both come out well', async () => {
    for (const { exit, text } of await Promise.all([simulate([]), histories([])])) assert.equal(exit, 0, text)
  })

  it('a ratchet step that is not written with what it was for: a key is used twice', async () => {
    const { exit, text } = await simulate([{ file: 'node/turn/turn.ts', from: '      sealer.write(writer)\n', to: '      if (work.drafts.length === 0) sealer.write(writer)\n' }])
    assert.equal(exit, 11, text)
    assert.match(text, /each ratchet key is used once; \d+ were used for two texts/)
  })

  it('an order by the wall clock: two sides show another one', async () => {
    const { exit, text } = await simulate(['newest', 'before'].map(name => ({ name, sql: name === 'newest' ? 'contact = ? ORDER BY position DESC, id DESC LIMIT ?\')' : '(position, id) < (?, ?) ORDER BY position DESC' }))
      .map(({ sql }) => ({ file: 'store/tables/messages.ts', from: sql, to: sql.replace('ORDER BY position', 'ORDER BY received_at') })))
    assert.equal(exit, 11, text)
    assert.match(text, /order == causal/)
  })

  it('a wish to send that is not known again when it is repeated: a message is there twice', async () => {
    const { exit, text } = await simulate([
      { file: SEND, from: 'reader.idempotency.get(idempotencyKey) ?? sendNow()', to: 'sendNow()' },
      { file: SEND, from: 'replyTo: replied?.id }, idempotencyKey })', to: 'replyTo: replied?.id }, idempotencyKey: undefined })' }
    ])
    assert.equal(exit, 11, text)
    assert.match(text, /duplicates == 0/)
  })

  it('a relay that signs for what it has not committed', async () => {
    const { exit, text } = await histories([{
      file: 'node/relay/scribe.ts',
      from: "      reach('relay.beforeCommit')\n    })\n",
      to: "      reach('relay.beforeCommit')\n      if (group.every(({ bytes }) => bytes > 0)) throw new RangeError('planted')\n    })\n"
    }, {
      file: 'node/relay/scribe.ts',
      from: '    store.commit(writer => {\n',
      to: "    const commit = (work) => { try { store.commit(work) } catch (thrown) { if (thrown.message !== 'planted') throw thrown } }\n    commit(writer => {\n"
    }])
    assert.equal(exit, 1, text)
  })
})

async function run (args: readonly string[], bugs: readonly Bug[]): Promise<Ended> {
  const environment = bugs.length === 0 ? process.env : plantedEnvironment(bugs)
  return await new Promise(resolve => {
    execFile(process.execPath, args, { env: environment, maxBuffer: 2 ** 24 }, (fault, stdout, stderr) => {
      resolve({ exit: fault === null ? 0 : Number(fault.code), text: `${stdout}${stderr}` })
    })
  })
}
