/** The program `skein` as somebody has installed it: built into a folder of the run, started as people start it. */
import { once } from 'node:events'
import { cp, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { ended, launch, LEAN, LEAN_ENVIRONMENT } from './children.ts'

const ROOT = fileURLToPath(new URL('../', import.meta.url))
/** What scripts/build.ts needs to make `dist/`. */
const SOURCES = ['bin', 'cli', 'node', 'store', 'protocols', 'web', 'scripts', 'package.json', 'tsconfig.json', 'tsconfig.build.json']
const PACKED = ['bin', 'dist', 'package.json']

/** A run of the program: how long it took from start to end, and what it said. */
export interface Outcome { readonly tookMs: number, readonly output: string }

export interface RunningProgram extends AsyncDisposable {
  readonly pid: number
  /** From the start of the process until it said that it is ready. */
  readonly readyMs: number
}

export class Program {
  readonly origin: 'built package' | 'repository'
  readonly #launcher: string
  readonly #environment: NodeJS.ProcessEnv

  /** Never fails: a repository that does not build at this moment is measured as it is. */
  static async install (folder: string): Promise<Program> {
    const packed = join(folder, 'installed', 'node_modules', 'skein')
    const isBuilt = existsSync(packed) || await build(join(folder, 'build'), packed)
    return new Program(isBuilt ? packed : ROOT, { origin: isBuilt ? 'built package' : 'repository', folder })
  }

  private constructor (root: string, { origin, folder }: { readonly origin: Program['origin'], readonly folder: string }) {
    this.origin = origin
    this.#launcher = join(root, 'bin', 'skein.js')
    this.#environment = { ...process.env, HOME: folder, XDG_CACHE_HOME: join(folder, 'cache'), NODE_COMPILE_CACHE: undefined }
  }

  /** @throws Error with the program's own words when it fails */
  async run (args: readonly string[], node = process.execPath): Promise<Outcome> {
    const startMs = performance.now()
    const child = launch(node, [this.#launcher, ...args], { env: this.#environment, stdio: ['ignore', 'pipe', 'pipe'] })
    const output: Buffer[] = []
    child.stdout?.on('data', (bytes: Buffer) => output.push(bytes))
    child.stderr?.on('data', (bytes: Buffer) => output.push(bytes))
    const isHeard = once(child, 'close')
    await once(child, 'exit')
    const tookMs = performance.now() - startMs
    await isHeard
    const text = Buffer.concat(output).toString()
    if (child.exitCode !== 0) throw new Error(`skein ${args.join(' ')}: ${text}`)
    return { tookMs, output: text }
  }

  /** `skein up`, or another command that stays, ready. It has what the launcher gives it, and ends with us even if we are killed, as with its launcher. */
  async up (home: string, command: readonly string[] = ['up']): Promise<RunningProgram> {
    const startMs = performance.now()
    const child = launch(process.execPath, [...LEAN, this.#launcher, '--home', home, ...command, '--json'], {
      env: { ...this.#environment, ...LEAN_ENVIRONMENT, SKEIN_LAUNCHER: String(process.pid) },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc']
    })
    await untilReady(child)
    return {
      pid: child.pid ?? 0,
      readyMs: performance.now() - startMs,
      [Symbol.asyncDispose]: async () => {
        child.kill('SIGTERM')
        await ended(child)
      }
    }
  }

  /** A new account that needs no password. */
  async init (home: string): Promise<void> {
    await this.run(['--home', home, 'init', '--name', 'Bench', '--key-file', '--accept', 'all'])
  }
}

/** Of a running process. */
export async function residentMebibytes (pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024
}

/** The first Node on the path that is older than what the program needs. */
export function findOlderNode (): { readonly path: string, readonly version: string } | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, 'node')
    if (!existsSync(path)) continue
    const version = spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout.trim()
    if (Number.parseInt(version.slice(1), 10) < 24) return { path, version }
  }
  return undefined
}

/** Node strips no types below `node_modules`: it is built beside, then moved to where a package lies. */
async function build (folder: string, packed: string): Promise<boolean> {
  await mkdir(folder, { recursive: true })
  for (const source of SOURCES) await cp(join(ROOT, source), join(folder, source), { recursive: true })
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  const child = launch(process.execPath, [join(folder, 'scripts', 'build.ts')], { cwd: folder, stdio: 'ignore' })
  await once(child, 'exit')
  if (child.exitCode !== 0) return false
  await mkdir(packed, { recursive: true })
  for (const part of [...PACKED, 'node_modules']) await rename(join(folder, part), join(packed, part))
  await rm(folder, { recursive: true, force: true })
  return true
}

/** Its first line says so. */
async function untilReady (child: ChildProcess): Promise<void> {
  if (child.stdout === null || child.stderr === null) throw new Error('a program that is waited for can be heard')
  const complaints: string[] = []
  child.stderr.setEncoding('utf8').on('data', (text: string) => { complaints.push(text) })
  const lines = createInterface({ input: child.stdout })
  const isReady = await Promise.race([once(lines, 'line').then(() => true), once(child, 'exit').then(() => false)])
  if (!isReady) throw new Error(`it has ended before it was ready: ${complaints.join('')}`)
}
