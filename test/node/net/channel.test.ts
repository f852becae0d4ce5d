import assert from 'node:assert/strict'
import type { Stream } from '@libp2p/interface'
import { UnreachableError } from '../../../protocols/core/errors.ts'
import { encodeFrames } from '../../../protocols/core/framing.ts'
import { SEND_BUFFER_BYTES_MAX, STREAMS_PER_PEER_MAX } from '../../../protocols/core/limits.ts'
import type { Channel, ChannelEnd, FrameHandler } from '../../../node/ports.ts'
import type { Libp2pNetwork } from '../../../node/net/network.ts'
import { ASK, Inbox, TALK, TCP, WEBSOCKET, bareStream, newNetwork, newStranger, stopAll, targetOf, text } from './neighbours.ts'

const MIB = 1024 * 1024
const nothing = (): void => { /* nothing comes */ }

describe('a channel', () => {
  afterEach(stopAll)

  for (const listen of [TCP, WEBSOCKET]) {
    it(`stops a fast sender while the reader works, and loses nothing, over ${listen}`, async () => {
      const release = Promise.withResolvers<undefined>()
      const inbox = new Inbox()
      const { ana, bob, channel } = await talk({
        listen,
        onFrames: frames => {
          inbox.take(frames.map(frame => frame.subarray(0, 4)))
          return release.promise
        }
      })
      const before = process.memoryUsage.rss()
      const count = 4096
      let settledCount = 0
      const sending = (async () => {
        for (let index = 0; index < count; index++) {
          await channel.send([numbered(index, 16 * 1024)])
          settledCount = index + 1
        }
      })()
      await standstill(() => settledCount, () => ana.request(targetOf(bob), ASK, new Uint8Array(1)))
      assert.ok(settledCount * 16 * 1024 < 4 * MIB, `${settledCount} frames of 16 KiB were taken`)
      assert.ok(process.memoryUsage.rss() - before < 64 * MIB)
      release.resolve(undefined)
      await Promise.all([sending, inbox.until(count)])
      assert.deepEqual(inbox.frames.map(numberOf), Array.from({ length: count }, (_, index) => index))
      assert.equal(settledCount, count)
    })
  }

  it('reads on only as fast as each piece of work is done', async () => {
    const inbox = new Inbox()
    let workingCount = 0
    const { channel } = await talk({
      onFrames: async frames => {
        assert.equal(++workingCount, 1)
        await new Promise<void>(resolve => { setImmediate(resolve) })
        workingCount--
        inbox.take(frames)
      }
    })
    const count = 3000
    for (let index = 0; index < count; index++) await channel.send([numbered(index, 2000)])
    await inbox.until(count)
    assert.deepEqual(inbox.frames.map(numberOf), Array.from({ length: count }, (_, index) => index))
  })

  it('is cut when senders do not wait, instead of filling the memory', async () => {
    const { channel } = await talk({ onFrames: () => new Promise<void>(() => { /* never done */ }) })
    const sends: Array<Promise<unknown>> = []
    for (let bytes = 0; bytes < 2 * SEND_BUFFER_BYTES_MAX; bytes += 64 * 1024) sends.push(channel.send([numbered(0, 64 * 1024)]))
    const outcomes = await Promise.allSettled(sends)
    assert.ok(outcomes.some(outcome => outcome.status === 'rejected' && outcome.reason instanceof UnreachableError))
    assert.equal(await channel.closed, 'reset')
  })

  it('that is closed still brings what was sent, even to a slow reader', async () => {
    const inbox = new Inbox()
    const inbound: Channel[] = []
    const { ana, channel } = await talk({
      onAccept: accepted => inbound.push(accepted),
      onFrames: async frames => {
        await new Promise<void>(resolve => { setImmediate(resolve) })
        inbox.take(frames)
      }
    })
    for (let index = 0; index < 100; index++) await channel.send([numbered(index, 1000)])
    channel.close()
    channel.close()
    assert.equal(await channel.closed, 'closed')
    await ana.stop()
    await inbox.until(100)
    assert.equal(await inbound[0]?.closed, 'closed')
  })

  it('brings what had arrived when the connection ended behind it', async () => {
    const inbox = new Inbox()
    const firstTaken = Promise.withResolvers<undefined>()
    const release = Promise.withResolvers<undefined>()
    const inbound: Channel[] = []
    const { ana, bob, channel } = await talk({
      onAccept: accepted => inbound.push(accepted),
      onFrames: frames => {
        inbox.take(frames)
        firstTaken.resolve(undefined)
        return release.promise
      }
    })
    await channel.send(text('first'))
    await firstTaken.promise
    await channel.send(text('second', 'third'))
    await ana.request(targetOf(bob), ASK, new Uint8Array(1))
    channel.close()
    await channel.closed
    await ana.disconnectAll()
    await standstill(() => bob.connectionCount(), () => Promise.resolve())
    assert.deepEqual(inbox.lines, ['first'])
    release.resolve(undefined)
    assert.equal(await inbound[0]?.closed, 'closed')
    assert.deepEqual(inbox.lines, ['first', 'second', 'third'])
  })

  it('is over even while its handler still works', async () => {
    const inbound: Channel[] = []
    const taken = Promise.withResolvers<undefined>()
    const { ana, bob, channel } = await talk({
      onAccept: accepted => inbound.push(accepted),
      onFrames: () => {
        taken.resolve(undefined)
        return new Promise<void>(() => { /* never done */ })
      }
    })
    await channel.send(text('work'))
    await taken.promise
    await ana.disconnectAll()
    assert.equal(await inbound[0]?.closed, 'reset')
    const again = await ana.openChannel(targetOf(bob), TALK, nothing)
    await again.send(text('work'))
    await bob.stop()
    assert.equal(await inbound[1]?.closed, 'stopped')
  })

  it('that this side has closed takes and brings nothing more', async () => {
    const inbox = new Inbox()
    const { channel } = await talk({ onFrames: inbox.take })
    channel.close()
    await assert.rejects(channel.send(text('too late')), UnreachableError)
    await channel.closed
    assert.deepEqual(inbox.lines, [])
  })

  it('ends for both sides when either closes it', async () => {
    const inbound = Promise.withResolvers<Channel>()
    const { channel } = await talk({ onAccept: inbound.resolve, onFrames: nothing })
    const accepted = await inbound.promise
    accepted.close()
    assert.equal(await channel.closed, 'closed')
    assert.equal(await accepted.closed, 'closed')
  })

  it('rejects a send that waits when the other side goes', async () => {
    const { ana, channel } = await talk({ onFrames: () => new Promise<void>(() => { /* never done */ }) })
    const waiting = (async () => { for (;;) await channel.send([numbered(0, 64 * 1024)]) })()
    await ana.disconnectAll()
    await assert.rejects(waiting, UnreachableError)
    assert.equal(await channel.closed, 'reset')
  })

  it('ends as tooLarge at a frame above the limit, and its neighbour goes on', async () => {
    const inbox = new Inbox()
    const inbound: Channel[] = []
    const { ana, bob, channel } = await talk({ onAccept: accepted => inbound.push(accepted), onFrames: inbox.take })
    const neighbour = await ana.openChannel(targetOf(bob), TALK, nothing)
    await channel.send([numbered(1, TALK.frameBytesMax)])
    await channel.send([numbered(2, TALK.frameBytesMax + 1)])
    assert.equal(await channel.closed, 'reset')
    assert.equal(await inbound[0]?.closed, 'tooLarge')
    await neighbour.send(text('still here'))
    await inbox.until(2)
    assert.deepEqual(inbox.frames.map(frame => frame.byteLength), [TALK.frameBytesMax, 10])
    assert.equal(ana.connectionCount(), 1)
  })

  const faults: Array<readonly [how: string, onFrames: FrameHandler]> = [
    ['throws', () => { throw new Error('a fault of the handler') }],
    ['rejects', () => Promise.reject(new Error('a fault of the handler'))]
  ]
  for (const [how, onFrames] of faults) {
    it(`ends alone when its handler ${how}`, async () => {
      const inbound: Channel[] = []
      const faults: Error[] = []
      const { ana, bob, channel } = await talk({ onAccept: accepted => inbound.push(accepted), onFrames, onFault: fault => faults.push(fault) })
      const neighbour = await ana.openChannel(targetOf(bob), TALK, nothing)
      await channel.send(text('one', 'two'))
      assert.equal(await channel.closed, 'reset')
      assert.equal(await inbound[0]?.closed, 'reset')
      assert.deepEqual(faults.map(fault => fault.message), ['a fault of the handler'])
      await ana.request(targetOf(bob), ASK, new Uint8Array(1))
      neighbour.close()
      assert.equal(await neighbour.closed, 'closed')
    })
  }

  it('ends alone when nobody takes it in', async () => {
    const inbound: Channel[] = []
    const { ana, bob, channel } = await talk({
      onAccept: accepted => {
        if (inbound.push(accepted) > 1) throw new Error('not now')
      },
      onFrames: nothing
    })
    assert.equal(await endOfOpening(ana.openChannel(targetOf(bob), TALK, nothing)), 'reset')
    assert.equal(await inbound[1]?.closed, 'reset')
    channel.close()
    assert.equal(await channel.closed, 'closed')
  })

  it('is opened by one peer as often as the limit says', async () => {
    const inbound: Channel[] = []
    const { ana, bob, channel } = await talk({ onAccept: accepted => inbound.push(accepted), onFrames: nothing })
    for (let count = 1; count < STREAMS_PER_PEER_MAX; count++) await ana.openChannel(targetOf(bob), TALK, nothing)
    assert.equal(await endOfOpening(ana.openChannel(targetOf(bob), TALK, nothing)), 'reset')
    channel.close()
    assert.equal(await inbound[0]?.closed, 'closed')
    await channel.closed
    const next = await ana.openChannel(targetOf(bob), TALK, nothing)
    next.close()
    assert.equal(await next.closed, 'closed')
    assert.equal(ana.connectionCount(), 1)
  })
})

