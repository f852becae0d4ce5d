/** Makes what fails smaller, as long as it still fails: delta debugging (Zeller, Hildebrandt 2002), for faults of a scenario. */

export type Fails<Item> = (items: readonly Item[]) => Promise<boolean>

/** A subset of `items`, which fail together, of which none can be left out. Order is kept. */
export async function minimise<Item> (items: readonly Item[], fails: Fails<Item>): Promise<readonly Item[]> {
  let kept = items
  for (let pieces = 2; kept.length > 0;) {
    const smaller = await withoutOnePiece(kept, Math.min(pieces, kept.length), fails)
    if (smaller !== undefined) {
      kept = smaller
      pieces = Math.max(2, pieces - 1)
    } else if (pieces >= kept.length) return kept
    else pieces *= 2
  }
  return kept
}

/** What is left when a piece is taken away, if that still fails. */
async function withoutOnePiece<Item> (items: readonly Item[], pieces: number, fails: Fails<Item>): Promise<readonly Item[] | undefined> {
  for (let piece = 0; piece < pieces; piece++) {
    const [from, to] = [piece, piece + 1].map(index => Math.round(index * items.length / pieces)) as [number, number]
    const rest = [...items.slice(0, from), ...items.slice(to)]
    if (await fails(rest)) return rest
  }
  return undefined
}

/** The smallest count between `min` and `max` that still fails, as far as halving finds it. `max` fails. */
export async function minimiseCount (max: number, min: number, fails: (count: number) => Promise<boolean>): Promise<number> {
  let [low, high] = [min, max]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (await fails(middle)) high = middle
    else low = middle + 1
  }
  return high
}
