/** `skein up`: the node in the foreground, until somebody stops it. */
import type { EventView } from '../../protocols/local/schema.ts'
import { displaySafe } from '../../protocols/core/text.ts'
import type { LocalApi } from '../../protocols/local/operations.ts'
import { socketPathFor } from '../../node/api/socket-path.ts'
import { counted } from '../chat/words.ts'
import type { Invocation } from '../command.ts'
import { checkSetting } from '../config.ts'
import type { Flags } from '../flags.ts'
import type { Settings } from '../config.ts'
import type { Output } from '../output.ts'
import { unlockFor } from '../password.ts'
import { isHome, noAccount } from '../session.ts'
import { ownVersion } from '../version.ts'

/** How long one question for new events lasts; it only bounds how long a stop takes. */
const EVENT_WAIT_MS = 30_000

export async function up ({ flags, settings, home, output, interrupted }: Invocation): Promise<void> {
  if (!isHome(home)) throw noAccount()
  const unlock = await unlockFor({ flags, environment: process.env, home })
  const { createNode } = await import('../../node/node.ts')
  const { realClock } = await import('../../node/world.ts')
  const { serveLocalApi } = await import('../../node/api/server.ts')
  await using node = await createNode({ home, unlock, ...listenFrom(flags, settings) })
  const stopped = Promise.withResolvers<undefined>()
  const stop = (): void => stopped.resolve(undefined)
  interrupted.addEventListener('abort', stop, { once: true })
  const api = stoppable(node, stop)
  const socketPath = socketPathFor(home)
  const onFault = (fault: Error): void => output.note(`unexpected: ${fault.stack ?? fault.name}`)
  const server = await serveLocalApi({ api, socketPath, clock: realClock, version: ownVersion(), onFault })
  try {
    await node.start()
    const { account, peerId } = node
    const addresses = node.addresses()
    await output.result({ account, peerId, addresses, socket: socketPath }, readyText(addresses))
    if (output.isTerminal) await tellWaiting(api, output)
    // Troubles are told for as long as the node runs, and that is not for as long as somebody waits for them.
    void tellTroubles(api, { output, stopped: stopped.promise })
    await stopped.promise
  } finally {
    await server.stop()
  }
  output.note('The node has stopped. What was queued is safe.')
}

function listenFrom (flags: Flags, settings: Settings): { readonly listen?: readonly string[] } {
  const given = flags.list('listen')
  const listen = given.length > 0 ? given : checkSetting('listen', settings.get('listen').value, 'listen')
  return Array.isArray(listen) && listen.length > 0 ? { listen } : {}
}

/** The operation `stop` ends this command, which then stops everything in order. */
function stoppable (api: LocalApi, stop: () => void): LocalApi {
  return {
    async call (name, params) {
      if (name !== 'stop') return await api.call(name, params)
      stop()
      return {}
    }
  }
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

async function tellTroubles (api: LocalApi, { output, stopped }: { readonly output: Output, readonly stopped: Promise<undefined> }): Promise<void> {
  let after = 'now'
  for (;;) {
    const page = await Promise.race([api.call('events.page', { after, waitMs: EVENT_WAIT_MS }), stopped])
    if (page === undefined) return
    after = page.cursor
    for (const event of page.events) {
      const trouble = troubleText(event, output.isTerminal)
      if (trouble !== undefined) output.note(trouble)
    }
  }
}

function troubleText ({ type, text, contact, request }: EventView, isTerminal: boolean): string | undefined {
  const who = displaySafe(contact?.label ?? 'somebody')
  if (type === 'node.trouble') return displaySafe(text ?? 'The node has trouble: skein status')
  if (type === 'contact.key_changed') return `The signing key of ${who} changed. Sending is stopped until you compare: skein contact verify`
  return type === 'request.received' && isTerminal ? `${displaySafe(request?.name ?? 'Somebody')} asks to be a contact: skein requests list` : undefined
}
