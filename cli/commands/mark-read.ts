/** `skein mark-read`: a conversation, or its beginning, as read. */
import { counted } from '../chat/words.ts'
import type { Invocation } from '../command.ts'

export async function markRead ({ arguments: [who = ''], flags, session, output }: Invocation): Promise<void> {
  const upTo = flags.text('upTo')
  const result = await session.api.call('mark-read', { with: who, ...upTo !== undefined && { upTo } })
  await output.result(result, result.marked === 0 ? 'Nothing was unread.' : `${counted(result.marked, 'message')} marked as read.`)
}
