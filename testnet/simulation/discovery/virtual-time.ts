/**
 * Gives a thread of its own the time of a world: libraries that ask the machine for it (kad-dht sets timers and looks at clocks in some
 * twenty places) live in virtual time then as well. Never in the main thread: there is no way back.
 */
import { isMainThread } from 'node:worker_threads'
import { invariant } from '../../../protocols/core/invariant.ts'
import type { Timer } from '../../../node/ports.ts'
import type { World } from '../world.ts'

/** As much of Node's as anybody uses: it keeps no process alive. */
class VirtualTimer {
  #timer: Timer
  readonly #arm: () => Timer

  constructor (arm: () => Timer) {
    this.#arm = arm
    this.#timer = arm()
  }

  ref (): this { return this }
  unref (): this { return this }
  hasRef (): boolean { return false }

  refresh (): this {
    this.#timer.cancel()
    this.#timer = this.#arm()
    return this
  }

  close (): this {
    this.#timer.cancel()
    return this
  }
}

export function liveIn (world: World): void {
  invariant(!isMainThread, 'virtual time is for a thread of its own')
  const clear = (timer: unknown): void => { if (timer instanceof VirtualTimer) timer.close() }
  Object.assign(globalThis, {
    setTimeout: (run: (...given: readonly unknown[]) => void, delayMs = 0, ...given: readonly unknown[]) => new VirtualTimer(() => world.schedule(delayMs, () => { run(...given) })),
    setInterval: (run: () => void, everyMs: number) => {
      const timer: VirtualTimer = new VirtualTimer(() => world.schedule(everyMs, () => {
        timer.refresh()
        run()
      }))
      return timer
    },
    clearTimeout: clear,
    clearInterval: clear
  })
  Date.now = () => Math.floor(world.nowMs)
  performance.now = () => world.nowMs
  AbortSignal.timeout = delayMs => {
    const controller = new AbortController()
    world.schedule(delayMs, () => { controller.abort(new DOMException('the time is up', 'TimeoutError')) })
    return controller.signal
  }
}
