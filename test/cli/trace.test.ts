import assert from 'node:assert/strict'
import { lookOf } from '../../cli/look.ts'
import { traceLines } from '../../cli/trace.ts'
import type { Trace } from '../../cli/trace.ts'
import { message } from './fixture.ts'

const NOW_MS = Date.parse('2026-11-01T14:30:00.000Z')
const [PHONE, LAPTOP] = ['11111111-0000-8000-8000-000000000000', '22222222-0000-8000-8000-000000000000']

/** What is drawn, without the time column: it depends on where the test runs. */
function drawn (trace: Trace, locale = 'C.UTF-8'): readonly string[] {
  const look = lookOf({ color: 'never', isTerminal: false, columns: 100, environment: { LANG: locale }, nowMs: NOW_MS })
  return traceLines(trace, { look, label: 'Bob Okonkwo' }).map(line => line.replace(/^ {2}(\d\d:\d\d:\d\d\.\d\d\d| {12}|now {9}) {2}/, (_, time: string) => `${time.trim() === '' ? '' : time.startsWith('now') ? 'now' : 'time'}|`))
}

const at = '2026-11-01T14:26:03.112Z'
const own = message({ isOwn: true, text: 'If the line drops', state: 'queued' })

describe('a trace as a drawing', () => {
  it('is one thread when one device is concerned: knots, crosses, now, and what is to come', () => {
    assert.deepEqual(drawn({
      message: own,
      headline: 'Queued on this computer. No device of Bob Okonkwo has been reached yet.',
      steps: [
        { at, step: 'queued', text: 'saved on this computer' },
        { at, step: 'sealed', text: 'sealed for a device of Bob Okonkwo', device: PHONE },
        { at, step: 'unreachable', text: 'no device answered', device: PHONE, cause: 'no answer in 5 s' }
      ],
      next: [{ at: '2026-11-01T14:31:00.000Z', step: 'retry', text: 'next attempt', device: PHONE }, { at, step: 'delivered', text: 'when a device of Bob Okonkwo acknowledges it' }]
    }).map(line => line.replace(/at \d\d:\d\d:\d\d$/, 'at TIME')), [
      '"If the line drops" to Bob Okonkwo',
      'Queued on this computer. No device of Bob Okonkwo has been reached yet.',
      '',
      'time|●   saved on this computer',
      'time|●   sealed for a device of Bob Okonkwo',
      'time|×   no device answered: no answer in 5 s',
      'now|○   next attempt  at TIME',
      '|┊   delivered when a device of Bob Okonkwo acknowledges it',
      '',
      'Try again now: skein msg retry 01JD8QK4000000000000000001',
      'Take it back:  skein msg cancel 01JD8QK4000000000000000001'
    ])
  })

  it('parts where the message goes to several devices, and joins where it waits for one of them', () => {
    const steps = [
      { at, step: 'queued', text: 'saved on this computer' },
      { at, step: 'sealed', text: 'sealed', device: PHONE },
      { at, step: 'sealed', text: 'sealed', device: LAPTOP },
      { at, step: 'refused', text: 'refused', device: LAPTOP },
      { at, step: 'delivered', text: 'signed for it', device: PHONE }
    ]
    const trace: Trace = { message: { ...own, state: 'delivered' }, headline: 'Delivered.', steps, next: [] }
    assert.deepEqual(drawn(trace).slice(3), ['time|●     saved on this computer', '|├─┐', 'time|● │   sealed', 'time|│ ●   sealed', 'time|│ ×   refused', 'time|● │   signed for it', '|├─┘'])
    assert.deepEqual(drawn(trace, 'C').slice(3), ['time|*     saved on this computer', '||-\\', 'time|* |   sealed', 'time|| *   sealed', 'time|| x   refused', 'time|* |   signed for it', '||-/'])
  })

  it('is one thread when the devices are too many to draw', () => {
    const steps = Array.from({ length: 6 }, (_, index) => ({ at, step: 'sealed', text: 'sealed', device: `device ${index}` }))
    assert.deepEqual(new Set(drawn({ message: own, headline: '', steps, next: [] }).slice(3, 9)), new Set(['time|●   sealed']))
  })

  it('offers only what can be done now', () => {
    const foot = (change: Parameters<typeof message>[0]): string => drawn({ message: message(change), headline: '', steps: [], next: [] }).slice(3).join('\n')
    assert.match(foot({ isOwn: true, state: 'failed' }), /^\nTry again: skein msg retry \S+$/)
    assert.match(foot({ isOwn: true, state: 'queued' }), /msg retry \S+\nTake it back: {2}skein msg cancel \S+$/)
    assert.match(foot({ isOwn: true, state: 'stored', copies: 2, copiesOf: 3 }), /^\nTry again now: skein msg retry \S+$/, 'relays keep it: nobody can take it back')
    assert.equal(foot({ isOwn: true, state: 'read' }), '')
    assert.equal(foot({ isOwn: false, state: 'read' }), '')
  })
})
