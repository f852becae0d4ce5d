/**
 * Loaded into every process of a testnet before anything else (`node --import`): the connections of its nodes go through the cable, and
 * their clocks can be wrong. The nodes themselves know nothing of it, and nothing in them is changed for a testnet.
 */
import { readFileSync, watchFile } from 'node:fs'
import net from 'node:net'
import { TESTNET_SIGN } from '../../node/published.ts'
import { ENVIRONMENT, type PackedNode } from './environment.ts'
import { whose, type Inside } from './whose.ts'

const { [ENVIRONMENT.name]: name, [ENVIRONMENT.cablePort]: cablePort, [ENVIRONMENT.skewFile]: skewFile, [ENVIRONMENT.pack]: pack } = process.env
/** Whose process it is; undefined: that of a pack. */
const only: Inside | undefined = name === undefined || skewFile === undefined ? undefined : { name, skewFile }
const everybody: readonly Inside[] = only === undefined ? JSON.parse(pack ?? '[]') as PackedNode[] : [only]
/** How often a change of the clock is looked for. */
const SKEW_LOOK_MS = 100

if (everybody.length > 0) {
  // There are cables that need no help of ours.
  if (cablePort !== undefined) layCable(Number(cablePort))
  skewClocks(everybody)
  // What only a testnet may open can be opened here.
  Object.defineProperty(globalThis, TESTNET_SIGN, { value: true })
}

/** Every TCP connection of this process goes to the cable, and says first who comes and where it wants to go. */
function layCable (port: number): void {
  const connect = Object.getOwnPropertyDescriptor(net.Socket.prototype, 'connect')?.value as (...args: readonly unknown[]) => net.Socket
  function connectByCable (this: net.Socket, ...args: readonly unknown[]): net.Socket {
    const target = tcpTarget(args)
    if (target === undefined) return Reflect.apply(connect, this, args)
    const from = only ?? whose.getStore()
    // It would go past every cut: better none at all.
    if (from === undefined) throw new Error('a connection that belongs to no node of this process')
    const { options, rest } = target
    Reflect.apply(connect, this, [{ ...options, host: '127.0.0.1', port }, ...rest])
    this.write(`${from.name} ${options.port}\n`)
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

/** What the clocks on the wall say; what has passed is measured by another one, which stays right. */
function skewClocks (nodes: readonly Inside[]): void {
  const rightNow = Date.now.bind(Date)
  const skewsMs = new Map(nodes.map(node => [node.name, readSkew(node.skewFile)]))
  for (const node of nodes) watchFile(node.skewFile, { interval: SKEW_LOOK_MS, persistent: false }, () => { skewsMs.set(node.name, readSkew(node.skewFile)) })
  Date.now = () => rightNow() + (skewsMs.get((only ?? whose.getStore())?.name ?? '') ?? 0)
}

function readSkew (file: string): number {
  try {
    const skewMs = Number(readFileSync(file, 'utf8'))
    return Number.isFinite(skewMs) ? skewMs : 0
  } catch {
    return 0
  }
}
