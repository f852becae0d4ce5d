/**
 * `skein events`: what happens, one event a line, at least once. A named cursor is moved only after the lines that it
 * passes are written, so that a reader that is killed sees again what it may not have seen.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { EXIT, SkeinError } from '../../protocols/core/errors.ts'
import { displaySafe } from '../../protocols/core/text.ts'
import type { Params, Result } from '../../protocols/local/operations.ts'
import { EVENT_TYPES } from '../../protocols/local/schema.ts'
import type { EventView } from '../../protocols/local/schema.ts'
import { exactTime } from '../chat/words.ts'
import type { Invocation } from '../command.ts'
import { oneOf } from '../flags.ts'
import { authorOf, bodyOf, cut } from '../words.ts'

export const EVENT_SCHEMA = 'skein.event/1'

/** What is written again when the reader is killed in between. */
const PAGE_EVENTS_MAX = 100
const WAIT_MS = 30_000
/** A node that restarts is back within seconds. */
const RECONNECT_MS = 500

export async function events ({ flags, session, output, interrupted }: Invocation): Promise<void> {
  const types = new Set<string>(flags.list('type').map(type => oneOf(type, EVENT_TYPES, '--type')))
  const name = flags.text('cursor')
  const isFollowing = flags.isOn('follow')
  const after = flags.text('after') ?? (name === undefined ? (isFollowing ? 'now' : 'start') : undefined)
  const pages = eventPages({ session, output, interrupted }, { ...name !== undefined && { name }, ...after !== undefined && { after }, isFollowing })
  for await (const { events: page, cursor } of pages) {
    for (const event of page) {
      if (types.size === 0 || types.has(event.type)) await output.record(EVENT_SCHEMA, event, eventText(event))
    }
    if (name === undefined || page.length === 0) continue
    // Events that were not asked for are dealt with as well.
    const acknowledge = async (): Promise<object> => await session.api.call('events.acknowledge', { name, cursor })
    await (isFollowing ? patiently(acknowledge, { output, interrupted }) : acknowledge())
  }
}

type Place = Pick<Invocation, 'session' | 'output' | 'interrupted'>
interface Start { readonly name?: string, readonly after?: string, readonly isFollowing: boolean }

async function * eventPages (place: Place, { isFollowing, ...start }: Start): AsyncGenerator<Result<'events.page'>> {
  let params: Params<'events.page'> = { ...start, limit: PAGE_EVENTS_MAX, waitMs: 0 }
  for (;;) {
    const asked = params
    const ask = async (): Promise<Result<'events.page'>> => await place.session.api.call('events.page', asked)
    // A node that is not there at the beginning is another matter: then somebody should know.
    const page = isFollowing && params.waitMs !== 0 ? await patiently(ask, place) : await ask()
    yield page
    if (!isFollowing && page.events.length === 0) return
    params = { ...params, after: page.cursor, waitMs: isFollowing ? WAIT_MS : 0 }
  }
}

/** A node that restarts does not end the stream: we know where we are, and go on from there. */
async function patiently<Answer> (ask: () => Promise<Answer>, { output, interrupted }: Omit<Place, 'session'>): Promise<Answer> {
  for (let isTold = false; ; isTold = true) {
    try {
      return await ask()
    } catch (thrown) {
      const isAway = thrown instanceof SkeinError && (thrown.exit === EXIT.locked || thrown.exit === EXIT.timeout)
      if (!isAway || interrupted.aborted) throw thrown
      if (!isTold) output.note('The node does not answer. Waiting for it; nothing is missed.')
    }
    await delay(RECONNECT_MS, undefined, { signal: interrupted })
  }
}

function eventText ({ at, type, message, request, contact, text }: EventView): string {
  const what = message !== undefined
    ? `${authorOf(message)}: ${cut(bodyOf(message).replaceAll('\n', ' '))}  ${message.state}  ${message.id}`
    : request !== undefined
      ? `${displaySafe(request.name)}: ${displaySafe(request.text)}  ${request.id}`
      : [contact === undefined ? '' : displaySafe(contact.label), text === undefined ? '' : displaySafe(text)].filter(part => part !== '').join('  ')
  return `${exactTime(Date.parse(at))}  ${type.padEnd(23)}  ${what}`.trimEnd()
}
