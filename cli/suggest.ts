/** "Did you mean": the known words that are nearest to a mistyped one. */

/** More than this many mistakes is another word, and so is one of which most letters are wrong. */
const MISTAKES_MAX = 3
const ALIKE_MIN = 0.5

/** The sentence, or undefined when nothing is near. */
export function didYouMean (word: string, known: readonly string[]): string | undefined {
  const near = nearest(word, known)
  return near.length === 0 ? undefined : `Did you mean ${near.join(' or ')}?`
}

function nearest (word: string, known: readonly string[]): readonly string[] {
  const rated = [...new Set(known)].map(candidate => ({ candidate, mistakes: mistakesBetween(word.toLowerCase(), candidate) }))
  const near = rated.filter(({ candidate, mistakes }) => mistakes <= MISTAKES_MAX && 1 - mistakes / Math.max(word.length, candidate.length) >= ALIKE_MIN)
  const least = Math.min(...near.map(({ mistakes }) => mistakes))
  return near.filter(({ mistakes }) => mistakes === least).map(({ candidate }) => candidate)
}

/** Insertions, deletions, replacements and swaps of neighbours that make one word the other. */
function mistakesBetween (left: string, right: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: right.length + 1 }, (_, column) => column)
  for (let row = 1; row <= left.length; row++) {
    const current = [row]
    for (let column = 1; column <= right.length; column++) {
      const isSame = left[row - 1] === right[column - 1]
      const isSwapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]
      const replaced = at(last, column - 1) + (isSame ? 0 : 1)
      const swapped = isSwapped ? at(beforeLast, column - 2) + 1 : Infinity
      current.push(Math.min(at(last, column) + 1, at(current, column - 1) + 1, replaced, swapped))
    }
    beforeLast = last
    last = current
  }
  return at(last, right.length)
}

function at (row: readonly number[], column: number): number {
  return row[column] ?? Infinity
}
