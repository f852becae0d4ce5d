/** Several nodes in one process: each is still one of its own to everybody else. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { MessageView } from '../../protocols/local/schema.ts'
import type { NodeView, StatusView } from '../../testnet/control/operations.ts'
import type { RunRecord } from '../../testnet/report/record.ts'
import { dataOf, environment, faultOf, LAUNCHER, linesOf, makeFolder, removeFolder, skein } from './skein.ts'

const HOUR_MS = 3_600_000

describe('a testnet in packs', function () {
  this.timeout(240_000)
  let folder = ''
  let status: StatusView
  const testnet = async <Data>(...args: readonly string[]): Promise<Data> => await dataOf<Data>(['testnet', ...args, '--dir', join(folder, 'net')])
  const send = async (from: string, to: string, ...more: readonly string[]): Promise<number | null> =>
    (await skein(['testnet', 'exec', from, '--dir', join(folder, 'net'), '--', 'send', `@${to}`, '--wait', 'delivered', ...more])).exit
  const messages = async (reader: string, writer: string): Promise<readonly MessageView[]> => await linesOf<MessageView>(['testnet', 'exec', reader, '--dir', join(folder, 'net'), '--', 'read', writer])
  before(async () => {
    folder = await makeFolder()
    status = await testnet<StatusView>('up', '--users', '10', '--relays', '2', '--pack', '5')
  })
  after(async () => {
    await skein(['testnet', 'down', '--dir', join(folder, 'net')])
    await removeFolder(folder)
  })

  it('has twelve nodes in three processes, with a home, a log and an address each', () => {
    const { nodes } = status
    assert.equal(new Set(nodes.map(({ pid }) => pid)).size, 3)
    assert.deepEqual(nodes.map(({ pack }) => pack), [...Array.from({ length: 2 }, () => 'relays1'), ...Array.from({ length: 5 }, () => 'users1'), ...Array.from({ length: 5 }, () => 'users2')])
    for (const key of ['home', 'log', 'address'] as const) assert.equal(new Set(nodes.map(node => node[key])).size, 12)
  })

  it('is refused where each node has a host or a disk of its own', async () => {
    for (const own of [['--cable', 'namespaces'], ['--disks']]) assert.match((await faultOf(2, ['testnet', 'up', '--pack', '2', ...own, '--dir', join(folder, 'other')])).message, /a pack is one process/)
  })

  it('carries messages within a pack and between packs', async () => {
    assert.deepEqual([await send('ana', 'bob', 'within'), await send('ana', 'judy', 'between')], [0, 0])
  })

  it('cuts the line between two nodes of one process, and no other', async () => {
    await testnet('partition', 'ana', 'bob,relay1,relay2')
    assert.equal(await send('bob', 'ana', 'into the void', '--timeout', '2s'), 6)
    assert.deepEqual([await send('bob', 'carol', 'beside it'), await send('carol', 'ana', 'past it')], [0, 0])
    await testnet('heal')
    while (!(await messages('ana', 'bob')).some(({ text }) => text === 'into the void'));
  })

  it('puts the clock of one of them wrong', async () => {
    await testnet('clock', 'bob', '--skew', '-1h')
    const lateMs = async (writer: string): Promise<number> => {
      const text = `from ${writer} ${performance.now()}`
      assert.equal(await send(writer, 'judy', text), 0)
      const message = (await messages('judy', writer)).find(each => each.text === text)
      return Date.parse(message?.receivedAt ?? '') - Date.parse(message?.sentAt ?? '')
    }
    while (await lateMs('bob') < HOUR_MS * 0.9);
    assert.ok(await lateMs('carol') < HOUR_MS * 0.1)
    await testnet('clock', 'bob', '--skew', '0')
  })

  it('loses a whole pack when one of it is killed, and says so; all come back, and nothing is lost', async () => {
    const { stdout } = await skein(['testnet', 'crash', 'dave', '--dir', join(folder, 'net')])
    assert.equal(stdout.trim(), 'dave is down, with all of its pack (users1).')
    const { nodes } = await testnet<StatusView>('ps')
    assert.deepEqual(nodes.filter(({ state }) => state === 'down').map(({ name }) => name), ['ana', 'bob', 'carol', 'dave', 'erin'])
    const { record } = await testnet<{ readonly record: RunRecord }>('report', '--out', join(folder, 'report.html'))
    assert.equal(record.faultCounts.killed, 5, 'a report tells of each of them')
    assert.equal((await testnet<NodeView>('start', 'ana')).state, 'up')
    assert.equal(await send('judy', 'dave', 'back again'), 0)
    const follower = spawn(process.execPath, [LAUNCHER, 'testnet', 'logs', 'ana', '--follow', '--json', '--dir', join(folder, 'net')], { env: environment(), stdio: ['ignore', 'pipe', 'inherit'] })
    const lines = createInterface({ input: follower.stdout })[Symbol.asyncIterator]()
    await testnet('down')
    // What goes on, and ends with a signal.
    assert.match(String((await lines.next()).value), /"name":"ana","line":"The node stops with its pack/)
    const ended = once(follower, 'exit')
    follower.kill('SIGINT')
    assert.deepEqual(await ended, [130, null])
    for (const name of ['ana', 'relay2']) assert.match(readFileSync(join(folder, 'net', 'logs', `${name}.log`), 'utf8'), /The node stops with its pack/)
  })
})
