/** The first frame of a deposit stream from the other side: without it nothing is sent. */
import { HELLO, negotiate, type Hello } from '../../protocols/deposit/hello.ts'
import { UnreachableError } from '../../protocols/core/errors.ts'
import { HANDSHAKE_TIMEOUT_MS } from '../../protocols/core/limits.ts'
import type { Channel, Clock } from '../ports.ts'

/** Waits for the other side's hello. */
export class Greeting {
  readonly #clock: Clock
  #settle: ((met: Hello | Error) => void) | undefined
  #early: Hello | Error | undefined

  constructor (clock: Clock) {
    this.#clock = clock
  }

  take (hello: Hello): void {
    if (negotiate(HELLO, hello) === undefined) this.fail('the other side speaks no version that we do')
    else this.#finish(hello)
  }

  fail (reason: string): void {
    this.#finish(new UnreachableError(reason))
  }

  /** @throws UnreachableError when it does not come in time, or says no */
  async met (channel: Channel): Promise<Hello> {
    if (this.#early instanceof Error) throw this.#early
    if (this.#early !== undefined) return this.#early
    return await new Promise<Hello>((resolve, reject) => {
      const timer = this.#clock.timer(HANDSHAKE_TIMEOUT_MS, () => this.fail('no hello came in time'))
      this.#settle = met => {
        timer.cancel()
        if (met instanceof Error) reject(met)
        else resolve(met)
      }
      void this.#failWhenClosed(channel)
    })
  }

  async #failWhenClosed (channel: Channel): Promise<void> {
    this.fail(`the other side closed the stream (${await channel.closed})`)
  }

  #finish (met: Hello | Error): void {
    if (this.#settle !== undefined) this.#settle(met)
    else this.#early ??= met
  }
}
