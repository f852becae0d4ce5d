/** Judges what everybody holds in the end: what is missing, what is there twice, whose two sides show another order, and whose ratchet was out of step. */

/** A message as one side shows it. */
export interface Shown {
  readonly id: string
  readonly text: string
}

/** A conversation, from both sides, and the ids that a node has given out for it: from then on a message is owed. */
export interface Conversation {
  readonly left: string
  readonly right: string
  readonly owed: ReadonlySet<string>
  readonly atLeft: readonly Shown[]
  readonly atRight: readonly Shown[]
}

export interface Verdict {
  readonly owed: number
  readonly lost: readonly string[]
  readonly duplicated: readonly string[]
  readonly reordered: readonly string[]
  /** A ratchet was out of step, and whose: mended since, but a key was used twice or forgotten. Nothing that happens in a proof may do that. */
  readonly undecryptable: readonly string[]
}

/** Texts are unique among all that were sent, so that a message under a second id is found as well. */
export function judge (conversations: readonly Conversation[], undecryptable: readonly string[] = []): Verdict {
  const lost: string[] = []
  const duplicated: string[] = []
  const reordered: string[] = []
  for (const conversation of conversations) {
    const { left, right, atLeft, atRight } = conversation
    lost.push(...missingIn(conversation).map(({ id, at }) => `${id} at ${at}`))
    for (const [owner, shown] of [[left, atLeft], [right, atRight]] as const) {
      duplicated.push(...repeated(shown.map(({ text }) => text)).map(text => `"${text}" at ${owner}`))
    }
    // What one side lacks is lost, and said so: the order is that of what both have.
    const [ours, theirs] = [common(atLeft, atRight), common(atRight, atLeft)]
    if (ours.join() !== theirs.join()) reordered.push(`${left} and ${right}`)
  }
  return { owed: conversations.reduce((sum, { owed }) => sum + owed.size, 0), lost, duplicated, reordered, undecryptable }
}

/** Messages that are owed and that a side does not show. */
export function missingIn ({ left, right, owed, atLeft, atRight }: Conversation): ReadonlyArray<{ readonly id: string, readonly at: string }> {
  return ([[left, atLeft], [right, atRight]] as const).flatMap(([at, shown]) => {
    const ids = new Set(shown.map(({ id }) => id))
    return [...owed].filter(id => !ids.has(id)).map(id => ({ id, at }))
  })
}

export function isSound ({ lost, duplicated, reordered, undecryptable }: Verdict): boolean { return lost.length + duplicated.length + reordered.length + undecryptable.length === 0 }

function repeated (texts: readonly string[]): string[] {
  const seen = new Set<string>()
  return texts.filter(text => seen.size === seen.add(text).size)
}

/** Ids of what the other side has, too, each once. */
function common (shown: readonly Shown[], other: readonly Shown[]): string[] {
  const there = new Set(other.map(({ id }) => id))
  return [...new Set(shown.map(({ id }) => id))].filter(id => there.has(id))
}
