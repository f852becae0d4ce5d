/** A testnet as a developer uses it: `skein testnet …` and nothing else. Each fault is observed, not only asked for. */
import assert from 'node:assert/strict'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { NodeView, StatusView } from '../../testnet/control/operations.ts'
import { Net } from './net.ts'
import { faultOf, makeFolder, removeFolder, skein, succeed } from './skein.ts'

const HOUR_MS = 3_600_000
/** Nobody tells when a process is gone that is no child of ours. */
const LOOK_MS = 20

describe('a testnet', function () {
  this.timeout(120_000)
  let folder = ''
  let net: Net
  before(async () => {
    folder = await makeFolder()
    net = new Net(join(folder, 'net'))
    await net.up('--users', '2', '--relays', '1')
  })
  after(async () => {
    await skein(['testnet', 'down', '--dir', net.directory])
    await removeFolder(folder)
  })
  afterEach(async () => {
    await net.testnet('heal')
    await net.testnet('netem')
    for (const name of ['relay1', 'ana', 'bob']) await net.testnet('start', name)
  })

  it('has users who know each other, and relays that they use', async () => {
    const { nodes, cable } = await net.testnet<StatusView>('ps')
    assert.equal(cable, 'userspace')
    assert.deepEqual(nodes.map(({ name, kind, state }) => [name, kind, state]), [['relay1', 'relay', 'up'], ['ana', 'user', 'up'], ['bob', 'user', 'up']])
    for (const { pid } of nodes) assert.ok(pid !== null && isAlive(pid))
    assert.equal(await net.send('ana', '@bob', 'hello', '--wait', 'delivered'), true)
    assert.equal((await net.as<readonly unknown[]>('bob', 'relays', 'list')).length, 1)
    assert.equal((await net.as<{ readonly mailboxes: number }>('relay1', 'relay', 'status')).mailboxes, 2)
  })

  it('passes on what a command says, and how it ends', async () => {
    const direct = await skein(['testnet', 'exec', 'ana', '--dir', net.directory, '--', 'send', '@nobody', 'hello'])
    assert.deepEqual([direct.exit, /no contact/.test(direct.stderr)], [5, true])
    assert.equal(await net.fault(2, 'exec', 'ana'), 'there is no command to run')
  })

  it('cuts a line, and what was sent arrives when it is whole again', async () => {
    await net.testnet('partition', 'ana', 'bob,relay1')
    assert.equal(await net.send('ana', '@bob', 'into the void', '--wait', 'delivered', '--timeout', '2s'), false)
    assert.ok(!(await net.texts('bob', 'ana')).includes('into the void'))
    await net.testnet('heal')
    assert.equal(await net.send('ana', '@bob', 'whole again', '--wait', 'delivered'), true)
    assert.ok((await net.texts('bob', 'ana')).includes('into the void'))
  })

  it('cuts the line of a command, too, that is the node where nobody is up', async () => {
    await net.testnet('crash', 'ana')
    await net.testnet('partition', 'ana', 'bob,relay1')
    assert.equal(await net.send('ana', '@bob', 'from a command', '--wait', 'delivered', '--timeout', '3s'), false)
    assert.ok(!(await net.texts('bob', 'ana')).includes('from a command'))
    await net.testnet('heal')
    assert.equal(await net.send('ana', '@bob', 'from another one', '--wait', 'delivered'), true)
    assert.ok((await net.texts('bob', 'ana')).includes('from a command'))
  })

  it('makes a cut whole by itself when its time is over', async () => {
    const { partitions } = await net.testnet<StatusView>('partition', 'ana', 'bob,relay1', '--for', '1s')
    assert.deepEqual(partitions, [{ left: ['ana'], right: ['bob', 'relay1'] }])
    assert.equal(await net.send('ana', '@bob', 'after a second', '--wait', 'delivered'), true)
    assert.deepEqual((await net.testnet<StatusView>('ps')).partitions, [])
  })

  it('makes lines slow', async () => {
    await net.testnet('netem', '--delay', '100ms')
    const { ms } = await net.as<{ readonly ms: number }>('ana', 'ping', '@bob')
    // There and back, each time over two lines.
    assert.ok(ms >= 400, `${ms} ms`)
    assert.match(await net.fault(2, 'netem', '--loss', '5%'), /loses nothing/)
    assert.equal(await net.fault(2, 'netem', '--rate', 'fast'), '--rate takes a rate such as 500kbit or 2mbit')
  })

  it('puts a clock wrong while its node runs', async () => {
    await net.testnet('clock', 'bob', '--skew', '-1h')
    assert.equal((await net.node('bob')).skewMs, -HOUR_MS)
    const skewOf = async (text: string): Promise<number> => {
      await net.send('bob', '@ana', text, '--wait', 'delivered')
      const message = (await net.messages('ana', 'bob')).find(each => each.text === text)
      return Date.parse(message?.receivedAt ?? '') - Date.parse(message?.sentAt ?? '')
    }
    // Looked at ten times a second.
    while (await skewOf(`from the past ${performance.now()}`) < HOUR_MS * 0.9);
    await net.testnet('clock', 'bob', '--skew', '0')
    while (await skewOf(`from now ${performance.now()}`) > HOUR_MS * 0.1);
  })

  it('kills a node, and relays keep what comes for it meanwhile', async () => {
    const { pid } = await net.node('bob')
    const { state, pid: after } = await net.testnet<NodeView>('crash', 'bob')
    assert.deepEqual([state, after, isAlive(pid ?? 0)], ['down', null, false])
    assert.equal(await net.send('ana', '@bob', 'while you were away', '--wait', 'stored:1'), true)
    await net.testnet('crash', 'ana')
    await net.testnet('start', 'bob')
    while (!(await net.texts('bob', 'ana')).includes('while you were away'));
  })

  it('takes the disk of a relay, and the relay stays the one that it was', async () => {
    await net.testnet('crash', 'bob')
    assert.equal(await net.send('ana', '@bob', 'kept by one', '--wait', 'stored:1'), true)
    const { peerId } = await net.as<{ readonly peerId: string }>('relay1', 'relay', 'status')
    await net.testnet('crash', 'relay1', '--lose-disk')
    await net.testnet('start', 'relay1')
    const { peerId: again, envelopes } = await net.as<{ readonly peerId: string, readonly envelopes: number }>('relay1', 'relay', 'status')
    assert.deepEqual([again, envelopes], [peerId, 0])
  })

  it('lets a process stand still and go on', async () => {
    await net.testnet('pause', 'bob')
    assert.equal((await net.node('bob')).state, 'paused')
    assert.equal(await net.send('ana', '@bob', 'are you asleep?', '--wait', 'delivered', '--timeout', '2s'), false)
    await net.testnet('resume', 'bob')
    while (!(await net.texts('bob', 'ana')).includes('are you asleep?'));
  })

  it('brings everybody back to a state that was kept', async () => {
    assert.equal(await net.send('ana', '@bob', 'to be kept', '--wait', 'delivered'), true)
    const { name } = await net.testnet<{ readonly name: string }>('snapshot', 'before')
    assert.deepEqual([name, await net.testnet('snapshot')], ['before', { snapshots: ['before'] }])
    assert.equal(await net.send('ana', '@bob', 'to be forgotten', '--wait', 'delivered'), true)
    const { nodes } = await net.testnet<StatusView>('restore', 'before')
    assert.ok(nodes.every(({ state }) => state === 'up'))
    for (const [reader, writer] of [['bob', 'ana'], ['ana', 'bob']] as const) {
      const texts = await net.texts(reader, writer)
      assert.deepEqual([texts.includes('to be kept'), texts.includes('to be forgotten')], [true, false])
    }
    assert.equal(await net.send('bob', '@ana', 'and on it goes', '--wait', 'delivered'), true)
    assert.match(await net.fault(2, 'snapshot', 'before'), /already/)
    assert.match(await net.fault(5, 'restore', 'after'), /no snapshot after/)
    assert.match(await net.fault(2, 'snapshot', '../before'), /small letters/)
  })

  it('says what is wrong with a wish', async () => {
    assert.equal(await net.fault(5, 'crash', 'zoe'), 'there is no zoe in this testnet')
    assert.equal((await faultOf(5, ['testnet', 'exec', 'zoe', '--dir', net.directory, 'status'])).message, 'there is no zoe in this testnet')
    assert.equal(await net.fault(2, 'nat', 'ana', '--kind', 'symmetric'), 'this cable has no routers: everybody is on one loopback')
    assert.equal(await net.fault(2, 'nat', 'ana', '--kind', 'conical'), 'there is no router of the kind conical')
    for (const command of ['power-off', 'fill-disk']) assert.equal(await net.fault(2, command, 'relay1'), 'all homes lie on the disk of this computer')
    assert.equal(await net.fault(2, 'netem', '--loss', '101%'), '--loss takes a share such as 5% or 0.5%')
    assert.match(await net.fault(2, 'up', '--cable', 'namespaces'), /has the cable userspace/)
    assert.match(await net.fault(2, 'up', '--disks'), /have no disks of their own/)
    assert.equal(await net.fault(2, 'partition', 'ana', 'ana'), 'ana cannot be on both sides of a partition')
    assert.match(await net.fault(2, 'up', '--users', '7'), /has 2 users and 1 relays/)
    assert.equal((await net.up()).nodes.length, 3, 'it is up already')
    const elsewhere = new Net(join(folder, 'none'))
    assert.equal(await elsewhere.fault(8, 'ps'), 'no testnet runs here')
    assert.match(await elsewhere.fault(5, 'logs'), /there is no testnet in/)
    const other = join(folder, 'other')
    await mkdir(other)
    assert.match((await faultOf(7, ['testnet', 'down', '--delete', '--dir', other])).message, /holds no testnet/)
    assert.deepEqual(await readdir(other), [])
    await net.testnet('crash', 'ana')
    assert.equal(await net.fault(8, 'pause', 'ana'), 'ana is down')
  })

  it('stops everybody, keeps everything, and comes back as it was', async () => {
    assert.equal(await net.send('ana', '@bob', 'before the night', '--wait', 'delivered'), true)
    const before = await net.testnet<StatusView>('ps')
    assert.deepEqual(await net.testnet('down'), { nodes: 3, isDeleted: false })
    for (const { pid } of before.nodes) assert.equal(isAlive(pid ?? 0), false)
    const back = await net.up()
    assert.deepEqual(back.nodes.map(({ name, address }) => [name, address]), before.nodes.map(({ name, address }) => [name, address]))
    assert.ok((await net.texts('bob', 'ana')).includes('before the night'))
    assert.match(await succeed(['testnet', 'logs', 'relay1', '--dir', net.directory]), /The relay has stopped/)
  })

  it('leaves no process behind when what holds it together is killed', async () => {
    const { nodes } = await net.testnet<StatusView>('ps')
    process.kill(net.pid, 'SIGKILL')
    while (nodes.some(({ pid }) => isAlive(pid ?? 0))) await delay(LOOK_MS)
    assert.match(await net.fault(8, 'ps'), /is down: the process that held it together was ended/)
    await net.up()
  })
})

function isAlive (pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
