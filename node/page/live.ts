/**
 * Keeps open pages up to date by server-sent events: at most one a second, only what has changed, and nothing is looked up
 * while nobody watches.
 */
import type { ServerResponse } from 'node:http'
import { asError } from '../../protocols/core/errors.ts'
import type { Clock, Timer } from '../ports.ts'

export interface LiveParts {
  readonly clock: Clock
  /** The page's parts by the id of their element, and when they were so. */
  readonly render: () => Rendered
  /** Figures that cannot be had end the streams and nothing else: pages ask again. */
  readonly onFault: (fault: Error) => void
}

interface Rendered {
  readonly atMs: number
  /** How old the figures are; absent: they are of this moment. Clocks of server and browser may differ. */
  readonly ageMs?: number
  readonly parts: Readonly<Record<string, string>>
}

const BEAT_MS = 1_000
/** A person, a wall screen, some forgotten tabs. */
const WATCHERS_MAX = 32
/** A watcher that does not read is behind by this much at most, then it has to connect again. */
const BEHIND_BYTES_MAX = 1024 * 1024

export class Live {
  readonly #parts: LiveParts
  readonly #watchers = new Set<ServerResponse>()
  #before: Readonly<Record<string, string>> = {}
  #timer: Timer | undefined

  constructor (parts: LiveParts) { this.#parts = parts }

  get isFull (): boolean { return this.#watchers.size >= WATCHERS_MAX }

  /** What a stream begins with: everything, since the page may have been loaded long ago. */
  first (): Rendered { return this.#parts.render() }

  watch (response: ServerResponse, first: Rendered): void {
    this.#watchers.add(response)
    response.once('close', () => { this.#leave(response) })
    response.write(`retry: 2000\n\n${eventOf(first)}`)
    if (this.#watchers.size === 1) this.#before = first.parts
    this.#expect()
  }

  stop (): void {
    this.#timer?.cancel()
    for (const watcher of this.#watchers) watcher.end()
    this.#watchers.clear()
  }

  #expect (): void {
    if (this.#timer !== undefined || this.#watchers.size === 0) return
    this.#timer = this.#parts.clock.timer(BEAT_MS, () => {
      this.#timer = undefined
      try {
        this.#beat()
      } catch (thrown) {
        this.stop()
        this.#parts.onFault(asError(thrown))
      }
      this.#expect()
    })
  }

  #beat (): void {
    const { parts, ...when } = this.#parts.render()
    const changed = Object.fromEntries(Object.entries(parts).filter(([id, html]) => this.#before[id] !== html))
    this.#before = parts
    const event = eventOf({ ...when, parts: changed })
    for (const watcher of this.#watchers) {
      if (watcher.writableLength > BEHIND_BYTES_MAX) watcher.destroy()
      else watcher.write(event)
    }
  }

  #leave (response: ServerResponse): void {
    this.#watchers.delete(response)
    if (this.#watchers.size > 0) return
    this.#timer?.cancel()
    this.#timer = undefined
  }
}

/** JSON has no line breaks of its own, so it is one line of an event. */
function eventOf (what: Rendered): string {
  return `data: ${JSON.stringify(what)}\n\n`
}
