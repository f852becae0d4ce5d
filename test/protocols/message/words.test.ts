import assert from 'node:assert/strict'
import type { DeliveryState } from '../../../protocols/message/receipt.ts'
import { stateGlyph, stateSentence, stateWord } from '../../../protocols/message/words.ts'

const STATES: readonly DeliveryState[] = ['queued', 'stored', 'delivered', 'read', 'failed', 'expired', 'cancelled']

describe('how a state is shown', () => {
  it('is one sign in Unicode and one in ASCII, different for every state', () => {
    assert.deepEqual(STATES.map(state => stateGlyph(state, { ascii: false })), ['○', '/', '✓✓', '✓✓_', '!', '⊘', '–'])
    assert.deepEqual(STATES.map(state => stateGlyph(state, { ascii: true })), ['o', '/', 'vv', 'vv_', '!', 'x', '-'])
  })

  it('is a stroke for each copy and a dot for each that is missing', () => {
    const copiesOf = (stored: number) => ({ stored, of: 3, enough: 2 })
    assert.deepEqual([1, 2, 3].map(stored => stateGlyph('stored', { ascii: false, copies: copiesOf(stored) })), ['/··', '//·', '///'])
    assert.deepEqual([1, 2, 3].map(stored => stateGlyph('stored', { ascii: true, copies: copiesOf(stored) })), ['/..', '//.', '///'])
  })

  it('is only a word for more relays than can be counted at a glance', () => {
    const copies = { stored: 4, of: 6, enough: 2 }
    assert.equal(stateGlyph('stored', { ascii: false, copies }), '')
    assert.equal(stateWord('stored', copies), '4 of 6')
  })

  it('has words beside the sign, except for ticks', () => {
    assert.deepEqual(STATES.map(state => stateWord(state)), ['Queued', 'Stored', '', '', 'Not sent', 'Expired', 'Taken back'])
  })

  it('is said in a sentence', () => {
    assert.deepEqual(STATES.map(state => stateSentence(state)), [
      'Queued on this computer', 'Stored at a relay', 'Delivered', 'Read', 'Not sent', 'Expired, nobody collected it', 'Taken back before it arrived'
    ])
    assert.equal(stateSentence('stored', { copies: { stored: 1, of: 3, enough: 2 } }), 'Stored at 1 of 3 relays, not yet enough')
    assert.equal(stateSentence('stored', { copies: { stored: 1, of: 1, enough: 1 } }), 'Stored at 1 of 1 relay')
    assert.equal(stateSentence('failed', { reason: 'the contact has blocked this account' }), 'Not sent, the contact has blocked this account')
  })
})
