/** `skein up`: the node in the foreground, until somebody stops it. */
import { resolve } from 'node:path'
import type { EventView } from '../../protocols/local/schema.ts'
import { displaySafe } from '../../protocols/core/text.ts'
import type { LocalApi } from '../../protocols/local/operations.ts'
import { socketPathFor } from '../../node/api/socket-path.ts'
import { counted } from '../chat/words.ts'
import type { Invocation } from '../command.ts'
import type { Flags } from '../flags.ts'
import type { Settings } from '../config.ts'
import type { Output } from '../output.ts'
import { mediaFrom } from '../media.ts'
import { unlockFor } from '../password.ts'
import { hasAccount } from '../../node/home-files.ts'
import { noAccount } from '../session.ts'

/** How long one question for new events lasts. */
const EVENT_WAIT_MS = 30_000

export async function up ({ flags, settings, home, output, interrupted }: Invocation): Promise<void> {
  if (!hasAccount(home)) throw noAccount()
  const unlock = await unlockFor({ flags, environment: process.env, home })
  const { createNode } = await import('../../node/node.ts')
  const onFault = (fault: Error): void => output.note(`unexpected: ${fault.stack ?? fault.name}`)
  await using node = await createNode({ home, unlock, onFault, bootstrap: settings.list('bootstrap'), media: mediaFrom(settings, path => resolve(home, path)), ...listenFrom(flags, settings), ...lanFrom(settings) })
  await node.start()
  const addresses = node.addresses()
  await output.result({ account: node.account, peerId: node.peerId, addresses, socket: socketPathFor(home) }, readyText(addresses))
  if (output.isTerminal) await tellWaiting(node, output)
  // For as long as the node runs; what it waits for then keeps no process alive.
  void tellTroubles(node, output)
  await Promise.race([node.stopped, abortOf(interrupted)])
  await node.stop()
  const fault = await node.stopped
  // For a supervisor: it ends with what was wrong, and the next one goes on from what is on the disk.
  if (fault !== undefined) throw fault
  output.note('The node has stopped. What was queued is safe.')
}

async function abortOf (signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  const { promise, resolve } = Promise.withResolvers<undefined>()
  signal.addEventListener('abort', () => resolve(undefined), { once: true })
  await promise
}

function listenFrom (flags: Flags, settings: Settings): { readonly listen?: readonly string[] } {
  const given = flags.list('listen')
  const listen = given.length > 0 ? given : settings.list('listen')
  return listen.length > 0 ? { listen } : {}
}

/** `auto` is the node's own rule. */
function lanFrom (settings: Settings): { readonly lan?: boolean } {
  const lan = settings.text('lan')
  return lan === 'auto' ? {} : { lan: lan === 'on' }
}

function readyText (addresses: readonly string[]): string {
  return ['The node runs. Stop it with Ctrl-C or: skein stop', ...addresses.map(address => `  ${address}`)].join('\n')
}

/** What waits for the person at this terminal. */
async function tellWaiting (api: LocalApi, output: Output): Promise<void> {
  const { requests, unread, outbox, trouble } = await api.call('status', {})
  if (requests > 0) output.note(`${counted(requests, 'request')} ${requests === 1 ? 'waits' : 'wait'} for you: skein requests list`)
  if (unread > 0) output.note(`${counted(unread, 'unread message')}: skein chat`)
  if (outbox.open > 0) output.note(`${counted(outbox.open, 'delivery', 'deliveries')} queued.`)
  for (const text of trouble) output.note(output.stderrLook.warn(displaySafe(text)))
}

/** Never rejects: a node whose troubles cannot be told goes on all the same, and one that has stopped has none. */
async function tellTroubles (api: LocalApi, output: Output): Promise<void> {
  try {
    for (let after = 'now'; ;) {
      const page = await api.call('events.page', { after, waitMs: EVENT_WAIT_MS })
      after = page.cursor
      for (const trouble of page.events.flatMap(event => troubleText(event, output.isTerminal) ?? [])) output.note(trouble)
    }
  } catch { /* said above */ }
}

function troubleText ({ type, text, contact, request }: EventView, isTerminal: boolean): string | undefined {
  const who = displaySafe(contact?.label ?? 'somebody')
  if (type === 'node.trouble') return displaySafe(text ?? 'The node has trouble: skein status')
  if (type === 'contact.key_changed') return `The signing key of ${who} changed. Sending is stopped until you compare: skein contact verify`
  return type === 'request.received' && isTerminal ? `${displaySafe(request?.name ?? 'Somebody')} asks to be a contact: skein requests list` : undefined
}
