/** `skein react`, `edit` and `delete`: changes to a message that the other side gets as well. */
import { UsageError } from '../../protocols/core/errors.ts'
import type { Invocation } from '../command.ts'
import { textFrom } from '../stdin.ts'

export async function react ({ arguments: [id = '', emoji], flags, session, output }: Invocation): Promise<void> {
  const isRemoved = flags.isOn('remove')
  if ((emoji === undefined) !== isRemoved) throw new UsageError('react takes an emoji, or --remove', 'For example: skein react 01JD8QK4 👍')
  const result = await session.api.call('react', { id, emoji: emoji ?? '' })
  await output.result(result, isRemoved ? 'Your reaction is taken back.' : 'Reacted.')
}

export async function edit ({ arguments: [id = '', given], session, output }: Invocation): Promise<void> {
  const text = await textFrom(given)
  const result = await session.api.call('edit', { id, text })
  await output.result(result, 'Edited. The other side gets the new text.')
}

export async function remove ({ arguments: [id = ''], session, output }: Invocation): Promise<void> {
  const result = await session.api.call('delete', { id })
  await output.result(result, 'Deleted here. The other side is asked to delete it, too.')
}
