/** When a contact that nothing reaches is looked for elsewhere: soon, and then ever more rarely, until something is heard of it. */

/** An attempt that failed may only have met a restart. */
const FIRST_MS = 1_000
/** Between looks, doubling. */
const PAUSE_MS_MIN = 60_000
const PAUSE_MS_MAX = 6 * 3_600_000

interface Loss { readonly lookAtMs: number, readonly pauseMs: number }

export class LostContacts {
  readonly #losses = new Map<number, Loss>()

  /** An attempt to reach it has failed. Whether it is time to look; `nowMs` is monotonic. */
  isLookDue (contact: number, nowMs: number): boolean {
    const loss = this.#losses.get(contact)
    if (loss === undefined) {
      this.#losses.set(contact, { lookAtMs: nowMs + FIRST_MS, pauseMs: PAUSE_MS_MIN })
      return false
    }
    if (nowMs < loss.lookAtMs) return false
    this.#losses.set(contact, { lookAtMs: nowMs + loss.pauseMs, pauseMs: Math.min(PAUSE_MS_MAX, 2 * loss.pauseMs) })
    return true
  }

  /** Something was heard of it. */
  found (contact: number): void { this.#losses.delete(contact) }
}
