/**
 * The relay's web face, on loopback only and only for reading: dashboard, /healthz, /readyz, /metrics, /policy.json. What changes
 * something goes through the control socket, which belongs to the operator alone. docs/operating.md
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { NotFoundError, RefusedError, SkeinError, UsageError, asError } from '../../../protocols/core/errors.ts'
import { failure, httpStatus, success, unexpectedFault } from '../../api/answers.ts'
import { PAGE_FILES, PAGE_FOLDER } from '../../page/files.ts'
import { SECURITY_HEADERS } from '../../page/guard.ts'
import { Live } from '../../page/live.ts'
import type { Clock } from '../../ports.ts'
import { portIn } from '../settings-values.ts'
import { loopbackGuard } from './guard.ts'
import { METRICS_CONTENT_TYPE, metricsText } from './metrics.ts'
import type { RelayOperator } from './operator.ts'
import { page } from './page.ts'
import { signedPolicy } from './policy.ts'
import { readinessOf } from './readiness.ts'
import { Recent } from './recent.ts'
import { sections, type Figures } from './sections.ts'

export interface DashboardOptions {
  readonly operator: RelayOperator
  /** A loopback address with a port, as `http` in relay.toml; port 0 takes a free one. */
  readonly endpoint: string
  /** When its port is taken, take another: the operator has not asked for this one. */
  readonly isAnyPortFine: boolean
  readonly clock: Clock
  /** Told of every fault that is a bug. */
  readonly onFault?: (fault: Error) => void
}

export interface Dashboard {
  /** `http://127.0.0.1:4782` */
  readonly url: string
  /** Idempotent. */
  readonly stop: () => Promise<void>
}

const CONNECTIONS_MAX = 128
const REQUEST_TIMEOUT_MS = 10_000
const IDLE_TIMEOUT_MS = 5_000

/** @throws UsageError when the port is taken or may not be used */
export async function serveDashboard ({ operator, endpoint, isAnyPortFine, clock, onFault = () => undefined }: DashboardOptions): Promise<Dashboard> {
  const { host, port } = placeOf(endpoint)
  let listening = 0
  const recent = new Recent()
  const figures = (): Figures => {
    const stats = operator.stats()
    const { thresholds, stuckAfterMs } = operator.config()
    return { stats, pace: recent.pace(stats, clock.monotonic()), fullShare: thresholds.capShare, stuckAfterMs }
  }
  const live = new Live({ clock, render: () => rendered(figures()), onFault })
  const server = fastify({ requestTimeout: REQUEST_TIMEOUT_MS, keepAliveTimeout: IDLE_TIMEOUT_MS, exposeHeadRoutes: true })
  server.addHook('onRequest', loopbackGuard(() => listening))
  server.setNotFoundHandler((_request, reply) => answerFault(reply, new NotFoundError('there is nothing at this path', 'There are: / /healthz /readyz /metrics /policy.json')))
  server.setErrorHandler((thrown, _request, reply) => answerFault(reply, faultOf(asError(thrown), onFault)))
  serveFigures(server, operator, clock)
  await servePage(server, { operator, figures, live })

  server.server.maxConnections = CONNECTIONS_MAX
  listening = await listen(server, { host, port, isAnyPortFine })
  async function stop (): Promise<void> {
    live.stop()
    server.server.closeAllConnections()
    await server.close()
  }
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${listening}`, stop }
}

function serveFigures (server: FastifyInstance, operator: RelayOperator, clock: Clock): void {
  server.get('/healthz', () => success('relay.health', { alive: true }))
  server.get('/readyz', (_request, reply) => {
    const { isReady, reasons, closed } = readinessOf(operator.stats())
    void reply.code(isReady ? 200 : 503)
    return { schema: 'skein.relay.ready/1', ok: isReady, data: { ready: isReady, reasons, newMailboxes: closed.length === 0, closed } }
  })
  server.get('/metrics', async (_request, reply) => {
    void reply.type(METRICS_CONTENT_TYPE)
    return await metricsText(operator.stats())
  })
  server.get('/policy.json', () => {
    const { version, closed } = operator.stats()
    return signedPolicy({ config: operator.config(), relay: operator.peerId, version, takesMailboxes: closed.length === 0, nowMs: clock.now(), signer: operator.signer })
  })
}

interface PageParts { readonly operator: RelayOperator, readonly figures: () => Figures, readonly live: Live }

async function servePage (server: FastifyInstance, { operator, figures, live }: PageParts): Promise<void> {
  for (const [name, type] of Object.entries(PAGE_FILES)) {
    const bytes = await readFile(join(PAGE_FOLDER, name))
    server.get(`/${name}`, (_request, reply) => reply.type(type).send(bytes))
  }
  server.get('/', (_request, reply) => {
    const { name, admission } = operator.config()
    const title = name === '' ? operator.peerId : name
    void reply.type('text/html; charset=utf-8')
    return reply.send(page(figures(), { title, admission: admission.type === 'open' ? 'open' : `by ${admission.type}` }).html)
  })
  server.get('/live', { exposeHeadRoute: false }, (_request: FastifyRequest, reply) => {
    if (live.isFull) throw new RefusedError('too many pages watch this relay', 'Close some of them.')
    const first = live.first()
    reply.hijack()
    reply.raw.writeHead(200, { ...SECURITY_HEADERS, 'content-type': 'text/event-stream' })
    live.watch(reply.raw, first)
  })
}

function rendered (figures: Figures): { readonly atMs: number, readonly parts: Readonly<Record<string, string>> } {
  const parts = Object.fromEntries(Object.entries(sections(figures)).map(([id, { html }]) => [id, html]))
  return { atMs: figures.stats.nowMs, parts }
}

interface Place { readonly host: string, readonly port: number, readonly isAnyPortFine: boolean }

async function listen (server: FastifyInstance, { host, port, isAnyPortFine }: Place): Promise<number> {
  try {
    await server.listen({ host, port })
  } catch (thrown) {
    if (codeOf(thrown) === 'EADDRINUSE' && isAnyPortFine && port !== 0) return await listen(server, { host, port: 0, isAnyPortFine })
    await server.close()
    if (codeOf(thrown) === 'EADDRINUSE') throw new UsageError(`the port of the dashboard is taken: ${host}:${port}`, 'Set http in relay.toml to another one, or to "off".')
    if (codeOf(thrown) === 'EACCES') throw new UsageError(`the port of the dashboard may not be used: ${host}:${port}`, 'Set http in relay.toml to one above 1023.')
    throw thrown
  }
  const address = server.server.address()
  return typeof address === 'object' && address !== null ? address.port : port
}

function placeOf (endpoint: string): { readonly host: string, readonly port: number } {
  const port = portIn(endpoint)
  if (port === undefined) throw new UsageError('the dashboard answers on this computer only', 'Set http in relay.toml to an address such as 127.0.0.1:4782.')
  return { host: endpoint.slice(0, endpoint.lastIndexOf(':')).replaceAll(/[[\]]/g, ''), port }
}

function answerFault (reply: FastifyReply, fault: SkeinError): FastifyReply {
  return reply.code(httpStatus(fault.exit)).send(failure('relay.error', fault))
}

function faultOf (thrown: Error, onFault: (fault: Error) => void): SkeinError {
  if (thrown instanceof SkeinError) return thrown
  onFault(thrown)
  return unexpectedFault()
}

function codeOf (thrown: unknown): unknown {
  return thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
}
