/** `skein status`: what the node is and how it fares, and what needs you first. */
import { displaySafe } from '../../protocols/core/text.ts'
import type { StatusView } from '../../protocols/local/schema.ts'
import { counted, grouped, shortTime } from '../chat/words.ts'
import type { Invocation } from '../command.ts'
import type { Look } from '../look.ts'
import { tableLines } from '../table.ts'

export async function status ({ session, output }: Invocation): Promise<void> {
  const view = await session.api.call('status', {})
  const isRunning = !session.isOwnNode()
  await output.result({ ...view, isRunning }, statusLines(view, { look: output.look, isRunning }).join('\n'))
}

function statusLines (view: StatusView, { look, isRunning }: { readonly look: Look, readonly isRunning: boolean }): readonly string[] {
  const { outbox, search, addresses } = view
  const rows = [
    ['connections', grouped(view.connections), view.connections === 0 ? 'nobody is connected' : `direct to ${counted(view.connections, 'device')}`],
    ['contacts', grouped(view.contacts), view.requests === 0 ? '' : `${counted(view.requests, 'request')} ${view.requests === 1 ? 'waits' : 'wait'}: skein requests list`],
    ['unread', grouped(view.unread), view.unread === 0 ? '' : 'skein chat'],
    ['queued', grouped(outbox.open), queueWords(view, look)],
    ['not indexed', grouped(search.behind), search.behind === 0 ? '' : 'found all the same']
  ]
  return [
    `${look.bold(displaySafe(view.name))}  ${isRunning ? `up since ${shortTime(Date.parse(view.startedAt), look.nowMs)}, pid ${view.pid}` : 'the node is not running: skein up'}  ${view.version}`,
    ...view.trouble.map(text => look.warn(`! ${displaySafe(text)}`)), '',
    ...tableLines(rows.map(row => row.map((cell, column) => column === 0 ? `  ${cell}` : cell)), ['left', 'right']), '',
    ...tableLines([
      ['  account', view.account],
      ['  peer', view.peerId],
      ...addresses.length === 0 ? [['  addresses', isRunning ? 'none: nobody can reach this node first' : 'none while it is not running']] : addresses.map((address, index) => [index === 0 ? '  addresses' : '', address]),
      ['  home', view.home]
    ])
  ]
}

function queueWords ({ outbox: { open, oldestAt, nextTryAt } }: StatusView, { nowMs }: Look): string {
  if (open === 0) return ''
  const oldest = oldestAt === undefined ? '' : `oldest ${shortTime(Date.parse(oldestAt), nowMs)}`
  const next = nextTryAt === undefined ? '' : `next try ${shortTime(Date.parse(nextTryAt), nowMs)}`
  return [oldest, next].filter(words => words !== '').join(', ')
}
