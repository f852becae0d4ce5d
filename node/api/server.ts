/**
 * The local API over HTTP on a unix socket: the one door by which the command line and foreign programs reach a running
 * node. Law: docs/protocols/local.md.
 */
import { chmod } from 'node:fs/promises'
import fastify from 'fastify'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify'
import { MalformedError, NotFoundError, RefusedError, SkeinError, UsageError, asError } from '../../protocols/core/errors.ts'
import { OPERATIONS } from '../../protocols/local/operations.ts'
import type { LocalApi } from '../../protocols/local/operations.ts'
import type { Clock } from '../ports.ts'
import { failure, httpStatus, success, unexpectedFault } from './answers.ts'
import { boundedCalls } from './calls.ts'
import type { Calls } from './calls.ts'
import { firstEvents, writeEvents } from './event-stream.ts'
import type { EventStart } from './event-stream.ts'
import { openApiDocument, operationNames } from './openapi.ts'
import { clearSocketPath } from './socket.ts'
import { lazyValidators } from './validators.ts'

export interface LocalServerOptions {
  readonly api: LocalApi
  /** See `socketPathFor`. The caller holds the lock of the home. */
  readonly socketPath: string
  readonly clock: Clock
  /** Of this program, as in package.json. */
  readonly version: string
  /** Told of every fault that is a bug: the client learns no more than that there was one. */
  readonly onFault?: (fault: Error) => void
}

export interface LocalServer {
  /** Takes no more calls, ends those that wait, lets the others finish for a second. Removes the socket. Idempotent. */
  readonly stop: () => Promise<void>
}

/** A text is at most 60,000 bytes, six times that when each is escaped in JSON. */
const BODY_BYTES_MAX = 1024 * 1024
/** Chat, hooks and scripts of one person; each may hold an event stream. */
const CONNECTIONS_MAX = 64
/** A request that arrives more slowly than this does not come from this machine's own programs. How long an answer takes is not limited. */
const REQUEST_TIMEOUT_MS = 30_000
const IDLE_TIMEOUT_MS = 5_000
const STOP_GRACE_MS = 1_000

/** @throws StorageError when the socket cannot be made where it belongs */
export async function serveLocalApi ({ api, socketPath, clock, version, onFault = () => undefined }: LocalServerOptions): Promise<LocalServer> {
  const calls = boundedCalls(api)
  const streams = new Set<FastifyReply['raw']>()
  const server = fastify({
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: IDLE_TIMEOUT_MS,
    // Whoever asks while it stops is told so in the words of this API.
    return503OnClosing: false
  })
  server.setValidatorCompiler(lazyValidators())
  server.removeContentTypeParser('text/plain')
  server.addHook('onRequest', refuseBrowsers)
  server.setNotFoundHandler((request, reply) => answerFault(reply, 'error', new NotFoundError(`the local API has no ${request.method} at this path`, 'GET /openapi.json lists what there is.')))
  server.setErrorHandler((thrown: FastifyError, request, reply) => answerFault(reply, operationOf(request), faultOf(thrown, onFault)))
  serveOperations(server, calls)
  serveEvents(server, { calls, streams, onFault })
  server.get('/openapi.json', () => openApiDocument(version))
  server.get('/v1/version', () => success('version', { version }))

  // A pipe of Windows is no file: there is nothing to clear, to protect or to remove.
  const isFile = process.platform !== 'win32'
  if (isFile) await clearSocketPath(socketPath)
  server.server.maxConnections = CONNECTIONS_MAX
  await server.listen({ path: socketPath })
  if (isFile) await chmod(socketPath, 0o600)

  async function stop (): Promise<void> {
    calls.end()
    for (const stream of streams) stream.end()
    const grace = clock.timer(STOP_GRACE_MS, () => server.server.closeAllConnections())
    await server.close()
    grace.cancel()
  }
  return { stop }
}