describe('a stream that misbehaves', () => {
  afterEach(stopAll)

  it('is cut when its frame does not end in time', async () => {
    const { inbound, stream } = await strangerOnChannel({ onFrames: nothing })
    stream.send(encodeFrames([new Uint8Array(1000)]).subarray(0, 500))
    assert.equal(await (await inbound).closed, 'timeout')
  })

  it('is not cut for a frame that does not end while we are the ones who do not read', async () => {
    const release = Promise.withResolvers<undefined>()
    const inbox = new Inbox()
    const { bob, inbound, stream } = await strangerOnChannel({
      onFrames: frames => {
        inbox.take(frames)
        return release.promise
      }
    })
    const [first, second] = [encodeFrames(text('first')), encodeFrames(text('second'))]
    stream.send(Buffer.concat([first, second.subarray(0, 3)]))
    await inbox.until(1)
    // Longer than the frame time-out of 100 ms: the timer of this test is the only clock that counts here.
    await new Promise<void>(resolve => { setTimeout(resolve, 250) })
    stream.send(second.subarray(3))
    release.resolve(undefined)
    await inbox.until(2)
    assert.deepEqual(inbox.lines, ['first', 'second'])
    await bob.stop()
    assert.equal(await (await inbound).closed, 'stopped')
  })

  it('ends its channel and no more when it is reset within a frame', async () => {
    const { bob, inbound, stream } = await strangerOnChannel({ onFrames: nothing })
    stream.send(encodeFrames([new Uint8Array(1000)]).subarray(0, 500))
    stream.abort(new Error('gone'))
    assert.equal(await (await inbound).closed, 'reset')
    assert.equal(bob.connectionCount(), 1)
  })

  it('ends its channel when it was finished before it began', async () => {
    const { inbound, stream } = await strangerOnChannel({ onFrames: nothing })
    await stream.close()
    assert.equal(await (await inbound).closed, 'closed')
  })

  it('brings what it carried, however small the pieces', async () => {
    const inbox = new Inbox()
    const { stream } = await strangerOnChannel({ onFrames: inbox.take })
    for (const byte of encodeFrames(text('in', 'single', 'bytes'))) stream.send(Uint8Array.of(byte))
    await inbox.until(3)
    assert.deepEqual(inbox.lines, ['in', 'single', 'bytes'])
  })
})

