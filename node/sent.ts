/** A message that is durable, and what becomes of it: the promises of `send`. */
import { parseContentId } from '../protocols/core/ids.ts'
import { RefusedError } from '../protocols/core/errors.ts'
import { isReached, waitForState, type AwaitedState, type WaitParts } from './operations/states.ts'
import type { Sent } from './skein-node.ts'

/** Each promise is made when it is first asked for: most callers want one, and one that nobody looks at must not reject. */
export class SentMessage implements Sent {
  readonly id: string
  readonly #parts: WaitParts
  #stored: Promise<void> | undefined
  #delivered: Promise<void> | undefined
  #read: Promise<void> | undefined

  constructor (id: string, parts: WaitParts) {
    this.id = id
    this.#parts = parts
  }

  get stored (): Promise<void> {
    this.#stored ??= this.#reach('stored')
    return this.#stored
  }

  get delivered (): Promise<void> {
    this.#delivered ??= this.#reach('delivered')
    return this.#delivered
  }

  get read (): Promise<void> {
    this.#read ??= this.#reach('read')
    return this.#read
  }

  async #reach (awaited: AwaitedState): Promise<void> {
    const { state, reason } = await waitForState(parseContentId(this.id), awaited, this.#parts)
    if (!isReached(state, awaited)) throw new RefusedError(`the message is ${state}${reason === undefined ? '' : `: ${reason}`}`, 'It is safe here.')
  }
}
