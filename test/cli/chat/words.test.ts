import assert from 'node:assert/strict'
import { clockTime, composerLine, connectionLine, counted, dayName, exactTime, failureLine, grouped, lengthLine, shortTime } from '../../../cli/chat/words.ts'
import { initialState } from '../../../cli/chat/state.ts'
import { contact, status } from './fake-node.ts'

/** Local times, because that is what is shown. */
function at (day: string, time = '12:00'): number {
  return new Date(`${day}T${time}:03.112`).getTime()
}

const NOW_MS = at('2026-11-25', '14:33')

describe('the words of the chat', () => {
  it('name a time as shortly as it stays clear', () => {
    assert.equal(shortTime(at('2026-11-25', '00:01'), NOW_MS), '00:01')
    assert.equal(shortTime(at('2026-11-24', '23:59'), NOW_MS), 'Tue')
    assert.equal(shortTime(at('2026-11-19'), NOW_MS), 'Thu')
    assert.equal(shortTime(at('2026-11-18'), NOW_MS), '18 Nov')
    assert.equal(shortTime(at('2025-11-19'), NOW_MS), 'Nov 2025')
    assert.equal(clockTime(NOW_MS), '14:33')
    assert.equal(exactTime(NOW_MS), '14:33:03.112')
  })

  it('name a day', () => {
    assert.equal(dayName(at('2026-11-25', '01:00'), NOW_MS), 'Today')
    assert.equal(dayName(at('2026-11-24', '23:59'), NOW_MS), 'Yesterday')
    assert.equal(dayName(at('2026-11-16'), NOW_MS), 'Monday 16 November')
    assert.equal(dayName(at('2025-11-17'), NOW_MS), 'Monday 17 November 2025')
  })

  it('count', () => {
    assert.equal(counted(1, 'person', 'people'), '1 person')
    assert.equal(counted(2, 'person', 'people'), '2 people')
    assert.equal(grouped(1904), '1,904')
    assert.equal(grouped(999), '999')
  })

  it('say how one is connected, and what waits', () => {
    const beginning = { nowMs: NOW_MS, columns: 100, rows: 30, glyphs: 'unicode', requests: [] } as const
    const people = (count: number, open: number): string => connectionLine(initialState({
      ...beginning,
      status: status({ outbox: { open } }),
      conversations: Array.from({ length: 5 }, (_, index) => ({ contact: contact(`c${index}`, { isConnected: index < count }), last: undefined }))
    }))
    assert.equal(people(4, 0), 'Direct to 4 people')
    assert.equal(people(1, 0), 'Direct to 1 person')
    assert.equal(people(0, 0), 'Nobody is connected')
    assert.equal(people(0, 3), 'Nobody is connected; 3 messages wait here')
    assert.equal(people(2, 1), 'Direct to 2 people; 1 message waits here')
  })

  it('say what becomes of what is written', () => {
    const line = (more: Parameters<typeof contact>[1]): string => composerLine({ contact: contact('Bob', more), last: undefined }, true)
    assert.equal(line({ isConnected: true }), 'Direct to Bob.')
    assert.equal(line({}), 'Bob is away. This waits here until you are both online.')
    assert.equal(line({ standing: 'requested' }), 'Bob has not accepted yet. This waits here until then.')
    assert.match(line({ isKeyChanged: true, isConnected: true }), /signing key of Bob changed\. Nothing is sent/)
    assert.match(line({ standing: 'blocked' }), /You blocked Bob\. Nothing is sent/)
    assert.equal(composerLine({ contact: contact('Bob'), last: undefined }, false), 'Your node does not answer. What you write stays here.')
  })

  it('say when a text gets too long, in bytes', () => {
    assert.equal(lengthLine('short'), '')
    assert.equal(lengthLine('é'.repeat(25_000)), '50,000 of 60,000 bytes')
    assert.equal(lengthLine('é'.repeat(30_001)), '60,002 of 60,000 bytes: too long. It is safe here; shorten it.')
  })

  it('say what failed, what is safe, what next', () => {
    const effect = { do: 'send', account: 'x', text: 'y', replyTo: undefined, key: undefined } as const
    assert.equal(failureLine(effect, 'the disk is full', 'Make room.'), 'Not sent: the disk is full. The text is back in the composer. Make room.')
  })
})
