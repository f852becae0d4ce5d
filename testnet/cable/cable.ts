/**
 * The cable that all connections of a testnet go through: a userspace one, which works wherever Node does. Whoever connects says first
 * who it is and where it wants to go (inside/preload.ts). A cut line is silent, as a real one is: nobody is told that it is cut.
 */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { Lane } from './lane.ts'
import type { Rules } from './rules.ts'

export interface CableOptions {
  readonly rules: Rules
  /** Who listens there; undefined: none of ours. */
  readonly ownerOf: (port: number) => string | undefined
  readonly random: () => number
}

/** `NAME PORT`, at the beginning of each connection. */
const GREETING = /^([a-z][a-z0-9-]*) (\d{1,5})$/
const GREETING_BYTES_MAX = 64

export class Cable {
  readonly #options: CableOptions
  readonly #server: Server
  readonly #lanes = new Set<Lane>()
  readonly #sockets = new Set<Socket>()
  /** Connections that began while their line was cut. */
  readonly #held: Array<() => void> = []
  /** What went from one to another, in bytes of TCP's payload: `ana bob` and `bob ana` are two. */
  readonly #traffic = new Map<string, number>()

  static async lay (options: CableOptions): Promise<Cable> {
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new Cable(options, server)
  }

  private constructor (options: CableOptions, server: Server) {
    this.#options = options
    this.#server = server
    server.on('connection', near => { this.#greet(near) })
  }

  get port (): number { return (this.#server.address() as AddressInfo).port }

  /** What has gone from one to another since the beginning, Noise and yamux included, headers of TCP and IP not. */
  bytesBetween (from: string, to: string): number { return this.#traffic.get(`${from} ${to}`) ?? 0 }

  /** The rules have changed: what a cut held back goes on. */
  pump (): void {
    for (const lane of this.#lanes) lane.pump()
    for (const join of this.#held.splice(0)) join()
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #greet (near: Socket): void {
    this.#keep(near)
    near.setNoDelay(true)
    let heard = Buffer.alloc(0)
    const listen = (bytes: Buffer): void => {
      heard = Buffer.concat([heard, bytes])
      const end = heard.indexOf('\n')
      if (end === -1 && heard.byteLength <= GREETING_BYTES_MAX) return
      near.off('data', listen)
      near.pause()
      const [, name, port] = GREETING.exec(heard.subarray(0, end).toString()) ?? []
      if (name === undefined) near.destroy()
      else this.#join(near, { name, port: Number(port), first: heard.subarray(end + 1) })
    }
    near.on('data', listen)
    near.resume()
  }

  #join (near: Socket, { name, port, first }: { readonly name: string, readonly port: number, readonly first: Buffer }): void {
    const { rules, ownerOf, random } = this.#options
    if (near.destroyed) return
    // Asked anew each time: who listens there may be connected to before it has said where it listens.
    const owner = (): string => ownerOf(port) ?? name
    if (rules.isCut(name, owner())) {
      this.#held.push(() => { this.#join(near, { name, port, first }) })
      return
    }
    const far = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
    this.#keep(far)
    far.setNoDelay(true)
    far.pause()
    const common = { link: () => rules.linkBetween(name, owner()), isCut: () => rules.isCut(name, owner()), random }
    const lanes = [
      new Lane({ ...common, from: near, to: far, onBytes: bytes => { this.#count(`${name} ${owner()}`, bytes) } }),
      new Lane({ ...common, from: far, to: near, onBytes: bytes => { this.#count(`${owner()} ${name}`, bytes) } })
    ]
    for (const lane of lanes) this.#lanes.add(lane)
    for (const [end, other] of [[near, far], [far, near]] as const) {
      end.on('close', () => { if (other.destroyed) for (const lane of lanes) this.#lanes.delete(lane) })
    }
    if (first.byteLength > 0) near.unshift(first)
    near.resume()
    far.resume()
  }

  #count (line: string, bytes: number): void { this.#traffic.set(line, (this.#traffic.get(line) ?? 0) + bytes) }

  #keep (socket: Socket): void {
    this.#sockets.add(socket)
    // Told to the other end by 'close', which follows.
    socket.on('error', () => undefined)
    socket.on('close', () => { this.#sockets.delete(socket) })
  }
}
