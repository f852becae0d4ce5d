/** A testnet on the cable of namespaces: packets that are lost, routers of every kind, and a kernel that is clean afterwards. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Result } from '../../protocols/local/operations.ts'
import { whyNoSpaces } from '../../testnet/cable/namespaces/spaces.ts'
import type { NatKind } from '../../testnet/cable/kinds.ts'
import { callTestnet } from '../../testnet/control/client.ts'
import type { NodeView, StatusView } from '../../testnet/control/operations.ts'
import { skip } from '../skip.ts'
import { Correspondent } from './datagrams.ts'
import { Net } from './net.ts'
import { eventually, isAlive, makeFolder, removeFolder, skein } from './skein.ts'

/** Less than a kernel that is busy lays aside for later (net.core.netdev_max_backlog, 1000). */
const DATAGRAMS = 800
/** Nobody listens there (RFC 863): the kernel counts what comes. */
const DISCARD_PORT = 9
const LOOK_MS = 20
const PORTS = { ana: 5_000, bob: 6_000, other: 6_001 } as const

describe('a testnet of namespaces', function () {
  this.timeout(180_000)
  let folder = ''
  let net: Net
  let means = ''
  before(async function () {
    const reason = await whyNoSpaces()
    if (reason !== undefined) return skip(this, reason)
    folder = await makeFolder()
    net = new Net(join(folder, 'net'))
    means = (await net.up('--users', '2', '--relays', '2', '--cable', 'namespaces')).means
  })
  after(async () => {
    if (folder === '') return
    await skein(['testnet', 'down', '--dir', net.directory])
    await removeFolder(folder)
  })
  afterEach(async function () {
    if (this.currentTest?.isPending() === true) return
    await callTestnet(net, 'heal', {})
    await callTestnet(net, 'link', { names: [], delayMs: 0, jitterMs: 0, bytesPerSecond: null, loss: 0 })
  })

  it('gives each node a host with an address of its own, and says what it is made of', async () => {
    const { cable, nodes } = await net.testnet<StatusView>('ps')
    assert.equal(cable, 'namespaces')
    assert.match(means, /nftables/)
    const hosts = nodes.map(({ address }) => /^\/ip4\/(11\.0\.\d+\.2)\/tcp\/4001/.exec(address ?? '')?.[1])
    assert.equal(new Set(hosts).size, 4)
    assert.ok(!hosts.includes(undefined))
    assert.ok(nodes.every(({ nat }) => nat === 'none'))
    assert.equal((await net.as<Result<'ping'>>('ana', 'ping', '@bob')).path, 'direct')
  })

  it('loses packets, as many as it is told, and then none', async () => {
    await net.testnet('netem', 'ana', '--loss', '20%')
    // Seven standard deviations to either side of 80 %.
    const lossy = await arrivals(net, { from: 'ana', to: 'bob', share: 0.7 })
    assert.ok(lossy < DATAGRAMS * 0.9, `${lossy} of ${DATAGRAMS} came`)
    const { links } = await net.testnet<StatusView>('netem', 'bob', '--loss', '50%')
    assert.deepEqual(links.map(({ name, loss }) => [name, loss]), [['ana', 0.2], ['bob', 0.5]])
    const worse = await arrivals(net, { from: 'ana', to: 'bob', share: 0.28 })
    assert.ok(worse < DATAGRAMS * 0.52, `${worse} of ${DATAGRAMS} came`)
    await net.testnet('netem')
    await arrivals(net, { from: 'ana', to: 'bob', share: 1 })
  })

  it('makes lines slow, and keeps the pace it is told', async function () {
    if (/no delay/.test(means)) return skip(this, means)
    await net.testnet('netem', '--delay', '50ms')
    const { ms } = await net.as<Result<'ping'>>('ana', 'ping', '@bob')
    // There and back, each time over two lines.
    assert.ok(ms >= 200, `${ms} ms`)
    await net.testnet('netem', 'ana', '--rate', '2mbit')
    const beginMs = performance.now()
    const count = 300
    const before = datagramsAt(await enterOf(net, 'bob'))
    sendDatagrams(await enterOf(net, 'ana'), { to: await hostOf(net, 'bob'), count, bytes: 1_000 })
    while (datagramsAt(await enterOf(net, 'bob')) < before + count * 0.9) await delay(LOOK_MS)
    const tookMs = performance.now() - beginMs
    // 2 kilobits in a millisecond.
    assert.ok(tookMs >= count * 0.9 * 1_000 * 8 / 2_000 * 0.9, `${tookMs} ms`)
  })

  it('cuts a line without a word, and what was sent arrives when it is whole', async () => {
    await net.testnet('partition', 'ana', 'bob,relay1,relay2')
    assert.equal(await arrivals(net, { from: 'ana', to: 'bob', share: 0 }), 0)
    assert.equal(await net.send('ana', '@bob', 'into the void', '--wait', 'delivered', '--timeout', '2s'), false)
    await net.testnet('heal')
    assert.equal(await net.send('ana', '@bob', 'whole again', '--wait', 'delivered', '--timeout', '60s'), true)
    assert.ok((await net.texts('bob', 'ana')).includes('into the void'))
    const { partitions } = await net.testnet<StatusView>('partition', 'ana', 'bob', '--for', '1s')
    assert.deepEqual(partitions, [{ left: ['ana'], right: ['bob'] }])
    await eventually(async () => await net.testnet<StatusView>('ps'), ps => ps.partitions.length === 0)
    await arrivals(net, { from: 'ana', to: 'bob', share: 1 })
  })

  for (const [kind, comes] of [
    ['forwarded', ['answer', 'other port', 'other host']],
    ['full-cone', ['answer', 'other port', 'other host']],
    ['restricted', ['answer', 'other port']],
    ['port-restricted', ['answer']],
    ['symmetric', ['answer']],
    ['blocked-udp', []]
  ] as const) {
    it(`has routers that let in what a ${kind} one does`, async () => {
      assert.equal((await net.testnet<NodeView>('nat', 'ana', '--kind', kind)).nat, kind)
      const places = await Promise.all(['ana', 'bob', 'relay1'].map(async name => await enterOf(net, name)))
      await using ana = await Correspondent.start(places[0] ?? [], PORTS.ana)
      await using bob = await Correspondent.start(places[1] ?? [], PORTS.bob, PORTS.other)
      await using relay = await Correspondent.start(places[2] ?? [], PORTS.bob)
      ana.send(PORTS.ana, { host: await hostOf(net, 'bob'), port: PORTS.bob }, 'question')
      if (kind === 'blocked-udp') return await seesNothing(net, kind, bob)
      const seen = await bob.got('question')
      assert.equal(seen.host, '11.0.3.1')
      assert.equal(seen.port === PORTS.ana, kind !== 'symmetric')
      relay.send(PORTS.bob, seen, 'other host')
      bob.send(PORTS.other, seen, 'other port')
      // Who was let in comes before who is let in last: all pass by the same kernel, and the relay says when it has sent.
      relay.send(PORTS.bob, { host: await hostOf(net, 'bob'), port: PORTS.bob }, 'sent')
      await bob.got('sent')
      bob.send(PORTS.bob, seen, 'answer')
      await ana.got('answer')
      assert.deepEqual([...ana.texts].sort(), [...comes].sort())
    })
  }

  it('has nodes that find out what they are behind', async () => {
    for (const [kind, router, result] of [['forwarded', 'steady', 'reachable'], ['blocked-udp', 'blocked', undefined]] as const) {
      await net.testnet('nat', 'ana', '--kind', kind)
      await eventually(async () => await netcheck(net, 'ana'), found => found.router === router && found.checked[0]?.result === result)
    }
    assert.match(await net.fault(2, 'nat', 'relay1', '--kind', 'symmetric'), /where everybody can reach it/)
  })

  it('lets two talk through a relay who both are behind symmetric routers', async () => {
    for (const name of ['ana', 'bob']) await net.testnet('nat', name, '--kind', 'symmetric')
    for (const name of ['ana', 'bob']) await eventually(async () => await netcheck(net, name), ({ router, findings }) => router === 'changing' && findings[0]?.what === 'reachable through 2 of 2 relays')
    assert.equal(await net.send('ana', '@bob', 'from one flat to another', '--wait', 'delivered', '--timeout', '60s'), true)
    assert.equal(await net.send('bob', '@ana', 'and back', '--wait', 'delivered', '--timeout', '60s'), true)
    // One that looks for a direct way may get no answer.
    await eventually(async () => (await skein(['testnet', 'exec', 'ana', '--dir', net.directory, '--json', '--', 'ping', '@bob'])).stdout, stdout => stdout.includes('"path":"relayed"'))
    for (const name of ['ana', 'bob']) await net.testnet('nat', name, '--kind', 'none')
  })

  it('leaves no namespace and no process behind when what holds it together is killed', async () => {
    await net.testnet('netem', '--delay', '1ms', '--loss', '1%')
    const { nodes } = await net.testnet<StatusView>('ps')
    const { pid } = net
    const helpers = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number)
    assert.ok(nodes.every(each => helpers.includes(each.pid ?? 0)) && helpers.length > nodes.length)
    process.kill(pid, 'SIGKILL')
    while (helpers.some(isAlive)) await delay(LOOK_MS)
    for (const { name } of nodes) assert.ok(!existsSync(`/var/run/netns/h-${name}`))
    const back = await net.up()
    assert.deepEqual(back.nodes.map(({ address }) => address), nodes.map(({ address }) => address))
    assert.deepEqual([back.cable, back.links], ['namespaces', []])
  })
})

