/** What must hold in every history. Each check throws with what it saw; the runner adds the seed that replays it. */
import assert from 'node:assert/strict'
import type { MessageView } from '../../protocols/local/schema.ts'

/** Both sides show the same conversation: the same messages, once each, in the same order, folded alike. */
export function assertSameConversation (ours: readonly MessageView[], theirs: readonly MessageView[]): void {
  assert.deepEqual(theirs.map(shown), ours.map(shown), 'both sides show the same messages in the same order')
}

function shown ({ id, from, text, edited, deleted, replyTo, reactions, isAfterGap }: MessageView): unknown {
  return { id, from, text, edited, deleted, replyTo, reactions: [...reactions].sort((left, right) => left.from < right.from ? -1 : 1), isAfterGap }
}

/** Every id that was given to its author is there exactly once, and known as delivered. */
export function assertDelivered (printed: ReadonlySet<string>, author: readonly MessageView[], recipient: readonly MessageView[]): void {
  for (const id of printed) {
    const own = author.filter(message => message.id === id)
    const arrived = recipient.filter(message => message.id === id)
    assert.equal(own.length, 1, `its author has ${id} once`)
    assert.equal(arrived.length, 1, `the recipient has ${id} once`)
    const state = own[0]?.state
    assert.ok(state === 'delivered' || state === 'read', `${id} is delivered at its author, not ${state ?? 'gone'}`)
  }
}
