/** The live page of a testnet, on loopback only and only for reading. */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { PAGE_FILES, PAGE_FOLDER } from '../../node/page/files.ts'
import { refusalOf, SECURITY_HEADERS } from '../../node/page/guard.ts'
import { Live } from '../../node/page/live.ts'
import { html, type Markup } from '../../node/page/markup.ts'
import { realClock } from '../../node/world.ts'
import { asError, UsageError } from '../../protocols/core/errors.ts'
import { aboutText, pageOf } from '../report/page.ts'
import { encodeRecord } from '../report/record.ts'
import { sections } from '../report/sections.ts'
import type { Source, SourceState } from './source.ts'

export interface Dash extends AsyncDisposable {
  /** `http://127.0.0.1:4783/` */
  readonly url: string
}

export interface DashOptions {
  readonly source: Source
  /** 0: a free one. */
  readonly port: number
  /** Told of every fault that is a bug. */
  readonly onFault: (fault: Error) => void
}

const FILES = { ...PAGE_FILES, 'report.css': 'text/css; charset=utf-8' } as const
const CONNECTIONS_MAX = 128
const REQUEST_TIMEOUT_MS = 10_000

const HEAD = html`<link rel="icon" href="/mark.svg" type="image/svg+xml">
<link rel="stylesheet" href="/tokens.css">
<link rel="stylesheet" href="/page.css">
<link rel="stylesheet" href="/report.css">
<script type="module" src="/live.js"></script>`

/** @throws UsageError when the port is taken or may not be used */
export async function serveDash ({ source, port, onFault }: DashOptions): Promise<Dash> {
  const live = new Live({ clock: realClock, render: () => rendered(source), onFault })
  const files = new Map(await Promise.all(Object.entries(FILES).map(async ([name, type]) => [`/${name}`, { type, bytes: await readFile(join(PAGE_FOLDER, name)) }] as const)))
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    answer(request, response, { source, live, files, port: (server.address() as AddressInfo).port }).catch((thrown: unknown) => {
      onFault(asError(thrown))
      if (!response.headersSent) say(response, 500, 'something went wrong')
    })
  })
  server.maxConnections = CONNECTIONS_MAX
  await listen(server, port)
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    [Symbol.asyncDispose]: async () => {
      live.stop()
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    }
  }
}

interface Parts {
  readonly source: Source
  readonly live: Live
  readonly files: ReadonlyMap<string, { readonly type: string, readonly bytes: Uint8Array }>
  readonly port: number
}

async function answer ({ url, method, headers }: IncomingMessage, response: ServerResponse, { source, live, files, port }: Parts): Promise<void> {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value)
  const refusal = refusalOf(headers, port)
  if (refusal !== undefined) { say(response, 403, refusal.message); return }
  if (method !== 'GET') { say(response, 405, 'this page is for reading'); return }
  const file = files.get(url ?? '')
  if (file !== undefined) {
    response.writeHead(200, { 'content-type': file.type }).end(file.bytes)
  } else if (url === '/') {
    await source.refresh()
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(pageFor(source).html)
  } else if (url === '/record.json') {
    await source.refresh()
    response.writeHead(200, { 'content-type': 'application/json' }).end(encodeRecord(source.record))
  } else if (url === '/live') {
    if (live.isFull) { say(response, 403, 'too many pages watch this testnet'); return }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    live.watch(response, live.first())
  } else {
    say(response, 404, 'there is nothing at this path')
  }
}

function pageFor (source: Source): Markup {
  const aside = html`<p class="status"><span id="state">${stateMark(source.state)}</span><span id="age">Figures as of loading</span></p>
<nav aria-label="Raw figures"><a class="btn" href="/record.json">JSON</a></nav>`
  return pageOf(source.record, { head: HEAD, aside, foot: 'Served on loopback only, by skein testnet dash.' })
}

/** What is shown now; the next look is begun, so that what comes in a second is new. Nothing is asked while nobody watches. */
function rendered (source: Source): { readonly atMs: number, readonly ageMs: number, readonly parts: Readonly<Record<string, string>> } {
  const { record, state, atMs } = source
  void source.refresh()
  const parts = { ...sections(record), state: stateMark(state), about: html`${aboutText(record)}` }
  return { atMs, ageMs: Date.now() - atMs, parts: Object.fromEntries(Object.entries(parts).map(([id, markup]) => [id, markup.html])) }
}

/** `data-late`: what the page says beside old figures (web/page/live.js). */
function stateMark (state: SourceState): Markup {
  if (state === 'ended') return html`<i class="dot hollow" data-late=""></i>The run has ended`
  if (state === 'gone') return html`<i class="dot off" data-late=""></i><b>The testnet is gone</b>`
  return html`<i class="dot" data-late="The testnet does not answer."></i>Live`
}

async function listen (server: Server, port: number): Promise<void> {
  try {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
    if (code === 'EADDRINUSE') throw new UsageError(`port ${port} is taken`, 'Name another one with --port, or none: then a free one is taken.')
    if (code === 'EACCES') throw new UsageError(`port ${port} may not be used`, 'Name one above 1023 with --port.')
    throw thrown
  }
}

function say (response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`)
}