function serveOperations (server: FastifyInstance, calls: Calls): void {
  for (const name of operationNames()) {
    server.post(`/v1/${name}`, { schema: { body: OPERATIONS[name].params }, preValidation: takeNothingAsEmpty }, async request => {
      // The schema has checked it; which of the operations it is for, the compiler cannot follow through a loop.
      const params = request.body as never
      return success<object>(name, await calls.call(name, params))
    })
  }
}

interface EventDoor {
  readonly calls: Calls
  /** Every stream that is open, so that `stop` can end it. */
  readonly streams: Set<FastifyReply['raw']>
  readonly onFault: (fault: Error) => void
}

function serveEvents (server: FastifyInstance, { calls, streams, onFault }: EventDoor): void {
  const { name, after } = OPERATIONS['events.page'].params.properties
  const querystring = { type: 'object', additionalProperties: false, properties: { name, after } }
  async function stream (request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const first = await firstEvents(calls, request.query as EventStart)
    reply.hijack()
    const response = reply.raw
    streams.add(response)
    try {
      response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store', connection: 'close' })
      await writeEvents(calls, first, response)
    } catch (thrown) {
      // The status has gone out long ago: a last line says why the stream ends.
      if (!response.writableEnded) response.write(`${JSON.stringify(failure('events', faultOf(asError(thrown), onFault)))}\n`)
    } finally {
      streams.delete(response)
      response.end()
    }
  }
  server.get('/v1/events', { schema: { querystring } }, stream)
}

/** `curl -X POST …/v1/status` without a body means no parameters. */
function takeNothingAsEmpty (request: FastifyRequest, _reply: FastifyReply, done: HookHandlerDoneFunction): void {
  request.body ??= {}
  done()
}

/**
 * No page in a browser can open a unix socket; a proxy in front of one could. Whatever says that it comes from a page, or
 * that it believes to talk to another host, is refused before its body is read.
 */
function refuseBrowsers ({ headers }: FastifyRequest, _reply: FastifyReply, done: HookHandlerDoneFunction): void {
  const isFromPage = ['origin', 'referer', 'sec-fetch-site', 'sec-fetch-mode'].some(name => headers[name] !== undefined)
  if (isFromPage) done(new RefusedError('the local API does not answer to web pages'))
  else if (headers.host !== 'localhost') done(new RefusedError('the local API answers to the host "localhost" only'))
  else done()
}

function answerFault (reply: FastifyReply, operation: string, fault: SkeinError): FastifyReply {
  return reply.code(httpStatus(fault.exit)).send(failure(operation, fault))
}

/** What went wrong before or in an operation, as the caller may see it. */
function faultOf (thrown: Error, onFault: (fault: Error) => void): SkeinError {
  if (thrown instanceof SkeinError) return thrown
  const { validation, statusCode } = thrown as Partial<FastifyError>
  if (validation !== undefined) return validationFault(validation)
  if (statusCode === 413) return new RefusedError(`the request is larger than ${BODY_BYTES_MAX} bytes`)
  if (statusCode === 415) return new UsageError('the body must be application/json')
  if (statusCode === 400) return new MalformedError('request', 'the body must be JSON')
  onFault(thrown)
  return unexpectedFault()
}

/** In words, and without the value: it may be somebody's text. */
function validationFault (validation: NonNullable<FastifyError['validation']>): UsageError {
  const [first] = validation
  if (first === undefined) return new UsageError('the parameters do not fit this operation')
  const place = first.instancePath === '' ? 'the parameters' : first.instancePath.slice(1).replaceAll('/', '.')
  const unknown = first.params['additionalProperty']
  const allowed = first.params['allowedValues']
  const detail = typeof unknown === 'string' ? `: ${unknown.slice(0, 64)}` : Array.isArray(allowed) ? `: ${allowed.join(', ')}` : ''
  return new UsageError(`${place} ${first.message ?? 'is not valid'}${detail}`)
}

function operationOf (request: FastifyRequest): string {
  return /^\/v1\/([a-z.-]+)/.exec(request.routeOptions.url ?? '')?.[1] ?? 'error'
}
