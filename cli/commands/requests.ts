/** `skein requests …`: people who ask to be a contact. */
import { displaySafe } from '../../protocols/core/text.ts'
import { shortTime } from '../chat/words.ts'
import type { Invocation } from '../command.ts'
import { tableLines } from '../table.ts'
import { nameOf, shownIdLength } from '../words.ts'

export async function list ({ session, output }: Invocation): Promise<void> {
  const result = await session.api.call('requests.list', {})
  const { look } = output
  const idLength = shownIdLength(result.requests.map(({ id }) => id))
  await output.result(result, tableLines(result.requests.map(({ id, name, text, receivedAt, account }) =>
    [look.bold(id.slice(0, idLength)), displaySafe(name), displaySafe(text), shortTime(Date.parse(receivedAt), look.nowMs), look.dim(account.slice(0, 12))])).join('\n'))
  output.note(result.requests.length === 0 ? 'Nobody asks at the moment. Requests wait here until you answer them.' : 'Names and texts are what they claim. Accept: skein requests accept ID')
}

export async function accept ({ arguments: [id = ''], flags, session, output }: Invocation): Promise<void> {
  const alias = flags.text('as')
  const result = await session.api.call('requests.accept', { id, ...alias !== undefined && { as: alias.replace(/^@/, '') } })
  await output.result(result, `${nameOf(result.contact)} is a contact now.`)
}

export async function reject ({ arguments: [id = ''], flags, session, output }: Invocation): Promise<void> {
  const isBlocked = flags.isOn('block')
  await session.api.call('requests.reject', { id, ...isBlocked && { block: true } })
  await output.result({ id, isBlocked }, isBlocked ? 'Declined and blocked. They are not told.' : 'Declined. They are not told.')
}
