/** A node in a process of its own, somewhere in the lab, and what can be asked of it (peer.ts answers). */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Libp2pNetworkOptions } from '../../node/net/network.ts'
import type { Path, PeerTarget, Ping, RelayStanding, Survey } from '../../node/ports.ts'

export interface PeerSpec extends Partial<Pick<Libp2pNetworkOptions, 'listen' | 'announce' | 'isOnLan' | 'timeouts'>> {
  readonly isRelay?: boolean
  /** base64; a new one unless given. */
  readonly networkKey?: string
}

export interface Calls {
  target: () => PeerTarget
  useRelays: (relays: readonly PeerTarget[]) => void
  relays: () => readonly RelayStanding[]
  addresses: () => string[]
  ping: (peer: PeerTarget) => Ping
  path: (peerId: string) => Path | undefined
  survey: () => Survey
  /** Sends that many bytes and awaits them back; returns milliseconds. */
  echo: (peer: PeerTarget, bytes: number) => number
  /** Opens a channel that stays; with an interval, something is sent on it again and again. */
  talk: (peer: PeerTarget, everyMs?: number) => void
  /** How the channel of `talk` ended, and when (since 1970). Waits for it. */
  talkEnded: () => { readonly end: string, readonly atMs: number }
  disconnectAll: () => void
  isConnected: (peerId: string) => boolean
  connectionCount: () => number
  /** Resident, in MiB, after a collection. */
  memory: () => number
}

interface Answer { readonly id: number, readonly result?: unknown, readonly error?: string }

export class LabPeer {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  #count = 0

  private constructor (child: ChildProcess) {
    this.#child = child
    child.on('message', (answer: Answer) => {
      const waiting = this.#waiting.get(answer.id)
      this.#waiting.delete(answer.id)
      if (answer.error === undefined) waiting?.resolve(answer.result)
      else waiting?.reject(new Error(answer.error))
    })
    child.on('exit', () => { for (const { reject } of this.#waiting.values()) reject(new Error('the peer is gone')) })
  }

  /** @param enter what puts a command into its place */
  static async start ([command = '', ...enter]: readonly string[], spec: PeerSpec): Promise<LabPeer> {
    const child = spawn(command, [...enter, process.execPath, '--expose-gc', fileURLToPath(new URL('peer.ts', import.meta.url)), JSON.stringify(spec)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], serialization: 'advanced' })
    const peer = new LabPeer(child)
    await once(child, 'message')
    return peer
  }

  async call<Name extends keyof Calls> (name: Name, ...args: Parameters<Calls[Name]>): Promise<ReturnType<Calls[Name]>> {
    const id = ++this.#count
    const waiting = Promise.withResolvers<unknown>()
    this.#waiting.set(id, waiting)
    this.#child.send({ id, name, args })
    return await waiting.promise as ReturnType<Calls[Name]>
  }

  signal (signal: 'SIGSTOP' | 'SIGCONT'): void { this.#child.kill(signal) }

  async kill (): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill('SIGKILL')
    await once(this.#child, 'exit')
  }

  /** Asks until `isRight`; returns after how many milliseconds that was. */
  async until<Name extends keyof Calls> (name: Name, args: Parameters<Calls[Name]>, isRight: (result: ReturnType<Calls[Name]>) => boolean): Promise<number> {
    const begin = performance.now()
    for (;;) {
      if (isRight(await this.call(name, ...args))) return performance.now() - begin
      await new Promise<void>(resolve => { setTimeout(resolve, 50) })
    }
  }
}
