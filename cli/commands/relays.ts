/** `skein relays …`: where messages wait for you while you are away. */
import { EXIT, SkeinError } from '../../protocols/core/errors.ts'
import { displaySafe } from '../../protocols/core/text.ts'
import type { RelayTest, RelayView } from '../../protocols/local/schema.ts'
import { counted } from '../chat/words.ts'
import type { Invocation } from '../command.ts'
import { UnfinishedError } from '../failure.ts'
import type { Look } from '../look.ts'
import { tableLines } from '../table.ts'
import { durationText } from '../time.ts'

export async function add ({ arguments: [address = ''], flags, session, output }: Invocation): Promise<void> {
  const code = flags.text('code')
  output.note('Opening a mailbox there …')
  const { relay } = await session.api.call('relays.add', { address, ...code !== undefined && { code } })
  await output.result(relay, `Messages wait for you at ${nameOf(relay)} as well. Your contacts are told.`)
}

export async function list ({ session, output }: Invocation): Promise<void> {
  const { relays } = await session.api.call('relays.list', {})
  await output.result(relays, tableLines(relays.map(relay => rowOf(relay, output.look))).join('\n'))
  if (relays.length === 0) output.note('No relays: messages reach you only while you and the sender are on at the same time. Add one: skein relays add ADDRESS')
  if (relays.length === 1) output.note('One relay keeps one copy. Two or three, of different operators, are safer.')
}

export async function remove ({ arguments: [relay = ''], session, output }: Invocation): Promise<void> {
  const result = await session.api.call('relays.remove', { relay })
  await output.result(result, result.isLeft ? 'The mailbox there is given up. Your contacts are told.' : 'Your contacts are told. The mailbox is given up as soon as the relay answers and what waits there is here.')
}

export async function test ({ arguments: [relay], session, output }: Invocation): Promise<void> {
  const { relays } = await session.api.call('relays.test', relay === undefined ? {} : { relay })
  const lines = relays.flatMap(tested => testLines(tested, output.look)).join('\n')
  const bad = relays.filter(({ problems }) => problems.length > 0).length
  if (bad === 0) {
    await output.result(relays, lines)
    if (relays.length === 0) output.note('You have no relays. Look at one before you choose it: skein relays test ADDRESS')
    return
  }
  await output.line(lines)
  throw new UnfinishedError(new SkeinError(`${counted(bad, 'relay')} of ${relays.length} ${bad === 1 ? 'has' : 'have'} problems`, {
    code: 'unhealthy', exit: relays.every(({ isReachable }) => !isReachable) ? EXIT.unreachable : EXIT.partial, hint: 'Nothing was changed.'
  }), relays)
}

function nameOf ({ name, address }: Pick<RelayView, 'name' | 'address'>): string {
  return displaySafe(name === '' ? address : name)
}

function rowOf (relay: RelayView, { nowMs }: Look): readonly string[] {
  const { state, waiting, trouble, answeredAt, address } = relay
  const age = answeredAt === undefined ? 'has not answered yet' : `answered ${durationText(Math.max(0, nowMs - Date.parse(answeredAt)))} ago`
  const waits = waiting === undefined || waiting === 0 ? 'nothing waits' : `${counted(waiting, 'envelope')} ${waiting === 1 ? 'waits' : 'wait'}`
  return [nameOf(relay), state, state === 'open' ? waits : displaySafe(trouble ?? ''), age, relay.name === '' ? '' : displaySafe(address)]
}

function testLines (tested: RelayTest, look: Look): readonly string[] {
  const { isReachable, ms, skewMs, limits, takesMailboxes, problems } = tested
  if (!isReachable) return [look.bold(nameOf(tested)), ...problems.map(problem => look.warn(`  ! ${displaySafe(problem)}`))]
  const rules = limits === undefined ? '' : `keeps ${limits.items} envelopes or ${Math.floor(limits.bytes / 2 ** 20)} MiB for ${limits.days} days`
  return [
    look.bold(nameOf(tested)),
    `  answers in ${ms ?? 0} ms, its clock is ${durationText(Math.abs(skewMs ?? 0))} ${(skewMs ?? 0) < 0 ? 'behind' : 'ahead'}`,
    `  ${[rules, takesMailboxes === true ? 'takes new mailboxes' : 'takes no new mailboxes'].filter(words => words !== '').join(', ')}`,
    ...problems.map(problem => look.warn(`  ! ${displaySafe(problem)}`))
  ]
}
