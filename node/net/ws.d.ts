/** The part of `ws` that websockets.ts uses: the package has no types of its own. */
declare module 'ws' {
  import type { EventEmitter } from 'node:events'
  import type { IncomingMessage } from 'node:http'
  import type { Duplex } from 'node:stream'

  export interface ClientOptions {
    perMessageDeflate?: boolean
    maxPayload?: number
    followRedirects?: boolean
  }

  export interface ServerOptions {
    noServer: true
    perMessageDeflate?: boolean
    maxPayload?: number
  }

  interface WebSocketEvents {
    open: []
    upgrade: [response: IncomingMessage]
    close: [code: number, reason: Buffer]
    error: [error: Error]
    message: [data: Buffer, isBinary: boolean]
  }

  export class WebSocket extends EventEmitter<WebSocketEvents> {
    constructor (address: string, options?: ClientOptions)
    readonly readyState: 0 | 1 | 2 | 3
    readonly bufferedAmount: number
    send (bytes: Uint8Array, written: (error?: Error) => void): void
    close (): void
    terminate (): void
    pause (): void
    resume (): void
  }

  export class WebSocketServer extends EventEmitter {
    constructor (options: ServerOptions)
    readonly clients: ReadonlySet<WebSocket>
    handleUpgrade (request: IncomingMessage, socket: Duplex, head: Buffer, done: (socket: WebSocket) => void): void
  }
}
