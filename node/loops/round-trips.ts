/** How long devices take to acknowledge on a direct connection: from it follows how long to wait before relays are used. */
import { idKey, type DeviceId } from '../../protocols/core/ids.ts'

const SAMPLES = 20
/** Of twenty sorted samples the one that a twentieth are above. */
const P95 = 18
const DEVICES_MAX = 4_096

export class RoundTrips {
  readonly #samples = new Map<string, number[]>()

  note (device: DeviceId, ms: number): void {
    const key = idKey(device)
    const samples = this.#samples.get(key)
    if (samples === undefined) {
      if (this.#samples.size >= DEVICES_MAX) this.#samples.clear()
      this.#samples.set(key, [ms])
      return
    }
    samples.push(ms)
    if (samples.length > SAMPLES) samples.shift()
  }

  /** undefined: it has never acknowledged anything. */
  p95Ms (device: DeviceId): number | undefined {
    const samples = this.#samples.get(idKey(device))
    if (samples === undefined) return undefined
    const sorted = samples.toSorted((left, right) => left - right)
    return sorted[Math.min(P95, sorted.length - 1)]
  }
}
