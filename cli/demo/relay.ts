/** One of the relays of the demo: an operator's process, with a folder and a log of its own. */
import { join } from 'node:path'
import { LOOPBACK, NodeProcess, runSkein, type SkeinOptions } from '../skein-process.ts'

export class Relay {
  readonly name: string
  readonly home: string
  readonly #options: SkeinOptions
  #process: NodeProcess | undefined

  constructor (name: string, { folder, interrupted }: { readonly folder: string, readonly interrupted: AbortSignal }) {
    this.name = name
    this.home = join(folder, name)
    this.#options = { log: join(folder, `${name}.log`), interrupted }
  }

  get log (): string { return this.#options.log }

  /** Made and started. Returns how it is reached, with its PeerId. */
  async up (): Promise<{ readonly pid: number, readonly address: string }> {
    await runSkein(['relay', 'init', '--home', this.home, '--key-file', '--listen', LOOPBACK], this.#options)
    this.#process = await NodeProcess.start(['relay', 'up'], this.home, this.#options)
    const { pid, ready: { addresses } } = this.#process
    return { pid, address: addresses[0] ?? '' }
  }

  /** Idempotent. */
  async down (): Promise<void> {
    const running = this.#process
    this.#process = undefined
    await running?.stop()
  }
}
