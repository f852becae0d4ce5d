/**
 * The blobs on the disk and what the database says of them are kept in step: what nothing points to any more is removed, what the limit of the cache
 * does not allow is let go, and what a crash left between the two is found at the start. Law: docs/protocols/media.md.
 */
import { asError, StorageError } from '../../protocols/core/errors.ts'
import { DELIVERY_LIFETIME_MS } from '../../protocols/core/limits.ts'
import { evictions, type Evictions } from '../../protocols/media/cache.ts'
import { rootText, type BlobRoot } from '../../protocols/media/root.ts'
import type { BlobFiles } from '../../store/blobs/blob-files.ts'
import type { Reader } from '../../store/reader.ts'
import type { StoredBlob } from '../../store/types.ts'
import type { Clock, Timer } from '../ports.ts'
import { tellAttachments } from '../turn/media.ts'
import type { Turn } from '../turn/turn.ts'

/** How often the limit is looked at besides when something was sent. */
const EVERY_MS = 10 * 60_000

export interface KeeperParts {
  readonly reader: Reader
  readonly turn: Turn
  readonly blobs: BlobFiles
  readonly clock: Clock
  readonly bytesMax: number
}

export class BlobKeeper {
  readonly #parts: KeeperParts
  #timer: Timer | undefined
  #isStopped = false

  constructor (parts: KeeperParts) {
    this.#parts = parts
  }

  /** Before anything is taken in: files that no row names are of a run that was cut short. */
  async start (): Promise<void> {
    const { blobs, reader } = this.#parts
    for (const root of await blobs.sweep()) {
      const state = reader.blobs.byRoot(root)?.state
      if (state !== 'here' && state !== 'wanted') await blobs.remove(root)
    }
    this.#arm()
  }

  stop (): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }

  /** Whatever the limit does not allow. */
  async trim (): Promise<Evictions<BlobRoot>> { return await this.letGo(this.#parts.bytesMax) }

  /** What would be let go for so much to be left. */
  plan (bytesMax: number): Evictions<BlobRoot> {
    const { reader, clock } = this.#parts
    const nowMs = clock.now()
    return evictions(reader.blobs.inState('here').map(blob => ({ ...blob, isOwed: isOwed(blob, reader, nowMs) })), bytesMax)
  }

  async letGo (bytesMax: number): Promise<Evictions<BlobRoot>> {
    const { turn, blobs } = this.#parts
    const plan = this.plan(bytesMax)
    if (plan.evicted.length === 0) return plan
    await turn.write((writer, round) => {
      for (const { root } of plan.evicted) {
        writer.blobs.setState(root, 'known')
        writer.blobs.setHeld(root, 0)
        tellAttachments(root, { writer, round })
      }
    })
    // The rows first: files without a row are found at the next start, rows without files would promise what is not there.
    for (const { root } of plan.evicted) await blobs.remove(root)
    return plan
  }

  #arm (): void {
    if (this.#isStopped) return
    this.#timer = this.#parts.clock.timer(EVERY_MS, () => { void this.#round() })
  }

  async #round (): Promise<void> {
    try {
      await this.trim()
    } catch (thrown) {
      // The turn reports a disk that says no; it is tried again.
      if (!(asError(thrown) instanceof StorageError)) throw thrown
    }
    this.#arm()
  }
}

/** Somebody may still want it of us: as long as a message is tried, and as relays keep things for others. */
function isOwed ({ root }: StoredBlob, reader: Reader, nowMs: number): boolean {
  return reader.blobs.recipients(root).some(({ fetchedAtMs, addedAtMs }) => fetchedAtMs === undefined && nowMs - addedAtMs < DELIVERY_LIFETIME_MS)
}

/** For whoever asks by the name of a blob. */
export function rootTexts (plan: Evictions<BlobRoot>): string[] { return plan.evicted.map(({ root }) => rootText(root)) }
