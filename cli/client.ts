/**
 * The local API of a running node, over its unix socket. Loaded on every command, so it imports nothing that is slow to
 * start. Law: docs/protocols/local.md.
 */
import type { IncomingMessage } from 'node:http'
import { socketPathFor } from '../node/api/socket-path.ts'
import { EXIT, LockedError, SkeinError, TimeoutError } from '../protocols/core/errors.ts'
import type { ExitCode } from '../protocols/core/errors.ts'
import type { ErrorView, LocalApi, OperationName, Params, Result } from '../protocols/local/operations.ts'

export interface ClientOptions {
  /** How long the node may be silent before a call fails; what a call itself asks to wait is added. Milliseconds. */
  readonly silenceMsMax?: number
  /** Ends every call that is under way: its reason, a SkeinError, is what they throw. */
  readonly signal?: AbortSignal
}

/** Nothing listens at the socket of this home: nothing has been asked of anybody. */
export class NoNodeError extends LockedError {
  override name = 'NoNodeError'
  constructor () { super('no node runs here', 'Start it with: skein up') }
}

/** A commit waits for the disk, a lookup for the network: both far less than this. */
const SILENCE_MS_MAX = 30_000
/** A thousand messages of the largest size, each byte escaped, stay below this. */
const ANSWER_BYTES_MAX = 512 * 1024 * 1024
const EXIT_CODES: ReadonlySet<number> = new Set(Object.values(EXIT))

/**
 * Connects at each call, and only then.
 * Calls throw NoNodeError when no node runs, LockedError when it goes away before it has answered, TimeoutError when it
 * is silent, and what the node answers, as a SkeinError with the same code, exit and hint.
 */
export function connect (home: string, { silenceMsMax = SILENCE_MS_MAX, signal }: ClientOptions = {}): LocalApi {
  const socketPath = socketPathFor(home)
  async function call<Name extends OperationName> (name: Name, params: Params<Name>): Promise<Result<Name>> {
    return await callOver({ socketPath, who: 'node', absent: () => new NoNodeError(), name, params, silenceMsMax: silenceMsMax + waitMsIn(params), signal }) as Result<Name>
  }
  return { call }
}

export interface SocketCall {
  readonly socketPath: string
  /** Who answers there, in words: `node`, `relay`. */
  readonly who: string
  /** What is thrown when nobody listens. */
  readonly absent: () => SkeinError
  readonly name: string
  readonly params: object
  readonly silenceMsMax?: number
  readonly signal: AbortSignal | undefined
}

/** One call of an operation over a unix socket; throws as `connect` says. */
export async function callOver ({ socketPath, who, absent, name, params, silenceMsMax = SILENCE_MS_MAX, signal }: SocketCall): Promise<unknown> {
  return resultOf(await post({ socketPath, who, absent, path: `/v1/${name}`, body: JSON.stringify(params), silenceMsMax, signal }))
}

interface Post extends Pick<SocketCall, 'socketPath' | 'who' | 'absent' | 'signal'> {
  readonly path: string
  readonly body: string
  readonly silenceMsMax: number
}

// An import of node:http reads all its members, also the lazy ones, and with WebSocket comes a whole HTTP client: 30 ms of
// CPU at each start (Node 24.21).
const { request } = process.getBuiltinModule('node:http')

async function post ({ socketPath, who, absent, path, body, silenceMsMax, signal }: Post): Promise<string> {
  if (isAborted(signal)) throw reasonOf(signal)
  const headers = { host: 'localhost', 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
  const outgoing = request({ socketPath, path, method: 'POST', headers, agent: false })
  const { promise: response, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const abort = (): void => { outgoing.destroy() }
  outgoing.on('response', resolve)
  outgoing.on('error', reject)
  outgoing.setTimeout(silenceMsMax, () => outgoing.destroy(new TimeoutError(`the ${who} does not answer`, 'It may be busy or stopped by a debugger. What was accepted before is safe.')))
  signal?.addEventListener('abort', abort, { once: true })
  outgoing.end(body)
  try {
    return await readAnswer(await response)
  } catch (thrown) {
    throw isAborted(signal) ? reasonOf(signal) : connectionFault(thrown, { who, absent })
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}

async function readAnswer (incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength
    if (bytes > ANSWER_BYTES_MAX) throw notUnderstood()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function resultOf (answer: string): unknown {
  const envelope = parse(answer)
  if (envelope['ok'] === true) return envelope['data']
  throw faultOf(envelope['error'])
}

function parse (answer: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(answer)
    if (typeof value === 'object' && value !== null && 'ok' in value) return { ...value }
  } catch { /* said below */ }
  throw notUnderstood()
}

function faultOf (error: unknown): SkeinError {
  if (typeof error !== 'object' || error === null) return notUnderstood()
  const { code, exit, message, hint } = error as Partial<ErrorView>
  if (typeof code !== 'string' || typeof message !== 'string') return notUnderstood()
  return new SkeinError(message, { code, exit: exitCode(exit), hint })
}

/** A newer node may know classes that we do not. */
function exitCode (exit: number | undefined): ExitCode {
  return exit !== undefined && EXIT_CODES.has(exit) ? exit as ExitCode : EXIT.unexpected
}

function connectionFault (thrown: unknown, { who, absent }: Pick<SocketCall, 'who' | 'absent'>): Error {
  if (thrown instanceof SkeinError) return thrown
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
  if (code === 'ENOENT' || code === 'ECONNREFUSED') return absent()
  if (code === 'EACCES' || code === 'EPERM') return new LockedError(`the ${who} here belongs to another user`, 'Ask as that user, or choose another home with --home.')
  return new LockedError(`the ${who} went away before it answered`, 'Look at what it has done before you repeat the command.')
}

/** As a function: the compiler does not know that the answer changes while we wait. */
function isAborted (signal: AbortSignal | undefined): boolean {
  return signal?.aborted ?? false
}

function reasonOf (signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason
  return reason instanceof Error ? reason : new SkeinError('interrupted', { code: 'interrupted', exit: EXIT.interrupted })
}

function notUnderstood (): SkeinError {
  return new SkeinError('the node\'s answer is not understood', { code: 'not_understood', exit: EXIT.unexpected, hint: 'Is it an older version? Restart it with: skein stop, then skein up' })
}

/** What the call itself asks the node to wait, milliseconds. */
function waitMsIn (params: object): number {
  if ('waitMs' in params && typeof params.waitMs === 'number') return params.waitMs
  if ('timeoutMs' in params && typeof params.timeoutMs === 'number') return params.timeoutMs
  return 0
}
