/**
 * Ports that stay: an address in an invite or in a contact's memory is of use only when we are found there again. A port that
 * was free choice (0) is taken again at the next start, unless somebody else has it by then.
 */
import { createServer } from 'node:net'

const PORT = /^(?<before>\/ip[46]\/(?<host>[^/]+)\/tcp\/)(?<port>\d+)(?<after>.*)$/

/** Under which name the port is remembered that was taken for this wish. */
export function portFact (listen: string): string { return `port:${listen}` }

/** The port in a multiaddr. */
export function portOf (address: string): number | undefined {
  const port = PORT.exec(address)?.groups?.['port']
  return port === undefined ? undefined : Number(port)
}

/** `listen` with last time's port in place of 0, when it is free. */
export async function withLastPort (listen: string, lastPort: number | undefined): Promise<string> {
  const { before, host, port, after } = PORT.exec(listen)?.groups ?? {}
  if (before === undefined || host === undefined || port !== '0' || lastPort === undefined) return listen
  return await isFree(host, lastPort) ? `${before}${lastPort}${after ?? ''}` : listen
}

/** Whether the port in a multiaddr is nobody's at the moment; one that names no port of its own always is. */
export async function isFreePort (listen: string): Promise<boolean> {
  const { host, port = '0' } = PORT.exec(listen)?.groups ?? {}
  return host === undefined || port === '0' || await isFree(host, Number(port))
}

async function isFree (host: string, port: number): Promise<boolean> {
  return await new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)))
  })
}
