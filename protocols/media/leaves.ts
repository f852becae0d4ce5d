/** Sets of leaves as they travel: a bit for each, least significant first. Law: docs/protocols/media.md, "Transfer" (`have`). */

/** None of them. */
export function noLeaves (leafCount: number): Uint8Array { return new Uint8Array(Math.ceil(leafCount / 8)) }

export function hasLeaf (leaves: Uint8Array, index: number): boolean { return ((leaves[index >>> 3] ?? 0) >>> (index & 7) & 1) === 1 }

export function withLeaf (leaves: Uint8Array, index: number, isThere: boolean): Uint8Array {
  const changed = Uint8Array.from(leaves)
  const bit = 1 << (index & 7)
  changed[index >>> 3] = isThere ? (changed[index >>> 3] ?? 0) | bit : (changed[index >>> 3] ?? 0) & ~bit
  return changed
}

export function countLeaves (leaves: Uint8Array): number {
  let count = 0
  for (const byte of leaves) for (let rest = byte; rest !== 0; rest &= rest - 1) count += 1
  return count
}

/** Whether there is a leaf in the first set that is not in the second one. */
export function hasAnyBeyond (leaves: Uint8Array, known: Uint8Array): boolean {
  return leaves.some((byte, place) => (byte & ~(known[place] ?? 0)) !== 0)
}
