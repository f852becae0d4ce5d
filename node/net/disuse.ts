/**
 * Ends direct connections that nobody uses: the kernel's probes of one cost both sides 45 kB in an hour, and whoever has talked
 * with fifty contacts would pay for them for as long as all of them are there. Who dialled ends it, so that one side decides; who
 * needs it dials again. Own relays are not meant. docs/protocols/transport.md, "Liveness".
 */
import type { Connection } from '@libp2p/interface'
import { asError } from '../../protocols/core/errors.ts'
import { CLOSE_GRACE_MS } from '../../protocols/core/limits.ts'
import type { Clock, Timer } from '../ports.ts'

export interface DisuseParts {
  readonly clock: Clock
  /** How long nothing went either way. */
  readonly idleMs: number
  readonly connections: () => readonly Connection[]
  /** What went over a connection that we dialled, both ways, the kernel's probes not counted; undefined for any other. */
  readonly bytesOf: (connection: Connection) => number | undefined
  /** Connections to it stay, also when nothing uses them. */
  readonly isRelay: (peerId: string) => boolean
}

/** Looks in one time of idleness: it lasts a quarter longer at most. */
const LOOKS = 4

export class Disuse {
  readonly #parts: DisuseParts
  readonly #seen = new WeakMap<Connection, { readonly bytes: number, readonly sinceMonotonicMs: number }>()
  #timer: Timer | undefined

  constructor (parts: DisuseParts) { this.#parts = parts }

  start (): void {
    const { clock, idleMs, connections } = this.#parts
    this.#timer = clock.timer(idleMs / LOOKS, () => {
      for (const connection of connections()) this.#look(connection)
      this.start()
    })
  }

  stop (): void { this.#timer?.cancel() }

  #look (connection: Connection): void {
    const { clock, idleMs, bytesOf, isRelay } = this.#parts
    const bytes = bytesOf(connection)
    if (bytes === undefined || connection.status !== 'open' || isRelay(connection.remotePeer.toString())) return
    const nowMs = clock.monotonic()
    const seen = this.#seen.get(connection)
    if (seen?.bytes !== bytes) this.#seen.set(connection, { bytes, sinceMonotonicMs: nowMs })
    else if (nowMs - seen.sinceMonotonicMs >= idleMs) void end(connection)
  }
}

async function end (connection: Connection): Promise<void> {
  try {
    await connection.close({ signal: AbortSignal.timeout(CLOSE_GRACE_MS) })
  } catch (error) {
    connection.abort(asError(error))
  }
}
