import assert from 'node:assert/strict'
import fc from 'fast-check'
import { ACCEPTANCE_RETRY_MS, REFUSED_RETRY_MS_MAX, RETRY_DELAY_MS_MAX, RETRY_DELAY_MS_MIN, RETRY_JITTER } from '../../../protocols/core/limits.ts'
import { IDLE_LANE, retryDelayMs, stepLane, type Lane, type LaneEffect, type LaneEvent } from '../../../protocols/deposit/delivery.ts'

const NOW_MS = 1_000_000
/** No jitter. */
const MIDDLE = 0.5

/** A lane after these events, and the effects of the last one. */
function after (...events: readonly LaneEvent[]): { readonly lane: Lane, readonly effects: readonly LaneEffect[] } {
  let lane = IDLE_LANE
  let effects: readonly LaneEffect[] = []
  for (const event of events) ({ next: lane, effects } = stepLane(lane, event))
  return { lane, effects }
}

const work: LaneEvent = { type: 'work' }
const opened: LaneEvent = { type: 'opened' }
const stored: LaneEvent = { type: 'stored' }
const hint: LaneEvent = { type: 'hint', isWorkLeft: true }
const failed: LaneEvent = { type: 'failed', isWorkLeft: true, nowMs: NOW_MS, fraction: MIDDLE }
const closed: LaneEvent = { type: 'closed', isWorkLeft: true, nowMs: NOW_MS, fraction: MIDDLE }
const busy: LaneEvent = { type: 'refused', reason: 'busy', retryAfterMs: 5_000, nowMs: NOW_MS, fraction: MIDDLE }
const due = (nowMs: number): LaneEvent => ({ type: 'retryDue', isWorkLeft: true, nowMs })

describe('a lane', () => {
  it('dials when there is work, and sends when the channel stands', () => {
    assert.deepEqual(after(work), { lane: { at: 'dialing', attempts: 0 }, effects: [{ type: 'dial' }] })
    assert.deepEqual(after(work, work).effects, [])
    assert.deepEqual(after(work, opened), { lane: { at: 'open', attempts: 0 }, effects: [{ type: 'send' }] })
    assert.deepEqual(after(work, opened, work).effects, [{ type: 'send' }])
  })

  it('waits longer after every failure, and dials again when it is time', () => {
    const first = after(work, failed)
    assert.deepEqual(first, { lane: { at: 'backoff', attempts: 1, retryAtMs: NOW_MS + 1_000 }, effects: [{ type: 'timerAt', atMs: NOW_MS + 1_000 }] })
    assert.deepEqual(after(work, failed, work).effects, [])
    assert.deepEqual(after(work, failed, due(NOW_MS + 1_000)), { lane: { at: 'dialing', attempts: 1 }, effects: [{ type: 'dial' }] })
    assert.deepEqual(after(work, failed, due(NOW_MS + 1_000), failed).lane, { at: 'backoff', attempts: 2, retryAtMs: NOW_MS + 2_000 })
  })

  it('does not count a channel as success before the mailbox took something', () => {
    assert.deepEqual(after(work, failed, due(NOW_MS + 1_000), opened, closed).lane, { at: 'backoff', attempts: 2, retryAtMs: NOW_MS + 2_000 })
    assert.deepEqual(after(work, failed, due(NOW_MS + 1_000), opened, stored, closed).lane, { at: 'backoff', attempts: 1, retryAtMs: NOW_MS + 1_000 })
  })

  it('rests when a channel ends and nothing waits', () => {
    assert.deepEqual(after(work, opened, stored, { ...closed, isWorkLeft: false }), { lane: IDLE_LANE, effects: [] })
    assert.deepEqual(after(work, failed, { type: 'retryDue', isWorkLeft: false, nowMs: NOW_MS + 1_000 }).lane.at, 'idle')
  })

  it('takes a hint: it forgets its failures and tries at once', () => {
    assert.deepEqual(after(work, failed, hint), { lane: { at: 'dialing', attempts: 0 }, effects: [{ type: 'dial' }] })
    assert.deepEqual(after(work, opened, busy, hint), { lane: { at: 'open', attempts: 0 }, effects: [{ type: 'send' }] })
    assert.deepEqual(after({ type: 'hint', isWorkLeft: false }), { lane: IDLE_LANE, effects: [] })
  })

  it('goes on by a channel that was there already', () => {
    assert.deepEqual(after(opened), { lane: { at: 'open', attempts: 0 }, effects: [{ type: 'send' }] })
    assert.deepEqual(after(work, failed, opened).lane.at, 'open')
  })

  it('is not confused by a timer that was superseded or came early', () => {
    assert.deepEqual(after(work, opened, due(NOW_MS)).effects, [])
    assert.deepEqual(after(work, failed, due(NOW_MS + 999)).effects, [{ type: 'timerAt', atMs: NOW_MS + 1_000 }])
  })
})

