/** The real command in a process of its own, against a fake node behind the real server. */
import { spawn } from 'node:child_process'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { serveLocalApi } from '../../node/api/server.ts'
import { socketPathFor } from '../../node/api/socket-path.ts'
import { realClock } from '../../node/world.ts'
import type { ContactView, MessageView, StatusView } from '../../protocols/local/schema.ts'
import { fakeApi } from '../node/api/fake-api.ts'
import type { FakeApi, Operations } from '../node/api/fake-api.ts'

export const MAIN = join(import.meta.dirname, '..', '..', 'cli', 'main.ts')
/** What a spawned Node needs to start at all; nothing else of the tester's environment reaches the command. */
export const ENVIRONMENT = { PATH: process.env['PATH'], HOME: '/nowhere', LANG: 'C.UTF-8', NODE_COMPILE_CACHE: join(tmpdir(), 'skein-test-compile-cache') }

export interface Ended {
  readonly exit: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly stdin?: string | Uint8Array
  readonly environment?: Readonly<Record<string, string>>
}

export class Fixture {
  readonly home: string
  readonly api: FakeApi
  readonly #server: { readonly stop: () => Promise<void> } | undefined

  private constructor (parts: { readonly home: string, readonly api: FakeApi, readonly server: { readonly stop: () => Promise<void> } | undefined }) {
    this.home = parts.home
    this.api = parts.api
    this.#server = parts.server
  }

  /** A home with a node that answers with `operations`. */
  static async up (operations: Operations = {}): Promise<Fixture> {
    const home = await mkdtemp(join(tmpdir(), 'skein-cli-'))
    await writeFile(join(home, 'vault.json'), '{"format":"skein.vault/1","slots":[]}')
    const api = fakeApi(operations)
    const server = await serveLocalApi({ api, socketPath: socketPathFor(home), clock: realClock, version: '0.1.0' })
    return new Fixture({ home, api, server })
  }

  /** A directory without an account and without a node. */
  static async empty (): Promise<Fixture> {
    return new Fixture({ home: await mkdtemp(join(tmpdir(), 'skein-cli-')), api: fakeApi({}), server: undefined })
  }

  async stop (): Promise<void> {
    await this.#server?.stop()
    await rm(this.home, { recursive: true, force: true })
  }

  start (line: readonly string[], { environment = {} }: RunOptions = {}): ChildProcessWithoutNullStreams {
    return spawn(process.execPath, [MAIN, ...line], { env: { ...ENVIRONMENT, SKEIN_HOME: this.home, ...environment } })
  }

  async run (line: readonly string[], options: RunOptions = {}): Promise<Ended> {
    const child = this.start(line, options)
    child.stdin.on('error', () => undefined)
    child.stdin.end(options.stdin)
    return await ended(child)
  }
}

export async function ended (child: ChildProcessWithoutNullStreams): Promise<Ended> {
  const [stdout, stderr, [exit]] = await Promise.all([textOf(child.stdout), textOf(child.stderr), once(child, 'close') as Promise<[number | null]>])
  return { exit, stdout, stderr }
}

/** The one JSON object of a command's stdout. */
export function json ({ stdout }: Ended): { schema: string, ok: boolean, data?: Record<string, unknown>, error?: { code: string, exit: number, message: string, hint?: string } } {
  return JSON.parse(stdout) as ReturnType<typeof json>
}

export const BOB: ContactView = {
  account: 'b'.repeat(52), label: 'bob', alias: 'bob', name: 'Bob Okonkwo', standing: 'accepted', isVerified: true, isKeyChanged: false, unread: 0, isConnected: true, createdAt: '2026-11-01T08:00:00.000Z'
}

export function message (change: Partial<MessageView> = {}): MessageView {
  return {
    id: '01JD8QK4000000000000000001', with: BOB.account, from: BOB.account, fromLabel: 'bob', isOwn: false, kind: 'text', text: 'And bring gloves', state: 'read', sentAt: '2026-11-01T14:18:00.000Z', receivedAt: '2026-11-01T14:18:01.000Z', edited: false, deleted: false, replyTo: null, reactions: [], isAfterGap: false, ...change
  }
}

export const STATUS: StatusView = {
  account: 'a'.repeat(52), device: '00000000-0000-8000-8000-000000000000', name: 'Ana', peerId: '12D3KooW', addresses: ['/ip4/192.0.2.1/tcp/4001'], version: '0.1.0', pid: 1, home: '/home', startedAt: '2026-11-01T08:00:00.000Z', connections: 1, contacts: 1, requests: 0, unread: 0, outbox: { open: 0 }, search: { behind: 0 }, trouble: []
}
