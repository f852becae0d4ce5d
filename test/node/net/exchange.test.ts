import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Stream } from '@libp2p/interface'
import { UnreachableError } from '../../../protocols/core/errors.ts'
import { REQUEST_TIMEOUT_MS } from '../../../protocols/core/limits.ts'
import { encodeFrames } from '../../../protocols/core/framing.ts'
import type { Libp2pNetwork } from '../../../node/net/network.ts'
import { ASK, TALK, TCP, WEBSOCKET, bareStream, newNetwork, newStranger, read, stopAll, targetOf, text } from './neighbours.ts'

/** For the tests of silence. */
const SHORT_MS = 300

describe('a request', () => {
  afterEach(stopAll)

  for (const listen of [TCP, WEBSOCKET]) {
    it(`brings its answer, from nothing to the limit, over ${listen}`, async () => {
      const { ana, bob } = await askedAndAsking(request => Promise.resolve(request), { listen })
      for (const bytes of [0, 1, 1000, ASK.frameBytesMax]) {
        const request = new Uint8Array(bytes).fill(bytes)
        assert.deepEqual(await ana.request(targetOf(bob), ASK, request), request)
      }
    })
  }

  it('finds its own answer among many at once, also right behind the handshake', async () => {
    const { ana, bob } = await askedAndAsking(async request => {
      await new Promise<void>(resolve => { setImmediate(resolve) })
      return request
    })
    for (let round = 0; round < 20; round++) {
      const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => ana.request(targetOf(bob), ASK, Uint8Array.of(index))))
      assert.deepEqual(answers.map(answer => answer[0]), Array.from({ length: 50 }, (_, index) => index))
      await ana.disconnectAll()
    }
  })

  it('is unreachable when the answerer fails, and the next one is not', async () => {
    let isFirst = true
    const { ana, bob } = await askedAndAsking(request => {
      if (!isFirst) return Promise.resolve(request)
      isFirst = false
      return Promise.reject(new Error('a fault of the answerer'))
    })
    await assert.rejects(ana.request(targetOf(bob), ASK, new Uint8Array(1)), UnreachableError)
    await ana.request(targetOf(bob), ASK, new Uint8Array(1))
    assert.equal(ana.connectionCount(), 1)
  })

  it('is unreachable when no answer comes in time', async () => {
    const { ana, bob } = await askedAndAsking(() => new Promise(() => { /* never */ }), { requestMs: SHORT_MS })
    await assert.rejects(ana.request(targetOf(bob), ASK, new Uint8Array(1)), UnreachableError)
  })

  it('is unreachable when the request is above the limit', async () => {
    const { ana, bob } = await askedAndAsking(request => Promise.resolve(request))
    await assert.rejects(ana.request(targetOf(bob), ASK, new Uint8Array(ASK.frameBytesMax + 1)), UnreachableError)
  })

  it('is unreachable when the connection is cut', async () => {
    const { ana, bob } = await askedAndAsking(() => {
      void bob.disconnectAll()
      return new Promise(() => { /* never */ })
    })
    await assert.rejects(ana.request(targetOf(bob), ASK, new Uint8Array(1)), UnreachableError)
  })
})

describe('an answerer', () => {
  afterEach(stopAll)

  it('cuts off whoever sends the request too slowly', async () => {
    const stream = await strangerAsking(() => Promise.reject(new Error('nobody may get here')))
    stream.send(encodeFrames([new Uint8Array(1000)]).subarray(0, 10))
    await once(stream, 'close')
  })

  it('cuts off whoever asks nothing', async () => {
    const stream = await strangerAsking(() => Promise.reject(new Error('nobody may get here')))
    await once(stream, 'close')
  })

  it('cuts off whoever finishes without a whole request', async () => {
    const stream = await strangerAsking(() => Promise.reject(new Error('nobody may get here')))
    stream.send(encodeFrames([new Uint8Array(1000)]).subarray(0, 10))
    await stream.close()
    await once(stream, 'close')
  })

  it('cuts off whoever sends more than a request', async () => {
    const stream = await strangerAsking(() => new Promise(() => { /* never */ }))
    stream.send(encodeFrames(text('one', 'two')))
    await once(stream, 'close')
  })

  it('cuts off whoever takes the answer and never closes', async () => {
    const stream = await strangerAsking(request => Promise.resolve(request))
    let answer = ''
    stream.addEventListener('message', ({ data }) => { answer += read(data.subarray().subarray(1)) })
    stream.send(encodeFrames(text('hello')))
    await once(stream, 'close')
    assert.equal(answer, 'hello')
  })
})

describe('whoever asks', () => {
  afterEach(stopAll)

  const misbehaviours: Array<readonly [what: string, answer: (stream: Stream) => void | Promise<void>]> = [
    ['nothing', () => { /* silent */ }],
    ['half an answer and then nothing', stream => { stream.send(encodeFrames([new Uint8Array(100)]).subarray(0, 50)) }],
    ['half an answer and an end', async stream => {
      stream.send(encodeFrames([new Uint8Array(100)]).subarray(0, 50))
      await stream.close()
    }],
    ['an end', stream => stream.close()],
    ['two answers', stream => { stream.send(encodeFrames(text('one', 'two'))) }],
    ['an answer above the limit', stream => { stream.send(encodeFrames([new Uint8Array(ASK.frameBytesMax + 1)])) }],
    ['a reset', stream => { stream.abort(new Error('go away')) }]
  ]
  for (const [what, answer] of misbehaviours) {
    it(`finds a peer unreachable that sends ${what}`, async () => {
      const ana = newNetwork({ listen: [], timeouts: { requestMs: SHORT_MS } })
      await ana.start()
      const stranger = await newStranger()
      await stranger.host.handle(ASK.id, answer)
      await assert.rejects(ana.request(stranger.target, ASK, text('a question')[0] ?? new Uint8Array(0)), UnreachableError)
    })
  }
})

interface Asked {
  readonly listen?: string
  readonly requestMs?: number
}

async function askedAndAsking (answer: (request: Uint8Array) => Promise<Uint8Array>, { listen = TCP, requestMs = REQUEST_TIMEOUT_MS }: Asked = {}): Promise<{ ana: Libp2pNetwork, bob: Libp2pNetwork }> {
  const ana = newNetwork({ listen: [], timeouts: { requestMs } })
  const bob = newNetwork({ listen: [listen], timeouts: { requestMs } })
  bob.serveRequest(ASK, answer)
  bob.serveChannel(TALK, () => () => { /* nothing comes */ })
  await Promise.all([ana.start(), bob.start()])
  return { ana, bob }
}

async function strangerAsking (answer: (request: Uint8Array) => Promise<Uint8Array>): Promise<Stream> {
  const { bob } = await askedAndAsking(answer, { requestMs: SHORT_MS })
  return await bareStream(await newStranger(), bob, ASK)
}
