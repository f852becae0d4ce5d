/** `skein relay mailboxes`: the largest of them, or those whose owner does not come. */
import { countText, sizeText, spanText } from '../../../protocols/core/quantity.ts'
import { MAILBOXES_SHOWN_MAX } from '../../../protocols/local/relay.ts'
import type { RelayMailboxView } from '../../../protocols/local/relay.ts'
import type { Invocation } from '../../command.ts'
import type { Look } from '../../look.ts'
import { tableLines } from '../../table.ts'
import { callRelay } from './control.ts'

const SHOWN = 20

export async function mailboxes (invocation: Invocation): Promise<void> {
  const { flags, output } = invocation
  const stuck = flags.isOn('stuck')
  const limit = flags.count('limit', { min: 1, max: MAILBOXES_SHOWN_MAX }) ?? SHOWN
  const found = await callRelay(invocation, 'relay.mailboxes', { stuck, limit })
  await output.result(found.mailboxes, mailboxLines(found.mailboxes, { look: output.look, isStuck: stuck }).join('\n'))
}

function mailboxLines (views: readonly RelayMailboxView[], { look, isStuck }: { readonly look: Look, readonly isStuck: boolean }): readonly string[] {
  if (views.length === 0) return [isStuck ? 'No mailbox is stuck.' : 'Nothing waits in any mailbox.']
  const ago = (instant: string | null): string => instant === null ? '' : spanText(look.nowMs - Date.parse(instant))
  const until = (instant: string | null): string => instant === null ? '' : spanText(Date.parse(instant) - look.nowMs)
  const head = ['Mailbox', 'Items', 'Size', 'Oldest', 'Ends in', 'Last seen', 'Device'].map(look.dim)
  const rows = views.map(({ name, peerId, envelopes, bytes, oldestAt, endsAt, lastSeen, blocked }) =>
    [name, countText(envelopes), sizeText(bytes), ago(oldestAt), until(endsAt), lastSeen, `${peerId}${blocked ? look.warn(' blocked') : ''}`])
  return tableLines([head, ...rows], ['left', 'right', 'right', 'right', 'right', 'left', 'left'])
}
