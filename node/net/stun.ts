/**
 * STUN (RFC 8489), as much of it as tells a node behind a router where it is seen from outside: a relay answers bindings over UDP
 * on the port where it also takes TCP; a user asks two relays and learns what kind of router it has.
 * docs/protocols/transport.md, "Relays".
 */
import { createSocket } from 'node:dgram'
import type { RemoteInfo, Socket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv4, isIPv6 } from 'node:net'
import type { Clock } from '../ports.ts'

export interface Endpoint {
  readonly host: string
  readonly port: number
}

// RFC 8489, sections 5, 14.2 and 18
const BINDING_REQUEST = 0x0001
const BINDING_SUCCESS = 0x0101
const MAGIC_COOKIE = 0x2112a442
const XOR_MAPPED_ADDRESS = 0x0020
const HEADER_BYTES = 20
const TRANSACTION_AT = 8
const FAMILY_IPV4 = 1
const FAMILY_IPV6 = 2

/** First attempt, and how many; each waits twice as long as the one before (RFC 8489, section 6.2.1, with less patience). */
const ASK_MS = 400
const ASK_ATTEMPTS = 3

/** Answers bindings on `endpoint`. Rejects when the port is taken. */
export async function serveStun ({ host, port }: Endpoint): Promise<Socket> {
  const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4', ...isIPv6(host) && { ipv6Only: true } })
  socket.on('message', (request, sender) => {
    const answer = answerTo(request, sender)
    if (answer !== undefined) socket.send(answer, sender.port, sender.address)
  })
  socket.bind(port, host)
  await once(socket, 'listening')
  // What cannot be answered (a sender that is gone) is no trouble of ours.
  socket.on('error', () => { /* dropped */ })
  return socket
}

/** Where `servers` see the same socket of ours, in their order; undefined where no answer came. */
export async function askStun (servers: readonly Endpoint[], { clock, transactionIds }: { readonly clock: Clock, readonly transactionIds: readonly Uint8Array[] }): Promise<ReadonlyArray<Endpoint | undefined>> {
  const socket = createSocket('udp4')
  socket.on('error', () => { /* as if no answer came */ })
  try {
    return await Promise.all(servers.map((server, index) => ask(socket, server, { clock, transactionId: transactionIds[index] ?? new Uint8Array(12) })))
  } finally {
    socket.close()
  }
}

async function ask (socket: Socket, { host, port }: Endpoint, { clock, transactionId }: { readonly clock: Clock, readonly transactionId: Uint8Array }): Promise<Endpoint | undefined> {
  const request = requestWith(transactionId)
  const { promise, resolve } = Promise.withResolvers<Endpoint | undefined>()
  const take = (message: Uint8Array): void => {
    const seen = mappedAddress(message, transactionId)
    if (seen !== undefined) resolve(seen)
  }
  socket.on('message', take)
  const attempt = (count: number): void => {
    if (count === ASK_ATTEMPTS) {
      resolve(undefined)
      return
    }
    socket.send(request, port, host, () => { /* an error is silence */ })
    timer = clock.timer(ASK_MS * 2 ** count, () => { attempt(count + 1) })
  }
  let timer = clock.timer(0, () => { attempt(0) })
  try {
    return await promise
  } finally {
    timer.cancel()
    socket.off('message', take)
  }
}

/** The answer to a binding request, or undefined: whatever else arrives gets none. */
export function answerTo (request: Uint8Array, { address, port }: Pick<RemoteInfo, 'address' | 'port'>): Uint8Array | undefined {
  const read = viewOf(request)
  // Attributes may follow; what is shorter, longer than it says or no STUN is dropped, so that no two servers can be set upon each other.
  const isRequest = request.byteLength >= HEADER_BYTES && read.getUint16(0) === BINDING_REQUEST && read.getUint32(4) === MAGIC_COOKIE && request.byteLength === HEADER_BYTES + read.getUint16(2)
  const host = bytesOfHost(address)
  if (!isRequest || host === undefined) return undefined
  const answer = new Uint8Array(HEADER_BYTES + 8 + host.byteLength)
  const write = viewOf(answer)
  write.setUint16(0, BINDING_SUCCESS)
  write.setUint16(2, 8 + host.byteLength)
  answer.set(request.subarray(4, HEADER_BYTES), 4)
  write.setUint16(HEADER_BYTES, XOR_MAPPED_ADDRESS)
  write.setUint16(HEADER_BYTES + 2, 4 + host.byteLength)
  write.setUint8(HEADER_BYTES + 5, host.byteLength === 4 ? FAMILY_IPV4 : FAMILY_IPV6)
  write.setUint16(HEADER_BYTES + 6, port ^ (MAGIC_COOKIE >>> 16))
  // Cookie and transaction id together are the mask (section 14.2).
  for (const [index, byte] of host.entries()) answer[HEADER_BYTES + 8 + index] = byte ^ (request[4 + index] ?? 0)
  return answer
}

/** @param transactionId 12 bytes that nobody can guess, so that nobody else can answer */
export function requestWith (transactionId: Uint8Array): Uint8Array {
  const request = new Uint8Array(HEADER_BYTES)
  const write = viewOf(request)
  write.setUint16(0, BINDING_REQUEST)
  write.setUint32(4, MAGIC_COOKIE)
  request.set(transactionId, TRANSACTION_AT)
  return request
}

/** The IPv4 address in the answer to our request, or undefined when it is none. */
export function mappedAddress (answer: Uint8Array, transactionId: Uint8Array): Endpoint | undefined {
  if (answer.byteLength < HEADER_BYTES) return undefined
  const read = viewOf(answer)
  const isOurs = read.getUint16(0) === BINDING_SUCCESS && transactionId.every((byte, index) => answer[TRANSACTION_AT + index] === byte)
  if (!isOurs) return undefined
  let offset = HEADER_BYTES
  while (offset + 12 <= answer.byteLength) {
    const length = read.getUint16(offset + 2)
    if (read.getUint16(offset) === XOR_MAPPED_ADDRESS && read.getUint8(offset + 5) === FAMILY_IPV4) {
      const address = read.getUint32(offset + 8) ^ MAGIC_COOKIE
      const host = [24, 16, 8, 0].map(shift => (address >>> shift) & 0xff).join('.')
      return { host, port: read.getUint16(offset + 6) ^ (MAGIC_COOKIE >>> 16) }
    }
    // Attributes are padded to four bytes (section 14).
    offset += 4 + Math.ceil(length / 4) * 4
  }
  return undefined
}

function viewOf (bytes: Uint8Array): DataView { return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) }

function bytesOfHost (host: string): Uint8Array | undefined {
  if (isIPv4(host)) return Uint8Array.from(host.split('.'), Number)
  // An IPv6 address would need its groups expanded; nobody asks over IPv6 to learn about a router that IPv6 does not have.
  return undefined
}
