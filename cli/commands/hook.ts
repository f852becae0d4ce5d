/** `skein hook …`: commands that the node runs on events. */
import { UsageError } from '../../protocols/core/errors.ts'
import type { Invocation } from '../command.ts'
import { tableLines } from '../table.ts'
import { displaySafe } from '../../protocols/core/text.ts'

export async function add ({ arguments: [event = '', command = ''], session, output }: Invocation): Promise<void> {
  const result = await session.api.call('hook.add', { event, command })
  await output.result(result, `Hook ${result.hook} runs on ${event}, while the node runs.`)
}

export async function list ({ session, output }: Invocation): Promise<void> {
  const result = await session.api.call('hook.list', {})
  await output.result(result, tableLines(result.hooks.map(({ hook, event, command }) => [String(hook), event, displaySafe(command)])).join('\n'))
  if (result.hooks.length === 0) output.note('No hooks. Add one: skein hook add message.received COMMAND')
}

export async function remove ({ arguments: [given = ''], session, output }: Invocation): Promise<void> {
  if (!/^\d{1,9}$/.test(given)) throw new UsageError('hook remove takes the number of a hook', 'See: skein hook list')
  await session.api.call('hook.remove', { hook: Number(given) })
  await output.result({ hook: Number(given) }, `Hook ${given} is removed.`)
}
