/** `skein chat`: the full-screen client, which is loaded only here. */
import { EXIT, SkeinError, UsageError } from '../../protocols/core/errors.ts'
import type { LocalApi } from '../../protocols/local/operations.ts'
import type { EventView } from '../../protocols/local/schema.ts'
import type { Invocation } from '../command.ts'

/** One question for new events; the client asks again when it ends. */
const EVENT_WAIT_MS = 30_000
const PAGE_EVENTS_MAX = 100

export async function chat ({ arguments: [who], session, output, interrupted }: Invocation): Promise<void> {
  const { stdin, stdout } = process
  if (!stdin.isTTY || !stdout.isTTY) throw new UsageError('chat needs a terminal', 'Without one: skein read, skein send, skein events --follow')
  const { runChat } = await import('../chat/chat.ts')
  const { look } = output
  const exit = await runChat({
    api: session.api,
    follow: signal => eventsFromNow(session.api, signal),
    who,
    stdin,
    stdout,
    ascii: look.isAscii,
    color: look.hasColor,
    clock: { now: () => Date.now() },
    interrupted
  })
  if (exit !== EXIT.ok) throw new SkeinError('the chat was ended', { code: 'interrupted', exit })
}

/** Everything that happens from the first question on. Ends when `signal` aborts and the question that is open then is answered. */
export async function * eventsFromNow (api: LocalApi, signal: AbortSignal): AsyncGenerator<EventView> {
  let { cursor } = await api.call('events.page', { after: 'now', waitMs: 0 })
  while (!signal.aborted) {
    const page = await api.call('events.page', { after: cursor, limit: PAGE_EVENTS_MAX, waitMs: EVENT_WAIT_MS })
    yield * page.events
    cursor = page.cursor
  }
}
