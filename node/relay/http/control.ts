/**
 * The operator's door into a running relay: HTTP over a unix socket in its home, mode 0600, in a directory that nobody else can
 * enter. What changes something comes this way only. docs/operating.md, "Control"
 */
import { chmod } from 'node:fs/promises'
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest, type HookHandlerDoneFunction } from 'fastify'
import { MalformedError, NotFoundError, RefusedError, SkeinError, UsageError, asError } from '../../../protocols/core/errors.ts'
import { RELAY_OPERATIONS, type RelayOperationName, type RelayParams, type RelayResult } from '../../../protocols/local/relay.ts'
import { failure, httpStatus, success, unexpectedFault } from '../../api/answers.ts'
import { clearSocketPath } from '../../api/socket.ts'
import { lazyValidators } from '../../api/validators.ts'
import type { Clock } from '../../ports.ts'
import { changeLimits } from '../limits.ts'
import type { SettingSources } from '../settings.ts'
import type { RelayOperator } from './operator.ts'
import { Recent } from './recent.ts'
import { mailboxView, statusView } from './status.ts'

export interface ControlOptions {
  readonly operator: RelayOperator
  /** Multiaddrs with our PeerId, as users are given them. */
  readonly addresses: () => readonly string[]
  /** Of the dashboard; undefined when it is off. */
  readonly http: string | undefined
  /** Where the settings come from: changes go into the file there. */
  readonly sources: SettingSources
  /** See `socketPathFor`. The caller holds the lock of the home. */
  readonly socketPath: string
  readonly clock: Clock
  /** Told of every fault that is a bug. */
  readonly onFault?: (fault: Error) => void
}

export interface Control {
  /** Removes the socket. Idempotent. */
  readonly stop: () => Promise<void>
}

type Operations = { readonly [Name in RelayOperationName]: (params: RelayParams<Name>) => RelayResult<Name> | Promise<RelayResult<Name>> }

const BODY_BYTES_MAX = 256 * 1024
const CONNECTIONS_MAX = 64
const REQUEST_TIMEOUT_MS = 30_000
const IDLE_TIMEOUT_MS = 5_000
const MAILBOXES_SHOWN = 50

/** @throws StorageError when the socket cannot be made where it belongs */
export async function serveControl (options: ControlOptions): Promise<Control> {
  const { socketPath, onFault = () => undefined } = options
  const server = fastify({ bodyLimit: BODY_BYTES_MAX, requestTimeout: REQUEST_TIMEOUT_MS, keepAliveTimeout: IDLE_TIMEOUT_MS })
  server.setValidatorCompiler(lazyValidators())
  server.removeContentTypeParser('text/plain')
  server.addHook('onRequest', refuseBrowsers)
  server.setNotFoundHandler((_request, reply) => answerFault(reply, 'relay.error', new NotFoundError('a relay has no such operation', 'Is the command newer than the relay that runs?')))
  server.setErrorHandler((thrown: FastifyError, request, reply) => answerFault(reply, operationOf(request), faultOf(thrown, onFault)))
  serve(server, operationsOf(options))

  const isFile = process.platform !== 'win32'
  if (isFile) await clearSocketPath(socketPath)
  server.server.maxConnections = CONNECTIONS_MAX
  await server.listen({ path: socketPath })
  if (isFile) await chmod(socketPath, 0o600)
  return {
    stop: async () => {
      server.server.closeIdleConnections()
      await server.close()
    }
  }
}

function serve (server: FastifyInstance, operations: Operations): void {
  for (const name of Object.keys(RELAY_OPERATIONS) as readonly RelayOperationName[]) {
    server.post(`/v1/${name}`, { schema: { body: RELAY_OPERATIONS[name] } }, async request => {
      // The schema has checked it; which of the operations it is for, the compiler cannot follow through a loop.
      return success<object>(name, await operations[name](request.body as never))
    })
  }
}

function operationsOf ({ operator, addresses, http, sources, clock }: ControlOptions): Operations {
  const recent = new Recent()
  return {
    'relay.status': () => {
      const stats = operator.stats()
      return statusView({ stats, pace: recent.pace(stats, clock.monotonic()), name: operator.config().name, addresses: addresses(), http })
    },
    'relay.mailboxes': ({ stuck = false, limit = MAILBOXES_SHOWN }) => ({ mailboxes: operator.mailboxes({ isStuck: stuck, limit }).map(mailboxView) }),
    'relay.limits': async ({ changes = {} }) => {
      const { settings, view } = await changeLimits(sources, changes)
      if (view.changed.length > 0) operator.configure(settings.config)
      return view
    },
    'relay.block': async ({ peerId, blocked }) => {
      if (!await operator.block(peerId, blocked)) throw new NotFoundError('no mailbox here belongs to this PeerId', 'Nothing was changed. See: skein relay mailboxes')
      return { peerId, blocked }
    },
    'relay.gc': async () => await operator.collectGarbage(),
    'relay.drain': async ({ draining }) => ({ draining, told: await operator.drain(draining) })
  }
}

/** No page in a browser can open a unix socket; a proxy in front of one could. */
function refuseBrowsers ({ headers }: FastifyRequest, _reply: FastifyReply, done: HookHandlerDoneFunction): void {
  const isFromPage = ['origin', 'referer', 'sec-fetch-site', 'sec-fetch-mode'].some(name => headers[name] !== undefined)
  if (isFromPage || headers.host !== 'localhost') done(new RefusedError('the relay\'s control does not answer to web pages'))
  else done()
}

function answerFault (reply: FastifyReply, operation: string, fault: SkeinError): FastifyReply {
  return reply.code(httpStatus(fault.exit)).send(failure(operation, fault))
}

function faultOf (thrown: FastifyError, onFault: (fault: Error) => void): SkeinError {
  if (thrown instanceof SkeinError) return thrown
  if (thrown.validation !== undefined) return new UsageError(`the parameters do not fit: ${thrown.validation[0]?.message ?? ''}`)
  if (thrown.statusCode !== undefined && thrown.statusCode < 500) return new MalformedError('request', 'the body must be JSON of a fair size')
  onFault(asError(thrown))
  return unexpectedFault()
}

function operationOf (request: FastifyRequest): string {
  return /^\/v1\/([a-z.-]+)/.exec(request.routeOptions.url ?? '')?.[1] ?? 'relay.error'
}
