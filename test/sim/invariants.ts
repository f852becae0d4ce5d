/** What must hold in every history. Each check throws with what it saw; the runner adds the seed that replays it. */
import assert from 'node:assert/strict'
import { decodeDepositFrame } from '../../protocols/deposit/wire.ts'
import { unpadBucket } from '../../protocols/envelope/padding.ts'
import { decodeCiphertext, decodeEnvelope } from '../../protocols/envelope/wire.ts'
import type { MessageView } from '../../protocols/local/schema.ts'
import { keyUse } from '../../testnet/simulation/sealer.ts'

/** No ratchet key is used for two different texts, whatever crashed in between: looked at on the wire. */
export class KeyUses {
  readonly #contentOf = new Map<string, string>()

  take (frame: Uint8Array): void {
    const decoded = decodeDepositFrame(frame)
    if (decoded.type !== 'batch') return
    for (const { body } of decoded.deposits) {
      const envelope = decodeEnvelope(body)
      const ciphertext = envelope.form === 'clear' ? envelope.ciphertext : decodeCiphertext(unpadBucket(envelope.sealed.subarray(16)))
      // A retry request uses no key.
      if (ciphertext.kind === 'plaintext') continue
      const { key, content } = keyUse(ciphertext.body)
      assert.equal(this.#contentOf.get(key) ?? content, content, `a ratchet key was used twice: ${key}`)
      this.#contentOf.set(key, content)
    }
  }
}

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
