/** Where a live page has its figures from: the testnet while it runs, then what it has left. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { callTestnet, NoTestnetError } from '../control/client.ts'
import { RECORD_FILE } from '../report/files.ts'
import { decodeRecord, type RunRecord } from '../report/record.ts'

/** `ended`: a run has come to its end, and this is its record. `gone`: nothing answers any more, and this is what was seen last. */
export type SourceState = 'live' | 'ended' | 'gone'

export class Source {
  readonly #directory: string
  readonly #interrupted: AbortSignal
  #record: RunRecord
  #atMs = Date.now()
  #state: SourceState = 'live'
  #asking: Promise<void> | undefined

  /** @throws NoTestnetError */
  static async open (directory: string, interrupted: AbortSignal): Promise<Source> {
    return new Source(directory, interrupted, await callTestnet({ directory, interrupted }, 'record', {}))
  }

  private constructor (directory: string, interrupted: AbortSignal, record: RunRecord) {
    this.#directory = directory
    this.#interrupted = interrupted
    this.#record = record
  }

  get record (): RunRecord { return this.#record }
  get state (): SourceState { return this.#state }
  /** When the testnet has said so. */
  get atMs (): number { return this.#atMs }

  /** Asks again; when it is being asked already, waits for that. A testnet that comes back is live again. */
  async refresh (): Promise<void> {
    this.#asking ??= this.#ask().finally(() => { this.#asking = undefined })
    await this.#asking
  }

  async #ask (): Promise<void> {
    const directory = this.#directory
    try {
      this.#take('live', await callTestnet({ directory, interrupted: this.#interrupted }, 'record', {}))
    } catch (thrown) {
      // Whoever is silent is asked again, and the page says how old its figures are.
      if (thrown instanceof NoTestnetError) await this.#leave()
    }
  }

  async #leave (): Promise<void> {
    if (this.#state !== 'live') return
    const left = await recordIn(this.#directory)
    if (left?.begunAt === this.#record.begunAt && left.state === 'ended') this.#take('ended', left)
    else this.#state = 'gone'
  }

  #take (state: SourceState, record: RunRecord): void {
    this.#state = state
    this.#record = record
    this.#atMs = Date.now()
  }
}

async function recordIn (directory: string): Promise<RunRecord | undefined> {
  try {
    return decodeRecord(await readFile(join(directory, RECORD_FILE), 'utf8'))
  } catch {
    // A testnet that people play with leaves none, and a run that was broken off neither.
    return undefined
  }
}