describe('a lane whose deposit is refused', () => {
  it('keeps the channel, sends nothing, and goes on when the mailbox said', () => {
    const paused = after(work, opened, busy)
    assert.deepEqual(paused, { lane: { at: 'paused', attempts: 1, retryAtMs: NOW_MS + 5_000 }, effects: [{ type: 'timerAt', atMs: NOW_MS + 5_000 }] })
    assert.deepEqual(after(work, opened, busy, work).effects, [])
    assert.deepEqual(after(work, opened, busy, due(NOW_MS + 5_000)), { lane: { at: 'open', attempts: 1 }, effects: [{ type: 'send' }] })
  })

  it('waits at least as long as after a failure, and longer when refused again', () => {
    const impatient = { ...busy, retryAfterMs: 0 }
    assert.deepEqual(after(work, opened, impatient, due(NOW_MS + 1_000), impatient).lane, { at: 'paused', attempts: 2, retryAtMs: NOW_MS + 2_000 })
  })

  it('takes the refusals of one batch as one, and the longest wait', () => {
    const longer = { ...busy, retryAfterMs: 9_000 }
    assert.deepEqual(after(work, opened, busy, longer, busy).lane, { at: 'paused', attempts: 1, retryAtMs: NOW_MS + 9_000 })
  })

  it('is not silenced for good by a peer', () => {
    const { lane } = after(work, opened, { ...busy, retryAfterMs: 0xffffffff })
    assert.ok(lane.at === 'paused' && lane.retryAtMs === NOW_MS + REFUSED_RETRY_MS_MAX)
  })

  it('waits for the answer to a contact request', () => {
    const { lane } = after(work, opened, { ...busy, reason: 'notAccepted' })
    assert.ok(lane.at === 'paused' && lane.retryAtMs === NOW_MS + ACCEPTANCE_RETRY_MS)
  })

  it('goes on with the next when the refusal is about one envelope', () => {
    for (const reason of ['tooLarge', 'badToken', 'malformed', 'undecryptable'] as const) {
      assert.equal(after(work, opened, { ...busy, reason }).lane.at, 'open')
    }
  })

  it('backs off when the channel closes meanwhile', () => {
    assert.deepEqual(after(work, opened, busy, closed).lane, { at: 'backoff', attempts: 2, retryAtMs: NOW_MS + 2_000 })
  })
})

describe('the delay before a retry', () => {
  const fractions = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

  it('stays within its bounds, however long it goes on', () => {
    fc.assert(fc.property(fc.nat({ max: 2 ** 31 - 1 }), fractions, (attempts, fraction) => {
      const delayMs = retryDelayMs(attempts, fraction)
      assert.ok(delayMs >= RETRY_DELAY_MS_MIN * (1 - RETRY_JITTER) && delayMs <= RETRY_DELAY_MS_MAX * (1 + RETRY_JITTER))
      assert.ok(Number.isInteger(delayMs))
    }))
  })

  it('doubles until it is long enough', () => {
    const delays = [1, 2, 3, 4, 9, 10, 1000].map(attempts => retryDelayMs(attempts, MIDDLE))
    assert.deepEqual(delays, [1_000, 2_000, 4_000, 8_000, 256_000, 300_000, 300_000])
  })

  it('is jittered to either side', () => {
    assert.equal(retryDelayMs(1, 0), 800)
    assert.equal(retryDelayMs(1, 0.75), 1_100)
  })
})

describe('a lane under any events', () => {
  const moments = { nowMs: fc.nat({ max: 2 ** 40 }), fraction: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }) }
  const events: fc.Arbitrary<LaneEvent> = fc.oneof(
    fc.constantFrom<LaneEvent>(work, opened, stored),
    fc.record({ type: fc.constantFrom('failed' as const, 'closed' as const), isWorkLeft: fc.boolean(), ...moments }),
    fc.record({ type: fc.constant('refused' as const), reason: fc.constantFrom('busy', 'notAccepted', 'tooLarge', 'other', 'unknownSender'), retryAfterMs: fc.nat({ max: 0xffffffff }), ...moments }),
    fc.record({ type: fc.constant('retryDue' as const), isWorkLeft: fc.boolean(), nowMs: moments.nowMs }),
    fc.record({ type: fc.constant('hint' as const), isWorkLeft: fc.boolean() })
  )

  /** Walks a lane and gives every step to `check`. */
  function walk (history: readonly LaneEvent[], check: (lane: Lane, event: LaneEvent, step: ReturnType<typeof stepLane>) => void): Lane {
    let lane = IDLE_LANE
    for (const event of history) {
      const step = stepLane(lane, event)
      check(lane, event, step)
      lane = step.next
    }
    return lane
  }

  it('sends only on an open channel, dials only without one, and never waits without a timer', () => {
    fc.assert(fc.property(fc.array(events, { maxLength: 40 }), history => {
      walk(history, (lane, _event, { next, effects }) => {
        for (const effect of effects) {
          if (effect.type === 'send') assert.equal(next.at, 'open')
          if (effect.type === 'dial') assert.ok(next.at === 'dialing' && (lane.at === 'idle' || lane.at === 'backoff'))
        }
        const isNewWait = (next.at === 'backoff' || next.at === 'paused') && !((lane.at === next.at) && lane.retryAtMs === next.retryAtMs)
        if (isNewWait) assert.deepEqual(effects, [{ type: 'timerAt', atMs: next.retryAtMs }])
      })
    }))
  })

  it('comes to send again after any history, once it is time and the peer answers', () => {
    fc.assert(fc.property(fc.array(events, { maxLength: 40 }), history => {
      let lane = walk(history, () => {})
      const later = 'retryAtMs' in lane ? lane.retryAtMs : 0
      const sent: LaneEffect[] = []
      for (const event of [work, due(later), opened]) {
        const step = stepLane(lane, event)
        lane = step.next
        sent.push(...step.effects)
      }
      assert.equal(lane.at, 'open')
      assert.ok(sent.some(effect => effect.type === 'send'))
    }))
  })

  it('never waits longer than the limits allow', () => {
    fc.assert(fc.property(fc.array(events, { maxLength: 40 }), history => {
      walk(history, (lane, event, { next, effects }) => {
        const isWaitBegun = event.type !== 'retryDue' && 'nowMs' in event && effects.some(effect => effect.type === 'timerAt')
        if (isWaitBegun && lane !== next && 'retryAtMs' in next) assert.ok(next.retryAtMs - event.nowMs <= ACCEPTANCE_RETRY_MS)
      })
    }))
  })
})
