/** Reads the histories of everybody when all is quiet, and says what is missing, what is there twice and what is out of order. */
import type { MessageView } from '../../protocols/local/schema.ts'
import type { User } from './crew.ts'

export interface Verdict {
  readonly owed: number
  readonly lost: readonly string[]
  readonly duplicates: readonly string[]
  /** Conversations whose two sides show another order. */
  readonly disordered: readonly string[]
}

/** @param owed ids that a node has given out, by who sent to whom: `ana→bob` */
export async function check (users: readonly User[], owed: ReadonlyMap<string, ReadonlySet<string>>): Promise<Verdict> {
  const lost: string[] = []
  const duplicates: string[] = []
  const disordered: string[] = []
  for (const [index, left] of users.entries()) {
    for (const right of users.slice(index + 1)) {
      const sent = [...owed.get(pairKey(left, right)) ?? [], ...owed.get(pairKey(right, left)) ?? []]
      if (sent.length === 0) continue
      const [ours, theirs] = await Promise.all([history(left, right), history(right, left)])
      for (const [owner, messages] of [[left, ours], [right, theirs]] as const) {
        const ids = new Set(messages.map(({ id }) => id))
        lost.push(...sent.filter(id => !ids.has(id)).map(id => `${id} at ${owner.name}`))
        duplicates.push(...repeated(messages.map(({ text }) => text)).map(text => `"${text}" at ${owner.name}`))
      }
      if (ours.map(({ id }) => id).join() !== theirs.map(({ id }) => id).join()) disordered.push(`${left.name} and ${right.name}`)
    }
  }
  return { owed: [...owed.values()].reduce((sum, ids) => sum + ids.size, 0), lost, duplicates, disordered }
}

export function pairKey (from: User, to: User): string { return `${from.name}→${to.name}` }

async function history (owner: User, other: User): Promise<MessageView[]> {
  const messages: MessageView[] = []
  for (let before: string | undefined, hasMore = true; hasMore;) {
    const page = await owner.api.call('read', { with: other.account, limit: 1000, ...before === undefined ? {} : { before } })
    messages.unshift(...page.messages)
    before = page.messages[0]?.id
    hasMore = page.hasMore
  }
  return messages
}

function repeated (texts: readonly string[]): string[] {
  const seen = new Set<string>()
  return texts.filter(text => seen.size === seen.add(text).size)
}
