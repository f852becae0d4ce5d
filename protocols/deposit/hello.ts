/** How two versions of the deposit protocol find a common one. Law: docs/protocols/deposit.md, "Hello". */
import { MalformedError } from '../core/errors.ts'
import { FEATURE_BYTES_MAX, FEATURES_MAX, RELAY_NONCE_BYTES } from '../core/limits.ts'

/** The first frame each way: what a side speaks. */
export interface Hello {
  readonly versionMin: number
  readonly versionMax: number
  /** Optional features, by name; unknown ones are ignored. */
  readonly features: readonly string[]
  /** Of a relay, new for each stream: the MACs of its deposits cover it. */
  readonly nonce?: Uint8Array | undefined
  /** Of a relay: its clock, by which lifetimes run. */
  readonly timeMs?: number | undefined
}

/** What this program says. */
export const HELLO: Hello = { versionMin: 1, versionMax: 1, features: [] }

/** The highest version that both speak; undefined: none, and the stream ends with a goodbye. */
export function negotiate (own: Hello, theirs: Hello): number | undefined {
  const highest = Math.min(own.versionMax, theirs.versionMax)
  return highest >= Math.max(own.versionMin, theirs.versionMin) ? highest : undefined
}

/** A hello as it came from outside. @throws MalformedError */
export function checkHello ({ versionMin, versionMax, features, nonce, timeMs }: Hello): Hello {
  if (versionMin < 1 || versionMax < versionMin) throw new MalformedError('hello', 'must name a range of versions from 1')
  if (features.length > FEATURES_MAX) throw new MalformedError('hello', `must name at most ${FEATURES_MAX} features`)
  if (features.some(feature => feature.length > FEATURE_BYTES_MAX || !/^[\x21-\x7e]+$/.test(feature))) {
    throw new MalformedError('hello', `a feature must be 1 to ${FEATURE_BYTES_MAX} ASCII characters`)
  }
  if (nonce !== undefined && nonce.byteLength !== RELAY_NONCE_BYTES) throw new MalformedError('hello', `a nonce must have ${RELAY_NONCE_BYTES} bytes`)
  return { versionMin, versionMax, features, ...nonce === undefined ? {} : { nonce }, ...timeMs === undefined ? {} : { timeMs } }
}
