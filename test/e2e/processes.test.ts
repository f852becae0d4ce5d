/** Nodes as processes: how they end, whoever ends them, and with an older Node on the machine. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { MessageView, StatusView } from '../../protocols/local/schema.ts'
import { skip } from '../skip.ts'
import { Person, befriend, eventually, isAlive, killAll, makeFolder, removeFolder } from './skein.ts'

describe('a node as a process', function () {
  this.timeout(60_000)
  let folder: string
  let ana: Person

  before(async () => {
    folder = await makeFolder()
    ana = await Person.create('Ana', { folder })
  })

  after(async () => {
    await killAll()
    await removeFolder(folder)
  })

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`ends in order, with 0, on ${signal}`, async () => {
      const up = await ana.up()
      const ended = await up.end(signal)
      assert.deepEqual([ended.exit, ended.signal], [0, null], ended.stderr)
      assert.deepEqual([existsSync(join(ana.home, 'node.sock')), existsSync(join(ana.home, 'node.pid'))], [false, false])
    })
  }

  it('ends when it is asked to by a command, which waits for it', async () => {
    const up = await ana.up()
    const closed = once(up.child, 'close')
    await ana.succeed('stop')
    await closed
    assert.equal(up.child.exitCode, 0)
    await ana.succeed('stop')
  })

  it('starts again after it was killed, at the same port', async () => {
    const up = await ana.up()
    await up.end('SIGKILL')
    const again = await ana.up()
    assert.deepEqual(again.ready.addresses, up.ready.addresses)
    await ana.succeed('status')
    await ana.down()
  })
})

describe('under an older Node', function () {
  this.timeout(120_000)
  let folder: string | undefined
  let ana: Person
  let bob: Person

  before(async function () {
    const runtime = olderNode() ?? skip(this, 'there is no Node between 18 and 22.14 on the PATH or in /usr')
    const made = await makeFolder()
    folder = made
    ;[ana, bob] = await Promise.all([Person.create('Ana', { folder: made, runtime }), Person.create('Bob', { folder: made, runtime })])
    await Promise.all([ana.up(), bob.up()])
  })

  after(async () => {
    await killAll()
    if (folder !== undefined) await removeFolder(folder)
  })

  it('everything works as under the right one', async () => {
    await befriend(ana, bob)
    const { id } = await bob.data<{ readonly id: string }>('send', 'Ana', 'From below', '--wait', 'delivered')
    assert.equal((await ana.lines<MessageView>('read', '@bob', '--limit', '1'))[0]?.id, id)
    await ana.fault(5, 'send', '@nobody', 'x')
  })

  it('a node goes with the launcher that was killed', async () => {
    const { pid } = await ana.data<StatusView>('status')
    assert.notEqual(pid, ana.node.child.pid, 'the launcher is a process of its own')
    // Resolves when the node has closed the output that it shares with its launcher.
    const { signal } = await ana.node.end('SIGKILL')
    assert.equal(signal, 'SIGKILL')
    await eventually(async () => await Promise.resolve(isAlive(pid)), alive => !alive)
    await ana.up()
  })

  it('a signal to the launcher ends the node in order', async () => {
    const { pid } = await bob.data<StatusView>('status')
    const ended = await bob.node.end('SIGTERM')
    assert.deepEqual([ended.exit, ended.signal], [0, null])
    await eventually(async () => await Promise.resolve(isAlive(pid)), alive => !alive)
  })
})

/** A Node that the launcher cannot replace itself by: it stays as a parent (docs/decisions/0001-runtime.md). */
function olderNode (): string | undefined {
  const places = [...(process.env['PATH'] ?? '').split(delimiter).filter(place => !place.includes('node_modules')), '/usr/bin', '/usr/local/bin']
  return places.map(place => join(place, 'node')).find(candidate => existsSync(candidate) && isOlder(candidate))
}

function isOlder (candidate: string): boolean {
  const [major = 0, minor = 0] = execFileSync(candidate, ['--version'], { encoding: 'utf8' }).replace('v', '').split('.').map(Number)
  return major >= 18 && (major < 22 || (major === 22 && minor < 15))
}
