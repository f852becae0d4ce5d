/** `skein me …`: name, invite link, policies. */
import { displaySafe } from '../../protocols/core/text.ts'
import type { Params, Result } from '../../protocols/local/operations.ts'
import { UsageError } from '../../protocols/core/errors.ts'
import type { Invocation } from '../command.ts'
import type { Flags } from '../flags.ts'
import type { Output } from '../output.ts'
import { tableLines } from '../table.ts'
import { dateText } from '../time.ts'

export async function show ({ session, output }: Invocation): Promise<void> {
  const me = await session.api.call('me.show', {})
  await output.result(me, tableLines([
    ['name', displaySafe(me.name)],
    ['account', me.account],
    ['device', me.device],
    ['peer', me.peerId],
    ...me.addresses.map((address, index) => [index === 0 ? 'addresses' : '', address]),
    ['accepts', me.acceptPolicy === 'all' ? 'all: everybody with your link is let in' : 'ask: requests wait for you'],
    ['trusts', me.trustPolicy === 'verified-only' ? 'verified-only: nothing is sent before you compared' : 'first-use: the first key of a contact is taken'],
    ['read receipts', me.readReceipts ? 'on' : 'off']
  ]).join('\n'))
}

export async function rename ({ arguments: [name = ''], session, output }: Invocation): Promise<void> {
  await session.api.call('me.rename', { name })
  await output.result({ name }, `You are ${displaySafe(name)} now. Your contacts are told.`)
}

export async function card ({ flags, session, output }: Invocation): Promise<void> {
  const made = await session.api.call('me.card', cardParams(flags))
  if (made.link === '') await output.result(made, 'Your long-term link is retired. Whoever has it cannot reach you with it any more.')
  else await showCard(made, { output, isDrawn: flags.isOn('qr') })
}

export async function qr ({ flags, session, output }: Invocation): Promise<void> {
  const made = await session.api.call('me.card', flags.isOn('once') ? { once: true } : {})
  await showCard(made, { output, isDrawn: true })
}

export async function policy ({ flags, session, output }: Invocation): Promise<void> {
  const accept = flags.choice('accept', ['ask', 'all'])
  const trust = flags.choice('trust', ['first-use', 'verified-only'])
  const receipts = flags.choice('readReceipts', ['on', 'off'])
  const now = await session.api.call('me.policy', {
    ...accept !== undefined && { accept },
    ...trust !== undefined && { trust },
    ...receipts !== undefined && { readReceipts: receipts === 'on' }
  })
  await output.result(now, tableLines([['accept', now.accept], ['trust', now.trust], ['read-receipts', now.readReceipts ? 'on' : 'off']]).join('\n'))
}

function cardParams (flags: Flags): Params<'me.card'> {
  const chosen = (['once', 'rotate', 'off'] as const).filter(name => flags.isOn(name))
  if (chosen.length > 1) throw new UsageError(`--${chosen.join(' and --')} do not go together`)
  return Object.fromEntries(chosen.map(name => [name, true]))
}

async function showCard (card: Result<'me.card'>, { output, isDrawn }: { readonly output: Output, readonly isDrawn: boolean }): Promise<void> {
  if (isDrawn && !output.isJson) {
    const { codeLines } = await import('../qr.ts')
    for (const line of codeLines(card.link, output)) await output.line(line)
  }
  await output.result(card, card.link)
  tellAbout(card, output)
}

function tellAbout ({ kind, expiresAt, addresses = [] }: Result<'me.card'>, output: Output): void {
  const until = expiresAt === undefined ? '' : `, until ${dateText(Date.parse(expiresAt))}`
  output.note(kind === 'once' ? `It lets one person in${until}.` : 'It stays the same until: skein me card --rotate')
  if (addresses.length === 0) output.note('It names no address, because your node is not running: whoever uses it must be reached by you first. Make it while the node runs: skein up')
}
