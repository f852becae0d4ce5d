/** Answers what is asked of a testnet: HTTP over a unix socket, one call in each request, as the nodes answer theirs. */
import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { dirname } from 'node:path'
import { EXIT, SkeinError, UsageError, asError } from '../../protocols/core/errors.ts'
import type { Handlers, OperationName } from './operations.ts'

const REQUEST_BYTES_MAX = 64 * 1024

/** @param socketPath nobody may listen there: the caller holds the lock of the directory */
export async function serveControl (socketPath: string, handlers: Partial<Handlers>): Promise<Server> {
  const server = createServer((request, response) => { void answer(request, response, handlers) })
  mkdirSync(dirname(socketPath), { recursive: true, mode: 0o700 })
  rmSync(socketPath, { force: true })
  server.listen(socketPath)
  await once(server, 'listening')
  if (process.platform !== 'win32') chmodSync(socketPath, 0o600)
  return server
}

async function answer (request: IncomingMessage, response: ServerResponse, handlers: Partial<Handlers>): Promise<void> {
  let status = 200
  let body: object
  try {
    body = { ok: true, data: await perform(request, handlers) }
  } catch (error) {
    status = 400
    const fault = error instanceof SkeinError ? error : new SkeinError(asError(error).message, { code: 'unexpected', exit: EXIT.unexpected })
    body = { ok: false, error: { code: fault.code, exit: fault.exit, message: fault.message, ...fault.hint !== undefined && { hint: fault.hint } } }
  }
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' })
  response.end(JSON.stringify(body))
}

async function perform (request: IncomingMessage, handlers: Partial<Handlers>): Promise<unknown> {
  const name = request.url?.replace('/v1/', '') ?? ''
  const handler = handlers[name as OperationName]
  if (request.method !== 'POST' || !Object.hasOwn(handlers, name) || handler === undefined) throw new UsageError(`this testnet knows no operation ${name}`)
  // Both ends are of one version and one program; what the types say is what comes.
  return await handler(JSON.parse(await textOf(request)) as never)
}

async function textOf (request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength
    if (bytes > REQUEST_BYTES_MAX) throw new UsageError('more was asked than fits')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