/** How many of so many datagrams come over, once so many have. */
async function arrivals (net: Net, { from, to, share }: { readonly from: string, readonly to: string, readonly share: number }): Promise<number> {
  const there = await enterOf(net, to)
  const before = datagramsAt(there)
  sendDatagrams(await enterOf(net, from), { to: await hostOf(net, to), count: DATAGRAMS, bytes: 100 })
  return await eventually(() => Promise.resolve(datagramsAt(there) - before), count => count >= DATAGRAMS * share)
}

function sendDatagrams ([command = '', ...enter]: readonly string[], { to, count, bytes }: { readonly to: string, readonly count: number, readonly bytes: number }): void {
  const script = `const socket = require('dgram').createSocket('udp4'); let left = ${count}; const next = () => left-- > 0 ? socket.send(Buffer.alloc(${bytes}), ${DISCARD_PORT}, '${to}', next) : socket.close(); next()`
  const { status, stderr } = spawnSync(command, [...enter, process.execPath, '-e', script], { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
}

/** That a host has got since it was there, by its kernel (net/snmp: InDatagrams, NoPorts). */
function datagramsAt ([command = '', ...enter]: readonly string[]): number {
  const { stdout } = spawnSync(command, [...enter, 'cat', '/proc/net/snmp'], { encoding: 'utf8' })
  const [, counts = ''] = stdout.split('\n').filter(line => line.startsWith('Udp:'))
  const [, inDatagrams, noPorts] = counts.split(' ').map(Number)
  return (inDatagrams ?? 0) + (noPorts ?? 0)
}

async function enterOf (net: Net, name: string): Promise<readonly string[]> { return (await callTestnet(net, 'inside', { name })).enter }

async function hostOf (net: Net, name: string): Promise<string> { return (await net.node(name)).address?.split('/')[2] ?? '' }

/** Also when it says that nobody reaches it: it may find its relays yet. */
async function netcheck (net: Net, name: string): Promise<Result<'netcheck'>> {
  const { stdout } = await skein(['testnet', 'exec', name, '--dir', net.directory, '--json', '--', 'netcheck'])
  return (JSON.parse(stdout) as { readonly data: Result<'netcheck'> }).data
}

/** Every datagram of hers is lost, though a line without that router brings them. */
async function seesNothing (net: Net, kind: NatKind, bob: Correspondent): Promise<void> {
  assert.equal(await arrivals(net, { from: 'ana', to: 'bob', share: 0 }), 0, kind)
  assert.deepEqual(bob.texts, [])
}
