/** Somebody on a host of a testnet who sends datagrams and tells which have come. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

interface Wish { readonly from: number, readonly to: string, readonly port: number, readonly text: string }
export interface Datagram { readonly text: string, readonly host: string, readonly port: number }

/** A socket for each port that is used; what comes to any of them is told. */
const SCRIPT = `
  const { createSocket } = require('node:dgram')
  const sockets = new Map()
  const open = port => new Promise(resolve => {
    if (sockets.has(port)) return resolve(sockets.get(port))
    const socket = createSocket('udp4')
    sockets.set(port, socket)
    socket.on('message', (bytes, { address, port }) => process.send({ text: String(bytes), host: address, port }))
    socket.bind(port, () => resolve(socket))
  })
  process.on('message', async ({ from, to, port, text }) => {
    const socket = await open(from)
    if (to === '') process.send('open')
    else socket.send(text, port, to)
  })
  process.on('disconnect', () => process.exit())
`

export class Correspondent implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #come: Datagram[] = []

  /** @param enter what puts a command where it is to be; @param ports where it listens from the beginning */
  static async start ([command = '', ...enter]: readonly string[], ...ports: readonly number[]): Promise<Correspondent> {
    const child = spawn(command, [...enter, process.execPath, '-e', SCRIPT], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    for (const from of ports) {
      child.send({ from, to: '', port: 0, text: '' } satisfies Wish)
      await once(child, 'message')
    }
    return new Correspondent(child)
  }

  private constructor (child: ChildProcess) {
    this.#child = child
    child.on('message', (datagram: Datagram) => { this.#come.push(datagram) })
  }

  send (from: number, to: { readonly host: string, readonly port: number }, text: string): void {
    this.#child.send({ from, to: to.host, port: to.port, text } satisfies Wish)
  }

  /** Waits for the one with this text. */
  async got (text: string): Promise<Datagram> {
    for (;;) {
      const found = this.#come.find(each => each.text === text)
      if (found !== undefined) return found
      await once(this.#child, 'message')
    }
  }

  get texts (): readonly string[] { return this.#come.map(({ text }) => text) }

  async [Symbol.asyncDispose] (): Promise<void> {
    const ended = once(this.#child, 'exit')
    this.#child.disconnect()
    await ended
  }
}
