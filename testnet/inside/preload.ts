/**
 * Loaded into every node of a testnet before anything else (`node --import`): its connections go through the cable, and its clock
 * can be wrong. The node itself knows nothing of it, and nothing in it is changed for a testnet.
 */
import { readFileSync, watchFile } from 'node:fs'
import net from 'node:net'
import { ENVIRONMENT } from './environment.ts'

const { [ENVIRONMENT.name]: name, [ENVIRONMENT.cablePort]: cablePort, [ENVIRONMENT.skewFile]: skewFile } = process.env
/** How often a change of the clock is looked for. */
const SKEW_LOOK_MS = 100

if (name !== undefined && cablePort !== undefined) layCable(name, Number(cablePort))
if (skewFile !== undefined) skewClock(skewFile)

/** Every TCP connection of this process goes to the cable, and says first who comes and where it wants to go. */
function layCable (from: string, port: number): void {
  const connect = Object.getOwnPropertyDescriptor(net.Socket.prototype, 'connect')?.value as (...args: readonly unknown[]) => net.Socket
  function connectByCable (this: net.Socket, ...args: readonly unknown[]): net.Socket {
    const target = tcpTarget(args)
    if (target === undefined) return Reflect.apply(connect, this, args)
    const { options, rest } = target
    Reflect.apply(connect, this, [{ ...options, host: '127.0.0.1', port }, ...rest])
    this.write(`${from} ${options.port}\n`)
    return this
  }
  Object.defineProperty(net.Socket.prototype, 'connect', { value: connectByCable, writable: true, configurable: true })
}

interface TcpTarget { readonly options: { readonly port: number }, readonly rest: readonly unknown[] }

/** The forms in which Node calls it: normalised by `net.connect`, options, or a port. undefined: no TCP port of this computer. */
function tcpTarget (args: readonly unknown[]): TcpTarget | undefined {
  const [first, ...rest] = args
  if (Array.isArray(first)) return tcpTarget(first)
  const options = typeof first === 'object' && first !== null ? first as { readonly port?: unknown, readonly host?: unknown, readonly path?: unknown } : { port: first, host: rest[0] }
  const port = Number(options.port)
  const isHere = options.host === undefined || options.host === '127.0.0.1' || options.host === 'localhost'
  if (!isHere || 'path' in options || !Number.isInteger(port) || port <= 0) return undefined
  return { options: { ...options, port }, rest: rest.filter(each => typeof each === 'function') }
}

/** What the clock on the wall says; what has passed is measured by another one, which stays right. */
function skewClock (file: string): void {
  const rightNow = Date.now.bind(Date)
  let skewMs = readSkew(file)
  watchFile(file, { interval: SKEW_LOOK_MS, persistent: false }, () => { skewMs = readSkew(file) })
  Date.now = () => rightNow() + skewMs
}

function readSkew (file: string): number {
  try {
    const skewMs = Number(readFileSync(file, 'utf8'))
    return Number.isFinite(skewMs) ? skewMs : 0
  } catch {
    return 0
  }
}
