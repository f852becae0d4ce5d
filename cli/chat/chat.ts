/**
 * `skein chat`: a full-screen client of the local API in a terminal. The CLI hands over an API and the event stream; what
 * is shown and what keys do is decided in `state.ts` and `paint/`, drawn by Ink.
 */
import { asError, EXIT, UsageError, type ExitCode } from '../../protocols/core/errors.ts'
import type { LocalApi } from '../../protocols/local/operations.ts'
import type { EventView } from '../../protocols/local/schema.ts'
import { feedEvents } from './feed.ts'
import { readOverview, startModel } from './model.ts'
import { openConversationStep, openRequestsStep, stay } from './navigate.ts'
import { startSession, type Session } from './session.ts'
import type { Step } from './shape.ts'
import { initialState } from './state.ts'

export interface ChatOptions {
  readonly api: LocalApi
  /** The event stream from now on. It may end or throw at any time; it is then asked for again. */
  readonly follow: (signal: AbortSignal) => AsyncIterable<EventView>
  /** Whose conversation is opened first: a label, an alias or an account id. */
  readonly who?: string | undefined
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  /** The locale is not UTF-8. */
  readonly ascii: boolean
  readonly color: boolean
  readonly clock: { readonly now: () => number }
  /** Ends the chat as if it had thrown the signal's reason. */
  readonly interrupted?: AbortSignal
}

/** Times and notices age. */
const TICK_MS = 5_000
/** Who is connected changes without an event. */
const REFRESH_EVERY_TICKS = 2

/**
 * Runs until the person quits; the terminal is then as it was.
 * @returns the exit code
 * @throws UsageError without a terminal; SkeinError when the node does not answer at the beginning or does not know `who`;
 *   the reason of `interrupted`
 */
export async function runChat (options: ChatOptions): Promise<ExitCode> {
  const { api, follow, stdin, stdout, clock, interrupted } = options
  if (!stdin.isTTY || !stdout.isTTY) throw new UsageError('chat needs a terminal', 'Without one: skein read, skein send, skein events')
  const [{ show }, beginning] = await Promise.all([loadView(), begin(options)])
  const end = new AbortController()
  const over = Promise.withResolvers<undefined>()
  const wait = async (delayMs: number): Promise<void> => { await pause(delayMs, end.signal) }
  const session = startSession({
    initial: beginning.state,
    now: clock.now,
    perform: dispatch => startModel({ api, dispatch, now: clock.now, pause: wait }),
    onQuit: () => { over.resolve(undefined) },
    onBug: error => { over.reject(asError(error)) }
  })
  const shown = show({ session, stdin, stdout, isColoured: options.color })
  const ticking = startTicking(session)
  const feed = feedEvents({ api, follow, dispatch: session.dispatch, signal: end.signal, now: clock.now, pause: wait })
  feed.catch(over.reject)
  const interrupt = (): void => { over.reject(asError(interrupted?.reason)) }
  interrupted?.addEventListener('abort', interrupt)
  for (const effect of beginning.effects) session.perform(effect)
  try {
    await Promise.race([over.promise, shown.closed])
    return EXIT.ok
  } finally {
    interrupted?.removeEventListener('abort', interrupt)
    clearInterval(ticking)
    end.abort()
    shown.close()
    await shown.closed
  }
}

/** What is shown first. Read before the screen is taken, so that a failure is printed like any other. */
async function begin ({ api, who, stdout, ascii, clock }: ChatOptions): Promise<Step> {
  const contact = who === undefined ? undefined : (await api.call('contact.show', { who })).contact
  const overview = await readOverview(api)
  const state = initialState({ ...overview, nowMs: clock.now(), columns: stdout.columns, rows: stdout.rows, glyphs: ascii ? 'ascii' : 'unicode' })
  if (contact === undefined) return stay(state)
  if (contact.standing === 'pending') return openRequestsStep(state)
  const isListed = state.conversations.some(other => other.contact.account === contact.account)
  const conversations = isListed ? state.conversations : [...state.conversations, { contact, last: undefined }]
  return openConversationStep({ ...state, conversations }, contact.account)
}

/** React chooses its build when it is loaded. The one for development takes several times as long and records every render. */
async function loadView (): Promise<typeof import('./view/show.ts')> {
  const before = process.env['NODE_ENV']
  process.env['NODE_ENV'] = before ?? 'production'
  try {
    return await import('./view/show.ts')
  } finally {
    if (before === undefined) delete process.env['NODE_ENV']
  }
}

function startTicking (session: Session): NodeJS.Timeout {
  let ticks = 0
  return setInterval(() => {
    session.dispatch({ type: 'tick' })
    ticks++
    if (ticks % REFRESH_EVERY_TICKS === 0 && session.state().node.answers) session.perform({ do: 'refresh' })
  }, TICK_MS)
}

/** Resolves after a time, or when the chat ends. */
async function pause (delayMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>(resolve => {
    const finish = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', finish)
      resolve()
    }
    const timer = setTimeout(finish, delayMs)
    signal.addEventListener('abort', finish)
  })
}
