import assert from 'node:assert/strict'
import { feedEvents } from '../../../cli/chat/feed.ts'
import { InvariantError } from '../../../protocols/core/invariant.ts'
import type { EventView } from '../../../protocols/local/schema.ts'
import { FakeNode, NOW_MS } from './fake-node.ts'

const EVENT: EventView = { cursor: '1', type: 'node.trouble', at: new Date(NOW_MS).toISOString() }

interface Life {
  readonly node: FakeNode
  readonly follow: (signal: AbortSignal) => AsyncIterable<EventView>
  /** Called at each pause, in place of time. */
  readonly onPause?: (count: number) => void
}

/** Runs a feed until `pauseMax` pauses have been made, and tells what it dispatched and how long it paused. */
async function live ({ node, follow, onPause = () => undefined }: Life, pauseMax: number): Promise<{ readonly inputs: string[], readonly pauses: number[] }> {
  const inputs: string[] = []
  const pauses: number[] = []
  const end = new AbortController()
  await feedEvents({
    api: node,
    follow,
    signal: end.signal,
    now: () => NOW_MS,
    dispatch: input => inputs.push(input.type),
    pause: async delayMs => {
      // Also the look after the opening of a stream, which waits beside the loop.
      if (delayMs === 1_000) return
      pauses.push(delayMs)
      onPause(pauses.length)
      if (pauses.length >= pauseMax) end.abort()
      await Promise.resolve()
    }
  })
  return { inputs: inputs.filter(type => type !== 'streamOpen'), pauses }
}

describe('the stream of events', () => {
  it('is opened again when it ends, and everything is read again', async () => {
    const node = new FakeNode()
    const { inputs } = await live({ node, follow: async function * () { yield await Promise.resolve(EVENT) } }, 2)
    assert.deepEqual(inputs, ['event', 'nodeFound', 'event', 'nodeFound'])
  })

  it('says that the node is lost, tries again with growing pauses, and says when it is back', async () => {
    const node = new FakeNode()
    node.goDown()
    const life: Life = {
      node,
      follow: signal => node.follow(signal),
      onPause: count => { if (count === 7) node.comeUp() }
    }
    const end = live(life, 8)
    while (node.isDown) await new Promise(resolve => setImmediate(resolve))
    node.goDown()
    const { inputs, pauses } = await end
    assert.deepEqual(pauses.slice(0, 7), [500, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000])
    assert.ok(inputs.indexOf('nodeLost') < inputs.indexOf('nodeFound'))
  })

  it('ends with a bug, and with nothing else', async () => {
    const node = new FakeNode()

    const broken = async function * (): AsyncGenerator<EventView> {
      await Promise.resolve()
      throw new InvariantError('broken invariant')
    }
    await assert.rejects(live({ node, follow: broken }, 1), InvariantError)
  })
})
