/**
 * Who has shown the key of which blob: bitswap has no place for a key, so a peer shows it by `get` first. Law: docs/protocols/media.md,
 * "Capabilities".
 */
import { blobRoot, rootText, type BlobRoot } from '../../../protocols/media/root.ts'
import type { Clock } from '../../ports.ts'
import { PLACES_MAX } from './blocks.ts'

const SHOWN_MS = 3_600_000
/** Of one peer: an album; who was forgotten shows it again. As many as are remembered block by block, so that names are not looked for on the disk. */
const BLOBS_MAX = PLACES_MAX
const PEERS_MAX = 1_024

export class Readers {
  readonly #clock: Clock
  /** The last to show one stands last. */
  readonly #shown = new Map<string, Map<string, { readonly root: BlobRoot, readonly untilMs: number }>>()

  constructor (clock: Clock) {
    this.#clock = clock
  }

  shown (peerId: string, root: BlobRoot): void {
    const roots = this.#shown.get(peerId) ?? new Map<string, { readonly root: BlobRoot, readonly untilMs: number }>()
    this.#shown.delete(peerId)
    this.#shown.set(peerId, roots)
    const name = rootText(root)
    roots.delete(name)
    roots.set(name, { root: blobRoot(Uint8Array.from(root)), untilMs: this.#clock.monotonic() + SHOWN_MS })
    shorten(roots, BLOBS_MAX)
    shorten(this.#shown, PEERS_MAX)
  }

  /** The last one first. */
  blobsOf (peerId: string): readonly BlobRoot[] {
    const nowMs = this.#clock.monotonic()
    return [...this.#shown.get(peerId)?.values() ?? []].filter(({ untilMs }) => untilMs > nowMs).map(({ root }) => root).reverse()
  }
}

function shorten (map: Map<string, unknown>, countMax: number): void {
  for (const [first] of map) {
    if (map.size <= countMax) return
    map.delete(first)
  }
}
