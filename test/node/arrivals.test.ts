import assert from 'node:assert/strict'
import { Arrivals } from '../../node/arrivals.ts'
import { Feed } from '../../node/feed.ts'

describe('who waits for a message', () => {
  it('hears of that message, until they stop listening', () => {
    const arrivals = new Arrivals()
    const heard: Array<string | undefined> = []
    const stop = arrivals.listen('a', (state, reason) => heard.push(state, reason))
    arrivals.announce('b', 'delivered')
    arrivals.announce('a', 'failed', 'too large')
    stop()
    stop()
    arrivals.announce('a', 'read')
    assert.deepEqual([heard, arrivals.isAnybodyWaiting], [['failed', 'too large'], false])
  })

  it('may stop, or begin, while being told', () => {
    const arrivals = new Arrivals()
    const heard: string[] = []
    const stop = arrivals.listen('a', () => {
      heard.push('first')
      stop()
      arrivals.listen('a', () => heard.push('late'))
    })
    arrivals.listen('a', () => heard.push('second'))
    arrivals.announce('a', 'delivered')
    assert.deepEqual(heard, ['first', 'second'])
    arrivals.announce('a', 'read')
    assert.deepEqual(heard, ['first', 'second', 'second', 'late'])
  })
})

describe('the feed', () => {
  it('rings at everybody who listens, until they stop', () => {
    const feed = new Feed()
    const rung: string[] = []
    const stop = feed.listen(() => rung.push('one'))
    feed.listen(() => rung.push('two'))
    feed.ring()
    stop()
    feed.ring()
    assert.deepEqual(rung, ['one', 'two', 'two'])
  })
})