interface Talk {
  readonly listen?: string
  readonly onAccept?: (channel: Channel) => void
  readonly onFrames: FrameHandler
  readonly onFault?: (fault: Error) => void
}

/** Ana has opened a channel to Bob, whose side is `onFrames`; Bob also echoes requests. */
async function talk ({ listen = TCP, onAccept, onFrames, onFault = nothing }: Talk): Promise<{ ana: Libp2pNetwork, bob: Libp2pNetwork, channel: Channel }> {
  const ana = newNetwork({ listen: [] })
  const bob = newNetwork({ listen: [listen], onFault })
  bob.serveChannel(TALK, channel => {
    onAccept?.(channel)
    return onFrames
  })
  bob.serveRequest(ASK, request => Promise.resolve(request))
  await Promise.all([ana.start(), bob.start()])
  return { ana, bob, channel: await ana.openChannel(targetOf(bob), TALK, nothing) }
}

/** A stranger has a bare stream where Bob has a channel. */
async function strangerOnChannel ({ onFrames }: Talk): Promise<{ bob: Libp2pNetwork, inbound: Promise<Channel>, stream: Stream }> {
  const accepted = Promise.withResolvers<Channel>()
  const bob = newNetwork({ timeouts: { frameMs: 100 } })
  bob.serveChannel(TALK, channel => {
    accepted.resolve(channel)
    return onFrames
  })
  await bob.start()
  return { bob, inbound: accepted.promise, stream: await bareStream(await newStranger(), bob, TALK) }
}

/** Whoever refuses a stream may be quicker than its opening is: then that fails, else the channel is reset. */
async function endOfOpening (opening: Promise<Channel>): Promise<ChannelEnd> {
  try {
    return await (await opening).closed
  } catch (error) {
    assert.ok(error instanceof UnreachableError)
    return 'reset'
  }
}

/** Waits until `value` has stayed the same over fifty rounds of `round`. */
async function standstill (value: () => number, round: () => Promise<unknown>): Promise<void> {
  let seen = value()
  for (let rounds = 0; rounds < 50; rounds++) {
    await round()
    await new Promise<void>(resolve => { setImmediate(resolve) })
    if (value() === seen) continue
    seen = value()
    rounds = 0
  }
}

function numbered (index: number, bytes: number): Uint8Array {
  const frame = new Uint8Array(bytes)
  new DataView(frame.buffer).setUint32(0, index)
  return frame
}

function numberOf (frame: Uint8Array): number { return new DataView(frame.buffer, frame.byteOffset).getUint32(0) }
