import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { Cable } from '../../testnet/cable/cable.ts'
import { PERFECT, Rules, type Partition } from '../../testnet/cable/rules.ts'

const CUT: Partition = { left: new Set(['ana']), right: new Set(['bob']) }
const PIECES = 200

/** Ana at one end of a cable, Bob's server at the other. */
class Scene implements AsyncDisposable {
  readonly rules = new Rules()
  readonly #server: Server
  readonly #cable: Cable
  readonly #sockets: Socket[] = []

  static async lay (): Promise<Scene> {
    const server = createServer({ allowHalfOpen: true })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const ports: { bob?: number } = {}
    const rules = new Rules()
    const cable = await Cable.lay({ rules, ownerOf: port => port === ports.bob ? 'bob' : undefined, random: () => 1 })
    const scene = new Scene(rules, server, cable)
    ports.bob = scene.bobPort
    return scene
  }

  private constructor (rules: Rules, server: Server, cable: Cable) {
    this.rules = rules
    this.#server = server
    this.#cable = cable
    server.on('connection', socket => { this.#sockets.push(socket) })
  }

  get bobPort (): number { return (this.#server.address() as AddressInfo).port }

  get arrivedCount (): number { return this.#sockets.length }

  dial (greeting = `ana ${this.bobPort}\n`): Socket {
    const socket = connect(this.#cable.port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write(greeting)
    return socket
  }

  async accept (): Promise<Socket> {
    const [socket] = await once(this.#server, 'connection') as [Socket]
    return socket
  }

  bytesBetween (from: string, to: string): number { return this.#cable.bytesBetween(from, to) }

  heal (): void {
    this.rules.healAll()
    this.#cable.pump()
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await this.#cable[Symbol.asyncDispose]()
  }
}

async function read (socket: Socket, bytes: number): Promise<string> {
  let text = ''
  while (text.length < bytes) text += String(await once(socket, 'data'))
  return text
}

/** Longer than a loopback takes, so that what has not come then was kept. */
async function turns (): Promise<void> { for (let count = 0; count < 200; count++) await turn() }

describe('a cable', () => {
  it('brings bytes, answers and ends there and back', async () => {
    await using scene = await Scene.lay()
    const ana = scene.dial()
    const bob = await scene.accept()
    ana.end('question')
    assert.equal(await read(bob, 8), 'question')
    await once(bob, 'end')
    bob.end('answer')
    assert.equal(await read(ana, 6), 'answer')
    await once(ana, 'close')
  })

  it('counts what it brings, each way, and not how it was greeted', async () => {
    await using scene = await Scene.lay()
    const ana = scene.dial()
    const bob = await scene.accept()
    ana.write('question')
    await read(bob, 8)
    bob.write('long answer')
    await read(ana, 11)
    assert.deepEqual([scene.bytesBetween('ana', 'bob'), scene.bytesBetween('bob', 'ana'), scene.bytesBetween('ana', 'carol')], [8, 11, 0])
  })

  it('keeps order and loses nothing on a line that is slow and uneven', async () => {
    await using scene = await Scene.lay()
    let state = 1
    scene.rules.setLink('ana', { delayMs: 3, get jitterMs () { return (state = state * 48_271 % 2_147_483_647) % 4 }, bytesPerSecond: 1_000_000 })
    const ana = scene.dial()
    const bob = await scene.accept()
    const sent = Array.from({ length: PIECES }, (_, index) => `${index};`)
    const begin = performance.now()
    for (const piece of sent) ana.write(piece)
    assert.equal(await read(bob, sent.join('').length), sent.join(''))
    assert.ok(performance.now() - begin >= 3)
  })

  it('carries more than fits into it, at its pace', async () => {
    await using scene = await Scene.lay()
    scene.rules.setLink('bob', { delayMs: 0, jitterMs: 0, bytesPerSecond: 100_000_000 })
    const ana = scene.dial()
    const bob = await scene.accept()
    const bytes = 16 * 1024 * 1024
    const begin = performance.now()
    ana.write(Buffer.alloc(bytes, 'x'))
    let count = 0
    while (count < bytes) count += (await once(bob, 'data') as [Buffer])[0].byteLength
    assert.ok(performance.now() - begin >= bytes / 100_000_000 * 1000 * 0.9)
  })

  it('is silent while it is cut, for bytes and for ends, and brings them when it is whole', async () => {
    await using scene = await Scene.lay()
    const ana = scene.dial()
    const bob = await scene.accept()
    scene.rules.cut(CUT)
    const heard: string[] = []
    bob.on('data', (bytes: Buffer) => { heard.push(bytes.toString()) })
    bob.on('end', () => { heard.push('end') })
    ana.end('lost?')
    await turns()
    assert.deepEqual(heard, [])
    const isOver = once(bob, 'end')
    scene.heal()
    await isOver
    assert.deepEqual(heard, ['lost?', 'end'])
  })

  it('lets nobody through who begins while it is cut, until it is whole', async () => {
    await using scene = await Scene.lay()
    scene.rules.cut(CUT)
    const ana = scene.dial()
    ana.write('hello')
    await turns()
    assert.equal(scene.arrivedCount, 0)
    const coming = scene.accept()
    scene.heal()
    assert.equal(await read(await coming, 5), 'hello')
  })

  it('tells who dials that nobody listens there', async () => {
    await using scene = await Scene.lay()
    scene.rules.setLink('ana', PERFECT)
    await once(scene.dial('ana 1\n'), 'close')
  })

  it('lets nobody in who does not say who it is', async () => {
    await using scene = await Scene.lay()
    for (const greeting of ['GET / HTTP/1.1\r\n\r\n', `Ana ${scene.bobPort}\n`, 'ana\n', 'x'.repeat(100)]) await once(scene.dial(greeting), 'close')
    assert.equal(scene.arrivedCount, 0)
  })
})
