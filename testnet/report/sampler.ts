/** Asks the nodes of a testnet how they are: what waits in outboxes and at relays, and what relays store. Who is away is not asked. */
import { callRelay } from '../../cli/commands/relay/control.ts'
import type { RelayStatusView } from '../../protocols/local/relay.ts'
import type { Member } from '../member.ts'
import type { RelayRecord } from './record.ts'
import { EMPTY_SERIES, Track, type Series } from './series.ts'

/** As often as a relay's own dashboard looks. */
export const SAMPLE_MS = 1_000
/** Who does not answer by then is being killed, or stands still. */
const ANSWER_MS_MAX = 5_000

/** Finer than a series is. */
const PARTS_MAX = 1_000

interface RelayTracks {
  readonly usedBytes: Track
  readonly envelopes: Track
  readonly deposits: Track
  /** What its process had counted at the last look. */
  last: { readonly atMs: number, readonly stored: number } | undefined
}

export class Sampler {
  readonly #members: () => readonly Member[]
  readonly #nowMs: () => number
  readonly #open = new Map<string, number>()
  readonly #backlog = new Track('most', SAMPLE_MS)
  readonly #relays = new Map<string, RelayTracks>()
  /** Which relays a user has, by PeerId; they do not change while a testnet runs. */
  readonly #relaysOf = new Map<string, readonly string[]>()
  #under: Promise<void> | undefined

  constructor (members: () => readonly Member[], nowMs: () => number) {
    this.#members = members
    this.#nowMs = nowMs
  }

  /** Of deliveries in all outboxes. What waits at a user who is away waits there all the same: it counts as when it was last seen. */
  get backlog (): Series { return this.#backlog.view() }

  get relays (): readonly RelayRecord[] {
    return this.#members().filter(({ kind }) => kind === 'relay').map(({ name }) => {
      const { usedBytes, envelopes, deposits } = this.#relays.get(name) ?? {}
      return { name, usedBytes: usedBytes?.view() ?? EMPTY_SERIES, envelopes: envelopes?.view() ?? EMPTY_SERIES, deposits: deposits?.view() ?? EMPTY_SERIES }
    })
  }

  /** Names of the relays of a user; null: nobody could be asked yet. */
  relaysOf (user: string): readonly string[] | null {
    const peerIds = this.#relaysOf.get(user)
    if (peerIds === undefined) return null
    return this.#members().filter(({ kind, address }) => kind === 'relay' && peerIds.some(peerId => address?.endsWith(`/${peerId}`) === true)).map(({ name }) => name)
  }

  /** One look at everybody; when one is under way, that one. */
  async sample (): Promise<void> {
    this.#under ??= this.#look().finally(() => { this.#under = undefined })
    await this.#under
  }

  async #look (): Promise<void> {
    const awake = this.#members().filter(({ isUp, isPaused }) => isUp && !isPaused)
    await Promise.all(awake.map(async member => {
      try {
        await (member.kind === 'user' ? this.#askUser(member) : this.#askRelay(member))
      } catch { /* killed or stopped meanwhile: as if it had not been there */ }
    }))
    this.#backlog.add(this.#nowMs(), [...this.#open.values()].reduce((sum, open) => sum + open, 0))
  }

  async #askUser ({ name, api }: Member): Promise<void> {
    const { outbox } = await inTime(api.call('status', {}))
    this.#open.set(name, outbox.open)
    if (this.#relaysOf.has(name)) return
    const { relays } = await inTime(api.call('relays.list', {}))
    this.#relaysOf.set(name, relays.map(({ peerId }) => peerId))
  }

  async #askRelay ({ name, home }: Member): Promise<void> {
    const { usedBytes, envelopes, stored }: RelayStatusView = await callRelay({ home, interrupted: AbortSignal.timeout(ANSWER_MS_MAX) }, 'relay.status', {})
    const atMs = this.#nowMs()
    const tracks = this.#tracksOf(name)
    tracks.usedBytes.add(atMs, usedBytes)
    tracks.envelopes.add(atMs, envelopes)
    const { last } = tracks
    // A new process counts from 0. What was there at the first look came before the run began.
    const added = last === undefined ? 0 : stored >= last.stored ? stored - last.stored : stored
    // When in the meantime, nobody knows: evenly. A testnet that nobody looks at is not asked.
    const sinceMs = last === undefined ? 0 : atMs - last.atMs
    const parts = Math.min(PARTS_MAX, Math.max(1, Math.round(sinceMs / SAMPLE_MS)))
    for (let part = 0; part < parts; part++) tracks.deposits.add(atMs - part * sinceMs / parts, added / parts)
    tracks.last = { atMs, stored }
  }

  #tracksOf (name: string): RelayTracks {
    const known = this.#relays.get(name)
    if (known !== undefined) return known
    const tracks = { usedBytes: new Track('most', SAMPLE_MS), envelopes: new Track('most', SAMPLE_MS), deposits: new Track('sum', SAMPLE_MS), last: undefined }
    this.#relays.set(name, tracks)
    return tracks
  }
}

async function inTime<Answer> (answer: Promise<Answer>): Promise<Answer> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => { reject(new Error('no answer')) }, ANSWER_MS_MAX)
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}
