/**
 * The event stream: one event a line, for as long as the client reads. Law: docs/protocols/local.md, "Events".
 */
import type { ServerResponse } from 'node:http'
import type { LocalApi, Result } from '../../protocols/local/operations.ts'

/** Where the stream begins: as in the operation `events.page`. */
export interface EventStart { readonly name?: string, readonly after?: string }

/** An empty line this often tells both sides that the other is there; the law says 15 s. */
const HEARTBEAT_MS = 15_000
/** Events taken at once: at most about 20 MB, were each of them a message of the largest size. */
const PAGE_EVENTS_MAX = 256

type Page = Result<'events.page'>

/**
 * Takes the first page before anything is written, so that a wrong cursor is an error with a status. The named cursor
 * stays where it is: only the client knows what it has dealt with, and acknowledges.
 */
export async function firstEvents (api: LocalApi, start: EventStart): Promise<Page> {
  return await api.call('events.page', { ...start, limit: PAGE_EVENTS_MAX, waitMs: 0 })
}

/**
 * Writes `first` and all that follows, until the client goes away or `response` is ended by somebody else. Nothing is
 * taken from the node while the client does not read.
 * @throws what the node throws for a later page
 */
export async function writeEvents (api: LocalApi, first: Page, response: ServerResponse): Promise<void> {
  for (let page = first; isOpen(response); page = await nextPage(api, page)) {
    const lines = page.events.map(event => `${JSON.stringify(event)}\n`)
    // The empty line also sends the headers when there is no event yet.
    const hasRoom = response.write(lines.length === 0 ? '\n' : lines.join(''))
    if (!hasRoom) await roomIn(response)
  }
}

async function nextPage (api: LocalApi, { cursor }: Page): Promise<Page> {
  return await api.call('events.page', { after: cursor, limit: PAGE_EVENTS_MAX, waitMs: HEARTBEAT_MS })
}

function isOpen (response: ServerResponse): boolean {
  return !response.destroyed && !response.writableEnded
}

/** Settles when the client has read on, or is gone. */
async function roomIn (response: ServerResponse): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const settle = (): void => resolve(undefined)
  response.once('drain', settle)
  response.once('close', settle)
  // The client may have gone before we began to listen.
  if (!isOpen(response)) settle()
  await promise
  response.off('drain', settle)
  response.off('close', settle)
}
