/** A testnet in which each home has a disk of its own: it is full, it loses its power, and it is not mounted any more afterwards. */
import assert from 'node:assert/strict'
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, realpathSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { RelayStatusView } from '../../protocols/local/relay.ts'
import { callTestnet } from '../../testnet/control/client.ts'
import type { NodeView, StatusView } from '../../testnet/control/operations.ts'
import { whyNoDisks } from '../../testnet/disks/disks.ts'
import { skip } from '../skip.ts'
import { Net } from './net.ts'
import { eventually, makeFolder, removeFolder, skein } from './skein.ts'

const LOOK_MS = 20
const MESSAGES = 4

describe('a testnet with disks', function () {
  this.timeout(180_000)
  let folder = ''
  let net: Net
  before(async function () {
    const reason = whyNoDisks()
    if (reason !== undefined) return skip(this, reason)
    folder = await makeFolder()
    net = new Net(join(folder, 'net'))
    const { exit, stdout } = await skein(['testnet', 'up', '--users', '2', '--relays', '1', '--disks', '--dir', net.directory, '--json'])
    // No loop devices in this container, for one.
    if (exit === 1 && stdout.includes('"unfit"')) return skip(this, stdout)
    assert.equal(exit, 0, stdout)
  })
  after(async () => {
    if (folder === '') return
    await skein(['testnet', 'down', '--dir', net.directory])
    assert.deepEqual(mountsBelow(net.directory), [])
    await removeFolder(folder)
  })
  afterEach(async function () {
    if (this.currentTest?.isPending() === true) return
    for (const name of ['relay1', 'ana', 'bob']) {
      await callTestnet(net, 'start', { name })
      await callTestnet(net, 'fillDisk', { name, leaveBytes: null, forMs: null })
    }
  })

  it('has a relay that takes nothing while its disk is full, and goes on when it is not', async () => {
    await net.testnet('crash', 'bob')
    assert.equal((await net.testnet<NodeView>('fill-disk', 'relay1')).disk, 'full')
    assert.equal(await net.send('ana', '@bob', 'no room', '--wait', 'stored:1', '--timeout', '3s'), false)
    const { ready, reasons } = await net.as<RelayStatusView>('relay1', 'relay', 'status')
    assert.deepEqual([ready, reasons], [false, ['the disk refuses writes']])
    assert.equal((await net.testnet<NodeView>('fill-disk', 'relay1', '--free')).disk, 'own')
    assert.equal(await net.send('ana', '@bob', 'room', '--wait', 'stored:1', '--timeout', '60s'), true)
    assert.equal((await net.as<RelayStatusView>('relay1', 'relay', 'status')).ready, true)
    await net.testnet('start', 'bob')
    while (!(await net.texts('bob', 'ana')).includes('no room'));
  })

  it('has a user who can send nothing while the disk is full, until its time is over', async () => {
    const refusals = async (text: string): Promise<number | null> => (await skein(['testnet', 'exec', 'ana', '--dir', net.directory, '--', 'send', '@bob', text])).exit
    await net.testnet('fill-disk', 'ana', '--for', '4s')
    // What was set aside before is used up first.
    await eventually(async () => await refusals('x'.repeat(10_000)), exit => exit === 9)
    await eventually(async () => (await net.node('ana')).disk, disk => disk === 'own')
    assert.equal(await net.send('ana', '@bob', 'after a pause', '--wait', 'delivered', '--timeout', '60s'), true)
  })

  it('leaves so much as it is told', async () => {
    await net.testnet('fill-disk', 'relay1', '--leave', String(8 * 1024 * 1024))
    await net.testnet('crash', 'bob')
    assert.equal(await net.send('ana', '@bob', 'just fits', '--wait', 'stored:1', '--timeout', '60s'), true)
  })

  it('takes the power from a relay: what it has signed for is there, what nobody has waited for is not', async () => {
    await net.testnet('crash', 'bob')
    const texts = Array.from({ length: MESSAGES }, (_, index) => `kept ${index}`)
    for (const text of texts) assert.equal(await net.send('ana', '@bob', text, '--wait', 'stored:1', '--timeout', '60s'), true)
    const { home } = await net.node('relay1')
    write(join(home, 'flushed'), true)
    write(join(home, 'not-flushed'), false)
    const { state, disk } = await net.testnet<NodeView>('power-off', 'relay1')
    assert.deepEqual([state, disk], ['down', 'off'])
    assert.equal(await net.fault(8, 'fill-disk', 'relay1'), 'relay1 has no power')
    // Nobody else has them any more.
    await net.testnet('crash', 'ana')
    assert.equal((await net.testnet<NodeView>('start', 'relay1')).disk, 'own')
    assert.equal(readFileSync(join(home, 'flushed'), 'utf8'), 'words')
    assert.ok(!existsSync(join(home, 'not-flushed')) || readFileSync(join(home, 'not-flushed'), 'utf8') === '')
    await net.testnet('start', 'bob')
    await eventually(async () => await net.texts('bob', 'ana'), there => texts.every(text => there.includes(text)))
  })

  it('takes the power from a user, who has what was said', async () => {
    assert.equal(await net.send('ana', '@bob', 'said and done', '--wait', 'delivered', '--timeout', '60s'), true)
    await net.testnet('power-off', 'bob')
    await net.testnet('start', 'bob')
    assert.ok((await net.texts('bob', 'ana')).includes('said and done'))
    assert.equal(await net.send('ana', '@bob', 'with light again', '--wait', 'delivered', '--timeout', '60s'), true)
  })

  it('brings everybody back to a state that was kept, and a relay that has lost all', async () => {
    assert.equal(await net.send('ana', '@bob', 'to be kept', '--wait', 'delivered', '--timeout', '60s'), true)
    await net.testnet('snapshot', 'before')
    assert.equal(await net.send('ana', '@bob', 'to be forgotten', '--wait', 'delivered', '--timeout', '60s'), true)
    await net.testnet('power-off', 'relay1')
    await net.testnet('fill-disk', 'ana')
    await net.testnet('restore', 'before')
    assert.equal((await net.node('ana')).disk, 'full')
    await net.testnet('fill-disk', 'ana', '--free')
    const texts = await net.texts('bob', 'ana')
    assert.deepEqual([texts.includes('to be kept'), texts.includes('to be forgotten')], [true, false])
    await net.testnet('power-off', 'relay1')
    await net.testnet('crash', 'relay1', '--lose-disk')
    await net.testnet('start', 'relay1')
    assert.equal((await net.as<RelayStatusView>('relay1', 'relay', 'status')).envelopes, 0)
  })

  it('leaves nothing mounted when what holds it together is killed, and loses nothing', async () => {
    assert.equal(await net.send('ana', '@bob', 'before the fall', '--wait', 'delivered', '--timeout', '60s'), true)
    assert.equal(mountsBelow(net.directory).length, 4)
    process.kill(net.pid, 'SIGKILL')
    while (mountsBelow(net.directory).length > 0) await delay(LOOK_MS)
    assert.ok((await net.up()).nodes.every(({ disk }) => disk === 'own'))
    assert.ok((await net.texts('bob', 'ana')).includes('before the fall'))
  })

  it('is tidied up by the next start when its keeper was killed as well', async () => {
    const { pid } = net
    const keeper = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number).find(child => readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('disk.py'))
    assert.ok(keeper !== undefined)
    for (const each of [keeper, pid]) process.kill(each, 'SIGKILL')
    const status: StatusView = await net.up()
    assert.ok(status.nodes.every(({ state }) => state === 'up'))
    assert.equal(mountsBelow(net.directory).length, 4)
  })

  it('makes somebody else of a user whose disk is gone', async () => {
    const before = await net.as<{ readonly account: string }>('bob', 'status')
    await net.testnet('crash', 'bob', '--lose-disk')
    assert.equal((await net.testnet<NodeView>('start', 'bob')).state, 'up')
    assert.notEqual((await net.as<{ readonly account: string }>('bob', 'status')).account, before.account)
  })
})

/** One file, and its name in its folder. */
function write (path: string, isFlushed: boolean): void {
  const [file, folder] = [openSync(path, 'w'), openSync(join(path, '..'), 'r')]
  writeSync(file, 'words')
  if (isFlushed) for (const each of [file, folder]) fsyncSync(each)
  for (const each of [file, folder]) closeSync(each)
}

function mountsBelow (directory: string): readonly string[] {
  const top = realpathSync(directory)
  return readFileSync('/proc/self/mountinfo', 'utf8').split('\n').map(line => line.split(' ')[4] ?? '').filter(place => place.startsWith(`${top}/`))
}
