/**
 * A person at a terminal: a real pseudo-terminal (by `script` of util-linux), what comes out of it drawn by xterm.js, keys
 * as bytes. Everything waits for what is seen, never for time.
 */
import { execFileSync, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import headless from '@xterm/headless'
import type { Command } from './terminal-child.ts'

export const KEYS = {
  enter: '\r',
  escape: '\u001b',
  tab: '\t',
  up: '\u001b[A',
  down: '\u001b[B',
  left: '\u001b[D',
  home: '\u001b[H',
  pageUp: '\u001b[5~',
  pageDown: '\u001b[6~',
  ctrlC: '\u0003',
  ctrlF: '\u0006',
  ctrlJ: '\n',
  ctrlK: '\u000b',
  ctrlQ: '\u0011',
  altEnter: '\u001b\r',
  pasteStart: '\u001b[200~',
  pasteEnd: '\u001b[201~'
} as const

export interface TerminalOptions {
  readonly columns?: number
  readonly rows?: number
  readonly who?: string
  readonly environment?: Readonly<Record<string, string>>
}

/** Undefined when this machine can run such a terminal, else what is missing. */
export function missingForTerminal (): string | undefined {
  for (const tool of ['script', 'stty', 'tty']) {
    try {
      execFileSync('sh', ['-c', `command -v ${tool}`], { stdio: 'ignore' })
    } catch {
      return `needs ${tool}, which is not on this machine`
    }
  }
  try {
    return execFileSync('script', ['--version']).toString().includes('util-linux') ? undefined : 'needs script of util-linux'
  } catch {
    return 'needs script of util-linux'
  }
}

export class TestTerminal {
  readonly exit: Promise<number>
  private readonly screenOfPerson: headless.Terminal
  private readonly child: ChildProcessWithoutNullStreams
  private readonly server: Server
  private readonly directory: string
  private control: Socket | undefined
  private ttyPath = ''
  private pid = 0
  private raw = ''

  private constructor (parts: { readonly child: ChildProcessWithoutNullStreams, readonly server: Server, readonly directory: string, readonly columns: number, readonly rows: number }) {
    this.child = parts.child
    this.server = parts.server
    this.directory = parts.directory
    this.screenOfPerson = new headless.Terminal({ cols: parts.columns, rows: parts.rows, allowProposedApi: true })
    this.child.stdout.on('data', (chunk: Buffer) => {
      this.raw += chunk.toString('latin1')
      this.screenOfPerson.write(chunk)
    })
    this.exit = this.end()
  }

  static async open ({ columns = 100, rows = 30, who = 'bob', environment = {} }: TerminalOptions = {}): Promise<TestTerminal> {
    const directory = await mkdtemp(join(tmpdir(), 'skein-chat-'))
    const server = createServer()
    const socketPath = join(directory, 'control')
    server.listen(socketPath)
    await once(server, 'listening')
    const script = new URL('terminal-child.ts', import.meta.url).pathname
    const command = `stty cols ${columns} rows ${rows}; exec '${process.execPath}' '${script}'`
    const { CI, NODE_ENV, NO_COLOR, ...inherited } = process.env
    const child = spawn('script', ['-qefc', command, '/dev/null'], {
      env: { ...inherited, TZ: 'UTC', TERM: 'xterm-256color', SHELL: '/bin/sh', CHAT_CONTROL: socketPath, CHAT_WHO: who, ...environment }
    })
    const terminal = new TestTerminal({ child, server, directory, columns, rows })
    const [socket] = await once(server, 'connection') as [Socket]
    terminal.control = socket
    const [hello] = await once(createInterface(socket), 'line') as [string]
    const [ttyPath = '', pid] = hello.split(' ')
    terminal.ttyPath = ttyPath
    terminal.pid = Number(pid)
    return terminal
  }

  /** Bytes as a keyboard sends them. Waits until the screen shows `expected`. */
  async type (keys: string, expected: string | RegExp): Promise<void> {
    this.child.stdin.write(keys)
    await this.shows(expected)
  }

  /** Waits until anything has changed. */
  async typeAndSeeChange (keys: string): Promise<void> {
    const before = this.screen()
    this.child.stdin.write(keys)
    await this.until(screen => screen !== before, 'to change')
  }

  /** Something happens at the node. */
  tell (command: Command): void {
    this.control?.write(`${JSON.stringify(command)}\n`)
  }

  async shows (expected: string | RegExp): Promise<void> {
    await this.until(screen => typeof expected === 'string' ? screen.includes(expected) : expected.test(screen), `to show ${String(expected)}`)
  }

  async hides (unexpected: string): Promise<void> {
    await this.until(screen => !screen.includes(unexpected), `not to show ${unexpected}`)
  }

  /** What a person sees now. */
  screen (): string {
    const { buffer: { active }, cols } = this.screenOfPerson
    return Array.from({ length: this.screenOfPerson.rows }, (_, row) => active.getLine(active.viewportY + row)?.translateToString(true, 0, cols).trimEnd() ?? '').join('\n')
  }

  async showsCursorAt (x: number, y: number): Promise<void> {
    const { active } = this.screenOfPerson.buffer
    await this.until(() => active.cursorX === x && active.cursorY === y, `to have its cursor at ${x}, ${y}`)
  }

  /** The state in which the terminal was left. */
  modes (): { readonly isAlternate: boolean, readonly isBracketedPaste: boolean, readonly wraps: boolean, readonly isCursorShown: boolean } {
    const { modes, buffer } = this.screenOfPerson
    return { isAlternate: buffer.active.type === 'alternate', isBracketedPaste: modes.bracketedPasteMode, wraps: modes.wraparoundMode, isCursorShown: this.raw.lastIndexOf('\u001b[?25h') > this.raw.lastIndexOf('\u001b[?25l') }
  }

  /** All bytes that were written, for what must never be among them. */
  written (): string {
    return this.raw
  }

  resize (columns: number, rows: number): void {
    this.screenOfPerson.resize(columns, rows)
    execFileSync('stty', ['-F', this.ttyPath, 'cols', String(columns), 'rows', String(rows)])
  }

  /** As a shutdown does it. */
  kill (): void {
    process.kill(this.pid, 'SIGTERM')
  }

  async close (): Promise<void> {
    // Its terminal closes with the chat; ended first, `script` would wait some seconds for it.
    if (isRunning(this.pid)) this.kill()
    await this.exit
    this.control?.destroy()
    this.server.close()
    this.screenOfPerson.dispose()
    await rm(this.directory, { recursive: true, force: true })
  }

  /** Its exit code, once all that it wrote is on the screen. */
  private async end (): Promise<number> {
    const [code] = await once(this.child, 'close') as [number | null]
    await new Promise<void>(resolve => { this.screenOfPerson.write('', resolve) })
    return code ?? -1
  }

  private async until (isTrue: (screen: string) => boolean, what: string): Promise<void> {
    if (isTrue(this.screen())) return
    const { promise, resolve, reject } = Promise.withResolvers<undefined>()
    const watching = this.screenOfPerson.onWriteParsed(() => { if (isTrue(this.screen())) resolve(undefined) })
    const ended = (code: number | null): void => { reject(new Error(`ended with ${code ?? 'a signal'}, expected the screen ${what}:\n${this.screen()}`)) }
    const limit = setTimeout(() => { reject(new Error(`expected the screen ${what}:\n${this.screen()}`)) }, SEEN_MS_MAX)
    this.child.once('exit', ended)
    try {
      await promise
    } finally {
      clearTimeout(limit)
      watching.dispose()
      this.child.off('exit', ended)
    }
  }
}

function isRunning (pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Only a bug or a very busy machine takes this long; it turns a test that would hang into one that shows the screen. */
const SEEN_MS_MAX = 45_000
