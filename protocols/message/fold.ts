/**
 * What a message shows after its changes. A fold over the set of changes: in whatever order they came, and however often, the
 * result is the same (the law is docs/protocols/message.md, "Changes").
 */
import { compareIds } from '../core/ids.ts'

/** An edit, a deletion or a reaction, as the store keeps it. `Author` is whatever names one account for the caller. */
export interface AppliedChange<Author extends number | string> {
  readonly id: Uint8Array
  readonly author: Author
  readonly kind: 'edit' | 'deletion' | 'reaction'
  /** Hybrid logical clock, microseconds. */
  readonly hlcUs: number
  /** Wall clock of the author, milliseconds since 1970. */
  readonly sentAtMs: number
  /** Edit: the new text. Reaction: the emoji, empty to take it back. Deletion: nothing. */
  readonly body: string
}

export interface Original<Author extends number | string> {
  readonly author: Author
  /** As first written. */
  readonly text: string
}

export interface Folded {
  /** Empty when deleted. */
  readonly text: string
  /** As first written, only while an edit hides it. */
  readonly original: string | undefined
  readonly isDeleted: boolean
  /** Wall clock of the edit that shows, milliseconds since 1970. */
  readonly editedAtMs: number | undefined
  readonly editCount: number
  /** Author to emoji. */
  readonly reactions: Readonly<Record<string, string>>
}

/**
 * A deletion by the author is final and leaves nothing. Of the author's edits the latest shows; of each person's reactions the
 * latest counts. Edits and deletions by anybody else are without effect. Latest is by clock, then id.
 */
export function fold<Author extends number | string> (original: Original<Author>, changes: ReadonlyArray<AppliedChange<Author>>): Folded {
  const ofAuthor = changes.filter(change => change.author === original.author)
  if (ofAuthor.some(change => change.kind === 'deletion')) return DELETED
  const edits = ofAuthor.filter(change => change.kind === 'edit')
  const edit = latest(edits)
  return {
    text: edit?.body ?? original.text,
    original: edit === undefined ? undefined : original.text,
    isDeleted: false,
    editedAtMs: edit?.sentAtMs,
    editCount: countDistinct(edits),
    reactions: foldReactions(changes)
  }
}

const DELETED: Folded = { text: '', original: undefined, isDeleted: true, editedAtMs: undefined, editCount: 0, reactions: {} }

function foldReactions (changes: ReadonlyArray<AppliedChange<number | string>>): Record<string, string> {
  const latestOf = new Map<number | string, AppliedChange<number | string>>()
  for (const change of changes) {
    if (change.kind !== 'reaction') continue
    const known = latestOf.get(change.author)
    if (known === undefined || compareChanges(known, change) < 0) latestOf.set(change.author, change)
  }
  // Sorted, so that equal sets also make equal JSON; fromEntries, because it defines `__proto__` like any other name.
  return Object.fromEntries([...latestOf.values()]
    .filter(reaction => reaction.body !== '')
    .map(reaction => [String(reaction.author), reaction.body] as const)
    .sort(([left], [right]) => left < right ? -1 : 1))
}

function latest<Author extends number | string> (changes: ReadonlyArray<AppliedChange<Author>>): AppliedChange<Author> | undefined {
  let last = changes[0]
  for (const change of changes) {
    if (last === undefined || compareChanges(last, change) < 0) last = change
  }
  return last
}

/** Two changes with one id are a lie, since ids are unique: the text decides, so that the lie shows the same everywhere. */
function compareChanges (left: AppliedChange<number | string>, right: AppliedChange<number | string>): number {
  const byPlace = left.hlcUs - right.hlcUs || compareIds(left.id, right.id)
  if (byPlace !== 0) return byPlace
  if (left.body !== right.body) return left.body < right.body ? -1 : 1
  return left.sentAtMs - right.sentAtMs
}

function countDistinct (changes: ReadonlyArray<{ readonly id: Uint8Array }>): number {
  const sorted = changes.map(change => change.id).sort(compareIds)
  return sorted.filter((id, index) => {
    const previous = sorted[index - 1]
    return previous === undefined || compareIds(previous, id) !== 0
  }).length
}
