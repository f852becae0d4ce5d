/** Whole conversations, page by page: however long they are, one page is in memory. */
import type { LocalApi } from '../protocols/local/operations.ts'
import type { MessageView } from '../protocols/local/schema.ts'

const PAGE_MESSAGES = 500

/** The messages of a conversation from a time on, oldest first. `who` as in the operations. */
export async function * messagesSince (api: LocalApi, who: string, sinceMs: number): AsyncGenerator<MessageView> {
  const first = await oldestSince(api, who, sinceMs)
  if (first === undefined) return
  yield first
  // Onwards from a message and not back from the end: what arrives meanwhile shifts no page.
  for (let after = first.id; ;) {
    const { messages, hasMore } = await api.call('read', { with: who, after, limit: PAGE_MESSAGES })
    // A clock that was wrong for a while puts earlier times behind later ones.
    for (const message of messages) if (Date.parse(message.sentAt) >= sinceMs) yield message
    const last = messages.at(-1)
    if (!hasMore || last === undefined) return
    after = last.id
  }
}

/** Back from the newest one to the first page that reaches further back than asked. */
async function oldestSince (api: LocalApi, who: string, sinceMs: number): Promise<MessageView | undefined> {
  let oldest: MessageView | undefined
  for (;;) {
    const { messages, hasMore } = await api.call('read', { with: who, limit: PAGE_MESSAGES, ...oldest !== undefined && { before: oldest.id } })
    const matching = messages.find(({ sentAt }) => Date.parse(sentAt) >= sinceMs)
    if (matching === undefined) return oldest
    oldest = matching
    if (!hasMore || messages[0]?.id !== matching.id) return oldest
  }
}
