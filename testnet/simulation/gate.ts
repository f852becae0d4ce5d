/**
 * What reaches one run of a simulated process: a timer, a frame, a call. One that stands still gets it when it goes on, in order; one
 * that has died never does.
 */
import { asError } from '../../protocols/core/errors.ts'

export class Gate {
  #state: 'open' | 'paused' | 'shut' = 'open'
  readonly #waiting: Array<() => void> = []
  readonly #mourners = new Set<() => void>()

  get isShut (): boolean { return this.#state === 'shut' }
  get isPaused (): boolean { return this.#state === 'paused' }

  pass (work: () => void): void {
    if (this.#state === 'open') work()
    else if (this.#state === 'paused') this.#waiting.push(work)
  }

  pause (): void { if (this.#state === 'open') this.#state = 'paused' }

  resume (): void {
    if (this.#state !== 'paused') return
    this.#state = 'open'
    // What comes by may make it stand still again.
    while (this.#isOpen()) {
      const work = this.#waiting.shift()
      if (work === undefined) return
      work()
    }
  }

  #isOpen (): boolean { return this.#state === 'open' }

  /** For good. */
  shut (): void {
    this.#state = 'shut'
    this.#waiting.length = 0
    for (const mourn of this.#mourners) mourn()
    this.#mourners.clear()
  }

  /** Rejects when it is shut before `work` has settled: whoever called a process that dies gets no answer. */
  async during<Result> (work: Promise<Result>, fault: () => Error): Promise<Result> {
    return await new Promise<Result>((resolve, reject) => {
      const mourn = (): void => { reject(fault()) }
      this.#mourners.add(mourn)
      const leave = (): void => { this.#mourners.delete(mourn) }
      work.then(result => { leave(); resolve(result) }, (thrown: unknown) => { leave(); reject(asError(thrown)) })
    })
  }
}
