/** A relay as its operator starts it, in a process of its own: what it says of itself, and how large it is. */
import assert from 'node:assert/strict'
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { parseRelayAddress } from '../../node/contacts/relay-address.ts'
import { initRelay } from '../../node/relay/relay-node.ts'
import type { PeerTarget } from '../../node/ports.ts'
import { scratchFolder } from './folders.ts'
import { LOOPBACK } from './nodes.ts'

const LAUNCHER = join(import.meta.dirname, '..', '..', 'bin', 'skein.js')

export class RelayProcess implements AsyncDisposable {
  readonly home: string
  readonly target: PeerTarget
  readonly #http: string
  readonly #child: ChildProcessByStdio<null, Readable, Readable>
  readonly #said: string[]
  readonly #stack: AsyncDisposableStack

  static async start (environment: Readonly<Record<string, string>> = {}): Promise<RelayProcess> {
    const stack = new AsyncDisposableStack()
    const folder = stack.use(await scratchFolder())
    const home = join(folder.path, 'relay')
    initRelay({ home })
    const child = spawn(process.execPath, [LAUNCHER, 'relay', 'up', '--home', home, '--listen', LOOPBACK, '--json'], { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] })
    stack.defer(async () => { await end(child) })
    const said: string[] = []
    child.stderr.setEncoding('utf8').on('data', (text: string) => { said.push(text) })
    const { value } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next()
    child.stdout.resume()
    const { ok, data } = JSON.parse(String(value)) as { readonly ok: boolean, readonly data: { readonly peerId: string, readonly addresses: readonly string[], readonly http: string } }
    assert.equal(ok, true, said.join(''))
    return new RelayProcess({ home, target: { peerId: data.peerId, addresses: data.addresses.flatMap(address => parseRelayAddress(address).addresses) }, http: data.http, child, said, stack })
  }

  private constructor ({ home, target, http, child, said, stack }: { readonly home: string, readonly target: PeerTarget, readonly http: string, readonly child: ChildProcessByStdio<null, Readable, Readable>, readonly said: string[], readonly stack: AsyncDisposableStack }) {
    this.home = home
    this.target = target
    this.#http = http
    this.#child = child
    this.#said = said
    this.#stack = stack
  }

  /** Its log. */
  complaints (): string { return this.#said.join('') }

  /** Those without labels, by name. @throws AssertionError when the relay has ended */
  async metrics (): Promise<ReadonlyMap<string, number>> {
    assert.equal(this.#child.exitCode ?? this.#child.signalCode, null, this.complaints())
    const text = await (await fetch(`${this.#http}/metrics`)).text()
    return new Map(text.split('\n').flatMap(line => {
      const [, name, value] = /^(\w+) (\S+)$/.exec(line) ?? []
      return name === undefined ? [] : [[name, Number(value)] as const]
    }))
  }

  /** As its operator does; its home stays until it is disposed of. */
  async stop (): Promise<void> { await end(this.#child) }

  async [Symbol.asyncDispose] (): Promise<void> { await this.#stack.disposeAsync() }
}

async function end (child: ChildProcessByStdio<null, Readable, Readable>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'close')
  child.kill('SIGTERM')
  await ended
}
