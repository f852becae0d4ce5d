/**
 * The wires between users and relays, so that they can be cut: each relay is reached through a listener of ours that passes bytes
 * on. A wire that is cut refuses newcomers and says nothing to those who are connected, as a network does that has gone away.
 */
import { connect, createServer, type Server, type Socket } from 'node:net'
import { once } from 'node:events'

export class Wire implements AsyncDisposable {
  readonly port: number
  readonly #server: Server
  readonly #target: () => number
  readonly #ends = new Set<Socket>()
  #isCut = false

  /** @param target the port behind it, asked at each connection: a process may come back at another one */
  static async lay (target: () => number): Promise<Wire> {
    const server = createServer({ allowHalfOpen: true })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new Wire(server, target)
  }

  private constructor (server: Server, target: () => number) {
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('a wire listens on a port')
    this.port = address.port
    this.#server = server
    this.#target = target
    server.on('connection', near => { this.#pass(near) })
  }

  /** Nothing goes through any more, and nobody is told. */
  cut (): void {
    this.#isCut = true
    for (const end of this.#ends) end.pause()
  }

  /** What was under way when it was cut is lost, as after a change of network. */
  mend (): void {
    this.#isCut = false
    for (const end of this.#ends) end.destroy()
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    for (const end of this.#ends) end.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #pass (near: Socket): void {
    if (this.#isCut) {
      near.destroy()
      return
    }
    const far = connect(this.#target(), '127.0.0.1')
    for (const [from, to] of [[near, far], [far, near]] as const) {
      this.#ends.add(from)
      from.setNoDelay(true)
      from.pipe(to)
      from.on('error', () => { to.destroy() })
      from.on('close', () => {
        this.#ends.delete(from)
        to.destroy()
      })
    }
  }
}
