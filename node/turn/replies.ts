/**
 * When an end-to-end receipt is due. Over a direct connection the acknowledgement proves delivery, but only a message of ours
 * moves the ratchet on: until the first one every envelope to us carries a PreKey header of 1.8 KB, and without any there is
 * no healing after a compromise (3-protocol §8).
 */
import { idKey, type DeviceId } from '../../protocols/core/ids.ts'

/** Envelopes taken from a device without one to it. */
const ENVELOPES_MAX = 500
/** While a first flight is under way many envelopes carry the PreKey header; one receipt answers them all. */
const FIRST_FLIGHT_PAUSE_MS = 1_000
const DEVICES_MAX = 8_192

export class Replies {
  readonly #byDevice = new Map<string, { count: number, lastMs: number }>()

  /** Notes an envelope taken from a device; whether a receipt should go back now. */
  isDue (device: DeviceId, isFirstFlight: boolean, nowMs: number): boolean {
    const key = idKey(device)
    const known = this.#byDevice.get(key) ?? { count: 0, lastMs: Number.NEGATIVE_INFINITY }
    known.count += 1
    const isDue = (isFirstFlight && Math.abs(nowMs - known.lastMs) >= FIRST_FLIGHT_PAUSE_MS) || known.count >= ENVELOPES_MAX
    if (isDue) {
      known.count = 0
      known.lastMs = nowMs
    }
    if (this.#byDevice.size >= DEVICES_MAX) this.#byDevice.clear()
    this.#byDevice.set(key, known)
    return isDue
  }
}
