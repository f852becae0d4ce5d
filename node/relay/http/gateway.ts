/**
 * Blobs over HTTP, block by block, as a trustless gateway of IPFS: `GET /ipfs/CID?format=raw`, to whoever shows the read key of a blob that the block
 * is of. Another key, or none, finds nothing. Law: docs/protocols/media.md, "Capabilities"; https://specs.ipfs.tech/http-gateways/trustless-gateway/
 */
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { NotFoundError, SkeinError, UsageError, asError } from '../../../protocols/core/errors.ts'
import { BLOB_SILENT_MS_MAX, READ_KEY_BYTES } from '../../../protocols/core/limits.ts'
import { failure, httpStatus, unexpectedFault } from '../../api/answers.ts'
import { cidOf, type Blocks } from '../media/blocks.ts'
import { placeIn } from '../settings-values.ts'

export interface GatewayOptions {
  readonly blocks: Pick<Blocks, 'ofKey'>
  /** Host and port; port 0 takes a free one. */
  readonly endpoint: string
  /** Blocks that leave at the same time: each is in memory until it has. */
  readonly blocksMax: () => number
  /** Told of every fault that is a bug. */
  readonly onFault?: (fault: Error) => void
}

export interface Gateway {
  readonly url: string
  /** Idempotent. */
  readonly stop: () => Promise<void>
}

const CONNECTIONS_MAX = 256
const REQUEST_TIMEOUT_MS = 10_000
const IDLE_TIMEOUT_MS = 5_000
const BUSY_RETRY_S = 5
const RAW = 'application/vnd.ipld.raw'
const BEARER = /^Bearer ([A-Za-z0-9_-]{43})$/

const HEADERS = {
  'content-type': RAW,
  'content-disposition': 'attachment',
  'x-content-type-options': 'nosniff',
  // The name says what it is, for good; the key is of whoever asked.
  'cache-control': 'private, max-age=29030400, immutable',
  vary: 'Authorization, Accept'
} as const

/** @throws UsageError when the address is taken or may not be used */
export async function serveGateway ({ blocks, endpoint, blocksMax, onFault = () => undefined }: GatewayOptions): Promise<Gateway> {
  const place = placeIn(endpoint)
  if (place === undefined) throw new UsageError(`there is no such address to listen on: ${endpoint.slice(0, 64)}`, 'Set media.http in relay.toml to one such as 127.0.0.1:4783.')
  const server = fastify({ requestTimeout: REQUEST_TIMEOUT_MS, keepAliveTimeout: IDLE_TIMEOUT_MS, connectionTimeout: BLOB_SILENT_MS_MAX, exposeHeadRoutes: true })
  let leaving = 0
  server.setNotFoundHandler((_request, reply) => answerFault(reply, nothing()))
  server.setErrorHandler((thrown, _request, reply) => answerFault(reply, faultOf(asError(thrown), onFault)))
  server.get<{ Params: { readonly name: string } }>('/ipfs/:name', async (request, reply) => {
    if (!isRawWanted(request)) return await reply.code(406).send(failure('relay.error', new UsageError('blocks are given out raw, one at a time', 'Ask with ?format=raw.')))
    if (leaving >= blocksMax()) return await reply.code(503).header('retry-after', BUSY_RETRY_S).send()
    leaving += 1
    reply.raw.once('close', () => { leaving -= 1 })
    const block = await blockFor(request.params.name, request.headers.authorization, blocks)
    return await reply.headers({ ...HEADERS, etag: `"${request.params.name}.raw"` }).send(block)
  })
  server.server.maxConnections = CONNECTIONS_MAX
  try {
    await server.listen(place)
  } catch {
    await server.close()
    throw new UsageError(`media.http cannot listen on ${endpoint}: it is taken, or may not be used`, 'Set it in relay.toml to another address, or to "off".')
  }
  const address = server.server.address()
  const port = typeof address === 'object' && address !== null ? address.port : place.port
  return {
    url: `http://${place.host.includes(':') ? `[${place.host}]` : place.host}:${port}`,
    stop: async () => {
      server.server.closeAllConnections()
      await server.close()
    }
  }
}

/** @throws NotFoundError whatever is wrong with name or key: nobody learns which */
async function blockFor (name: string, authorization: string | undefined, blocks: Pick<Blocks, 'ofKey'>): Promise<Buffer> {
  const cid = cidOf(name)
  const key = Buffer.from(BEARER.exec(authorization ?? '')?.[1] ?? '', 'base64url')
  if (cid === undefined || key.byteLength !== READ_KEY_BYTES) throw nothing()
  const pieces = []
  for await (const piece of blocks.ofKey(key).get(cid)) pieces.push(piece)
  return Buffer.concat(pieces)
}

function isRawWanted ({ query, headers: { accept = '' } }: FastifyRequest): boolean {
  const format = typeof query === 'object' && query !== null && 'format' in query ? query.format : undefined
  return format === undefined ? accept.includes(RAW) : format === 'raw'
}

function nothing (): NotFoundError { return new NotFoundError('there is nothing here, or not for this key') }

function answerFault (reply: FastifyReply, fault: SkeinError): FastifyReply {
  return reply.code(httpStatus(fault.exit)).send(failure('relay.error', fault))
}

function faultOf (thrown: Error, onFault: (fault: Error) => void): SkeinError {
  // Each reader learns the same, and a broken disk is told by whoever writes on it.
  if (thrown instanceof NotFoundError) return nothing()
  if (thrown instanceof SkeinError) return thrown
  onFault(thrown)
  return unexpectedFault()
}
