/**
 * Bugs that a messenger can have, each as a change of a few lines of the product: whoever judges the product must find it. They live in the
 * memory of the processes that a test starts (hook.ts); no file is changed.
 */

export interface Edit {
  /** Below the root of the repository. */
  readonly file: string
  /** Stands there exactly once, or the bug cannot be planted and says so. */
  readonly find: string
  readonly replace: string
}

export interface Bug {
  readonly name: string
  readonly edits: readonly Edit[]
}

const SEND = 'node/operations/send.ts'
const TURN = 'node/turn/turn.ts'
const WORK = 'node/crypto/work.ts'
const THREADS = 'node/turn/threads.ts'
const REMOTE = 'node/crypto/remote.ts'

export const BUGS = {
  /** A node says that it has a message, and writes it half a second later: a kill in between loses it. */
  earlyAcknowledgement: {
    name: 'a message is acknowledged before it is committed',
    edits: [{
      file: TURN,
      find: '    this.#queue.arrivals.push(...arrivals)\n    this.#wake()',
      replace: `    for (const arrival of arrivals) if (arrival.via === 'direct') arrival.onOutcome({ type: 'stored' })
    setTimeout(() => {
      this.#queue.arrivals.push(...arrivals.map(arrival => arrival.via === 'direct' ? { ...arrival, onOutcome: () => {} } : arrival))
      this.#wake()
    }, 500)`
    }]
  },
  /** A command that is given again, because nobody heard its answer in time, is done again. */
  noDeduplication: {
    name: 'what is sent again under the same key is sent twice',
    edits: [
      { file: SEND, find: 'reader.idempotency.get(idempotencyKey) ?? parts.turn.send(draft)', replace: 'parts.turn.send({ ...draft, idempotencyKey: undefined })' },
      { file: SEND, find: '      return { id: idText(id), state: idempotencyKey', replace: '      await new Promise(resolve => { setTimeout(resolve, 100) })\n      return { id: idText(id), state: idempotencyKey' }
    ]
  },
  /** Turns run into each other, and a session takes as long to save as one on a disk does: two texts are sealed with one message key. */
  noMutex: {
    name: 'the ratchet has no mutex',
    edits: [
      { file: TURN, find: 'if (this.#isStopped || this.#running !== undefined) return', replace: 'if (this.#isStopped) return' },
      { file: WORK, find: "  #expectIdle (): void { invariant(!this.#isBusy, 'one ratchet operation at a time: the turn is the mutex') }", replace: '  #expectIdle (): void {}' },
      { file: REMOTE, find: '    this.#remote.session = record\n    return Promise.resolve()', replace: '    return new Promise(resolve => { setImmediate(() => { this.#remote.session = record; resolve() }) })' },
      { file: WORK, find: "    invariant(this.#isWritten || !(this.#remotes.isChanged || this.#prekeys.isChanged), 'only what was written is settled')\n", replace: '' }
    ]
  },
  /** Each side sorts by when it wrote or got a message. */
  wallClockOrder: {
    name: 'messages are ordered by the clock on the wall',
    edits: [
      { file: THREADS, find: 'const positionUs = positionOf(hlcUs, thread.heads.map(head => head.positionUs))', replace: 'const positionUs = nowMs * 1000' },
      { file: THREADS, find: 'const positionUs = positionOf(text.hlcUs, known)', replace: 'const positionUs = nowMs * 1000' }
    ]
  }
} as const satisfies Readonly<Record<string, Bug>>

export type BugName = keyof typeof BUGS
