/** Ana and Bob: a home, a log and a node each, and the client that the demo is of each of them. */
import { join } from 'node:path'
import type { LocalApi } from '../../protocols/local/operations.ts'
import { connect } from '../client.ts'
import { LOOPBACK, NodeProcess, runSkein } from '../skein-process.ts'

export interface Account { readonly account: string, readonly device: string, readonly peerId: string }

export class Person {
  /** As others see it. */
  readonly name: string
  /** What the other one calls them, and what their folder is called. */
  readonly alias: string
  readonly home: string
  /** What their processes have to say. */
  readonly log: string
  readonly api: LocalApi
  readonly #interrupted: AbortSignal
  #node: NodeProcess | undefined

  constructor (name: string, { folder, interrupted }: { readonly folder: string, readonly interrupted: AbortSignal }) {
    this.name = name
    this.alias = name.toLowerCase()
    this.home = join(folder, this.alias)
    this.log = join(folder, `${this.alias}.log`)
    this.api = connect(this.home, { signal: interrupted })
    this.#interrupted = interrupted
  }

  /** Makes their account. The recovery words go to a file beside the home, as they would go on paper. */
  async init (): Promise<Account> {
    return await this.#run('init', '--name', this.name, '--key-file', '--words-file', `${this.home}.words`) as Account
  }

  /** Whoever goes on with this home finds its node where the other one looks for it. */
  async settle (): Promise<void> {
    await this.#run('config', 'set', 'listen', LOOPBACK)
  }

  async up (): Promise<NodeProcess> {
    this.#node = await NodeProcess.start(['up'], this.home, { log: this.log, interrupted: this.#interrupted })
    return this.#node
  }

  async #run (...args: readonly string[]): Promise<unknown> {
    return await runSkein([...args, '--home', this.home], { log: this.log, interrupted: this.#interrupted })
  }

  /** Idempotent. */
  async down (): Promise<void> {
    const node = this.#node
    this.#node = undefined
    await node?.stop()
  }
}
