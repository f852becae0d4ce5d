/** A real browser without a window, driven over its own debugging protocol: for what only a browser can tell. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'] as const

/** undefined: there is none here. CHROMIUM names one that is elsewhere. */
export function findBrowser (): string | undefined {
  const named = process.env['CHROMIUM'] ?? ''
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return [named, ...folders.flatMap(folder => NAMES.map(name => join(folder, name)))].find(path => path !== '' && existsSync(path))
}

export interface Browser {
  readonly open: (options: PageOptions) => Promise<BrowserPage>
  readonly stop: () => Promise<void>
}

export interface PageOptions {
  readonly width: number
  readonly height: number
  readonly scheme?: 'light' | 'dark'
  readonly hasScripts?: boolean
}

export interface BrowserPage {
  /** Everything the page asked for, and everything the browser complained about. */
  readonly requests: readonly string[]
  readonly complaints: readonly string[]
  /** Resolves when the page has loaded. */
  readonly go: (url: string) => Promise<void>
  /** The value of an expression, which may be a promise. */
  readonly evaluate: <Value>(expression: string) => Promise<Value>
  readonly screenshot: () => Promise<Uint8Array>
}

interface Message { readonly id?: number, readonly method?: string, readonly sessionId?: string, readonly params?: Record<string, unknown>, readonly result?: Record<string, unknown>, readonly error?: { readonly message: string } }

export async function startBrowser (path: string): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), 'skein-browser-'))
  const child = spawn(path, ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking', '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank'], { stdio: ['ignore', 'ignore', 'pipe'] })
  const socket = new WebSocket(await debuggingAddress(child.stderr))
  await once(socket, 'open')
  const wire = new Wire(socket)
  return {
    open: async options => await openPage(wire, options),
    stop: async () => {
      const ended = once(child, 'exit')
      await wire.send('Browser.close')
      await ended
      socket.close()
      await rm(profile, { recursive: true, force: true, maxRetries: 3 })
    }
  }
}

async function debuggingAddress (stderr: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: stderr })) {
    const [, address] = /DevTools listening on (ws:\S+)/.exec(line) ?? []
    if (address !== undefined) return address
  }
  throw new Error('the browser ended before it could be reached')
}

/** Commands and their answers; events go to whoever listens. */
class Wire {
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, PromiseWithResolvers<Record<string, unknown>>>()
  readonly #listeners = new Set<(message: Message) => void>()
  #lastId = 0

  constructor (socket: WebSocket) {
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => { this.#take(JSON.parse(String(data)) as Message) })
  }

  listen (listener: (message: Message) => void): () => void {
    this.#listeners.add(listener)
    return () => { this.#listeners.delete(listener) }
  }

  async send (method: string, params: object = {}, sessionId?: string): Promise<Record<string, unknown>> {
    const id = this.#lastId += 1
    const answer: PromiseWithResolvers<Record<string, unknown>> = Promise.withResolvers()
    this.#waiting.set(id, answer)
    this.#socket.send(JSON.stringify({ id, method, params, ...sessionId !== undefined && { sessionId } }))
    return await answer.promise
  }

  #take (message: Message): void {
    for (const listener of this.#listeners) listener(message)
    const waiting = this.#waiting.get(message.id ?? -1)
    if (waiting === undefined) return
    this.#waiting.delete(message.id ?? -1)
    if (message.error === undefined) waiting.resolve(message.result ?? {})
    else waiting.reject(new Error(message.error.message))
  }
}

async function openPage (wire: Wire, { width, height, scheme = 'light', hasScripts = true }: PageOptions): Promise<BrowserPage> {
  const { targetId } = await wire.send('Target.createTarget', { url: 'about:blank' })
  const { sessionId } = await wire.send('Target.attachToTarget', { targetId, flatten: true })
  const session = String(sessionId)
  const requests: string[] = []
  const complaints: string[] = []
  wire.listen(({ method, params, sessionId: from }) => {
    if (from !== session) return
    if (method === 'Network.requestWillBeSent') requests.push((params?.['request'] as { readonly url: string }).url)
    if (method === 'Log.entryAdded') complaints.push((params?.['entry'] as { readonly text: string }).text)
    if (method === 'Runtime.exceptionThrown') complaints.push(JSON.stringify(params?.['exceptionDetails']))
  })
  const send = async (method: string, params: object = {}): Promise<Record<string, unknown>> => await wire.send(method, params, session)
  for (const domain of ['Page', 'Network', 'Log', 'Runtime']) await send(`${domain}.enable`)
  await send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false })
  await send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] })
  await send('Emulation.setScriptExecutionDisabled', { value: !hasScripts })
  return {
    requests,
    complaints,
    go: async url => {
      const loaded = Promise.withResolvers<undefined>()
      const unlisten = wire.listen(({ method, sessionId: from }) => { if (from === session && method === 'Page.loadEventFired') loaded.resolve(undefined) })
      await send('Page.navigate', { url })
      await loaded.promise
      unlisten()
    },
    evaluate: async <Value>(expression: string) => {
      const { result, exceptionDetails } = await send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })
      if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails))
      return (result as { readonly value: Value }).value
    },
    screenshot: async () => Buffer.from(String((await send('Page.captureScreenshot', { captureBeyondViewport: true }))['data']), 'base64')
  }
}
