/**
 * Bugs that a messenger can have, each as a change of a few lines of the product: whoever judges the product must find it. They live in the
 * memory of the processes that a test starts (hook.ts); no file is changed.
 */

import type { Bug } from './hook.ts'

export interface Fault {
  readonly name: string
  readonly bugs: readonly Bug[]
}

const SEND = 'node/operations/send.ts'
const TURN = 'node/turn/turn.ts'
const WORK = 'node/crypto/work.ts'
const THREADS = 'node/turn/threads.ts'
const REMOTE = 'node/crypto/remote.ts'

export const FAULTS = {
  /** A node says that it has a message, and writes it half a second later: a kill in between loses it. */
  earlyAcknowledgement: {
    name: 'a message is acknowledged before it is committed',
    bugs: [{
      file: TURN,
      from: '    this.#queue.arrivals.push(...arrivals)\n    this.#wake()',
      to: `    for (const arrival of arrivals) if (arrival.via === 'direct') arrival.onOutcome({ type: 'stored' })
    setTimeout(() => {
      this.#queue.arrivals.push(...arrivals.map(arrival => arrival.via === 'direct' ? { ...arrival, onOutcome: () => {} } : arrival))
      this.#wake()
    }, 500)`
    }]
  },
  /** A command that is given again, because nobody heard its answer in time, is done again. */
  noDeduplication: {
    name: 'what is sent again under the same key is sent twice',
    bugs: [
      { file: SEND, from: 'reader.idempotency.get(idempotencyKey) ?? sendNow()', to: 'sendNow()' },
      { file: SEND, from: 'replyTo: replied?.id }, idempotencyKey })', to: 'replyTo: replied?.id }, idempotencyKey: undefined })' },
      { file: SEND, from: '      const sent = reader.attachments', to: '      await new Promise(resolve => { setTimeout(resolve, 100) })\n      const sent = reader.attachments' }
    ]
  },
  /** Turns run into each other, and a session takes as long to save as one on a disk does: two texts are sealed with one message key. */
  noMutex: {
    name: 'the ratchet has no mutex',
    bugs: [
      { file: TURN, from: 'if (this.#isStopped || this.#running !== undefined) return', to: 'if (this.#isStopped) return' },
      { file: WORK, from: "  #expectIdle (): void { invariant(!this.#isBusy, 'one ratchet operation at a time: the turn is the mutex') }", to: '  #expectIdle (): void {}' },
      { file: REMOTE, from: '    this.#remote.session = record\n    return Promise.resolve()', to: '    return new Promise(resolve => { setImmediate(() => { this.#remote.session = record; resolve() }) })' },
      { file: WORK, from: "    invariant(this.#isWritten || !(this.#remotes.isChanged || this.#prekeys.isChanged), 'only what was written is settled')\n", to: '' }
    ]
  },
  /** Each side sorts by when it wrote or got a message. */
  wallClockOrder: {
    name: 'messages are ordered by the clock on the wall',
    bugs: [
      { file: THREADS, from: 'const positionUs = positionOf(hlcUs, thread.heads.map(head => head.positionUs))', to: 'const positionUs = nowMs * 1000' },
      { file: THREADS, from: 'const positionUs = positionOf(text.hlcUs, known)', to: 'const positionUs = nowMs * 1000' }
    ]
  }
} as const satisfies Readonly<Record<string, Fault>>

export type FaultName = keyof typeof FAULTS
