/** Somebody is away, or nobody's node runs: what waits, says so, and arrives. */
import assert from 'node:assert/strict'
import type { MessageView, StatusView, TraceStep } from '../../protocols/local/schema.ts'
import { Person, befriend, eventually, killAll, makeFolder, removeFolder } from './skein.ts'

interface Sent { readonly id: string, readonly state: string }
interface Trace { readonly headline: string, readonly steps: readonly TraceStep[], readonly next: readonly TraceStep[] }

describe('somebody who is away', function () {
  this.timeout(120_000)
  let folder: string
  let ana: Person
  let bob: Person

  before(async () => {
    folder = await makeFolder()
    ;[ana, bob] = await Promise.all([Person.create('Ana', { folder }), Person.create('Bob', { folder })])
    await Promise.all([ana.up(), bob.up()])
    await befriend(ana, bob)
  })

  after(async () => {
    await Promise.all([ana.down(), bob.down()])
    await killAll()
    await removeFolder(folder)
  })

  async function stateOf (id: string): Promise<string> {
    return (await ana.data<{ readonly message: MessageView }>('msg', 'show', id)).message.state
  }

  it('gets later what was sent meanwhile, once and in order', async () => {
    await bob.down()
    const error = await ana.fault(6, 'send', '@bob', 'While you were away', '--wait', 'delivered', '--timeout', '1s')
    const { id, state } = error.data as Sent
    assert.equal(state, 'queued')
    assert.ok(error.hint?.includes(id), 'the hint says how to look')
    const second = await ana.data<Sent>('send', '@bob', 'And another')
    assert.equal(second.state, 'queued')

    const trace = await eventually(async () => await ana.data<Trace>('msg', 'trace', id), ({ steps }) => steps.some(({ step }) => step === 'unreachable'))
    assert.match(trace.headline, /^Queued on this computer, safe across restarts\. No device of bob has been reached yet\.$/)
    assert.ok(trace.next.some(({ step }) => step === 'delivered'))
    assert.equal((await ana.data<StatusView>('status')).outbox.open, 2)
    assert.deepEqual([await stateOf(id), await stateOf(second.id)], ['queued', 'queued'])

    await bob.up()
    await eventually(async () => await Promise.all([stateOf(id), stateOf(second.id)]), states => states.every(known => known === 'delivered'))
    assert.deepEqual((await bob.messages('Ana')).map(({ text }) => text), ['Hello Bob', 'While you were away', 'And another'])
    assert.equal((await ana.data<StatusView>('status')).outbox.open, 0)
  })

  it('gets nothing that was taken back before', async () => {
    await bob.down()
    const { id } = await ana.data<Sent>('send', '@bob', 'Forget this')
    await ana.succeed('msg', 'cancel', id)
    assert.equal(await stateOf(id), 'cancelled')
    await bob.up()
    await ana.succeed('send', '@bob', 'Remember this', '--wait', 'delivered')
    assert.deepEqual((await bob.messages('Ana', 2)).map(({ text }) => text), ['And another', 'Remember this'])
    await ana.fault(7, 'msg', 'cancel', (await ana.messages('@bob', 1))[0]?.id ?? '')
  })

  it('does not keep the sender from stopping: what is queued survives it', async () => {
    await bob.down()
    const { id } = await ana.data<Sent>('send', '@bob', 'Across a restart')
    await ana.down()
    const status = await ana.data<StatusView & { readonly isRunning: boolean }>('status')
    assert.deepEqual([status.isRunning, status.outbox.open], [false, 1])
    await Promise.all([ana.up(), bob.up()])
    await eventually(async () => await stateOf(id), known => known === 'delivered')
  })

  it('is reached by a command that starts a node for its own duration', async () => {
    await ana.down()
    const { id } = await ana.data<Sent>('send', '@bob', 'From one command', '--wait', 'delivered', '--timeout', '20s')
    assert.equal((await bob.messages('Ana', 1))[0]?.id, id)
    assert.equal((await ana.messages('@bob', 1))[0]?.text, 'From one command')
    const [found] = await ana.lines<MessageView>('search', 'one command')
    assert.equal(found?.id, id)
    await ana.up()
  })

  it('is waited for by several commands at once, each of which gets its turn', async () => {
    await ana.down()
    const texts = ['one', 'two', 'three']
    const sent = await Promise.all(texts.map(async text => await ana.data<Sent>('send', '@bob', text, '--wait', 'queued')))
    assert.equal(new Set(sent.map(({ id }) => id)).size, 3)
    await ana.up()
    const arrived = await eventually(async () => await bob.messages('Ana', 3), messages => messages.every(({ text }) => texts.includes(text)))
    assert.deepEqual(arrived.map(({ text }) => text).toSorted(), texts.toSorted())
  })
})
