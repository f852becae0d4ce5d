/** bin/skein.js: under Node 24 itself, and under the older Node of a newcomer. The command is a stand-in that says what it sees. */
import assert from 'node:assert/strict'
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { skip } from '../skip.ts'

const ROOT = path.dirname(path.dirname(import.meta.dirname))

/** Says its process and its Node, then does what it is told; `up` lives until it has got a signal. */
const STAND_IN = `
export async function main ([wish, ...rest]) {
  const signals = []
  if (wish === 'up') for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => { signals.push(signal) })
  console.log(JSON.stringify({ pid: process.pid, major: Number(process.versions.node.split('.')[0]), flags: process.execArgv, rest }))
  if (wish === 'fail') return 7
  if (wish === 'die') process.kill(process.pid, 'SIGKILL')
  if (wish !== 'up') return 0
  while (signals.length === 0) await new Promise(resolve => { setTimeout(resolve, 10) })
  // Long enough for a second signal, if there is one.
  await new Promise(resolve => { setTimeout(resolve, 200) })
  console.log(signals.join())
  while (rest.includes('stubborn')) await new Promise(resolve => { setTimeout(resolve, 1000) })
  return signals[0] === 'SIGINT' ? 130 : 0
}`

interface Seen { readonly pid: number, readonly major: number, readonly flags: readonly string[], readonly rest: readonly string[] }

describe('the launcher', () => {
  let folder: string
  const started: ChildProcess[] = []

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'skein-launcher-'))
    for (const place of ['bin', 'dist/cli', 'node_modules']) await mkdir(path.join(folder, place), { recursive: true })
    await copyFile(path.join(ROOT, 'bin/skein.js'), path.join(folder, 'bin/skein.js'))
    await writeFile(path.join(folder, 'package.json'), '{ "type": "module" }')
    await writeFile(path.join(folder, 'dist/cli/main.js'), STAND_IN)
    await symlink(path.join(ROOT, 'node_modules/node'), path.join(folder, 'node_modules/node'))
  })

  after(async () => {
    for (const child of started) child.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  })

  describe('under Node 24', () => {
    it('runs the command in its own process', async () => {
      const { child, lines } = launch(process.execPath, ['version', 'one two', ''])
      const seen = await firstLine(lines)
      assert.deepEqual([seen.pid, seen.flags, seen.rest], [child.pid, [], ['one two', '']])
      assert.deepEqual(await ended(child), [0, null])
    })

    it('gives a node that stays little memory, still in its own process', async () => {
      const { child, lines } = launch(process.execPath, ['up'])
      const seen = await firstLine(lines)
      assert.deepEqual([seen.pid, seen.flags], [child.pid, ['--max-semi-space-size=1', '--optimize-for-size']])
      child.kill('SIGTERM')
      assert.deepEqual(await ended(child), [0, null])
    })

    it('ends with the exit code of the command', async () => {
      assert.deepEqual(await ended(launch(process.execPath, ['fail']).child), [7, null])
    })
  })

  describe('under an older Node', () => {
    let older: string
    before(function () {
      older = olderNode() ?? skip(this, 'the Node on the PATH is not older than 24')
    })

    it('runs the command under Node 24', async () => {
      const { child, lines } = launch(older, ['version', 'one two', ''])
      const seen = await firstLine(lines)
      assert.ok(seen.major >= 24)
      assert.deepEqual(seen.rest, ['one two', ''])
      assert.deepEqual(await ended(child), [0, null])
    })

    it('ends as the command ends: with its exit code, or of its signal', async () => {
      assert.deepEqual(await ended(launch(older, ['fail']).child), [7, null])
      assert.deepEqual(await ended(launch(older, ['die']).child), [null, 'SIGKILL'])
    })

    it('passes a signal on', async () => {
      const { child, lines } = launch(older, ['up'])
      await firstLine(lines)
      child.kill('SIGHUP')
      assert.equal(await nextLine(lines), 'SIGHUP')
      assert.deepEqual(await ended(child), [0, null])
    })

    it('lets a signal to all of its process group arrive once, as Ctrl-C in a terminal is', async () => {
      const { child, lines } = launch(older, ['up'])
      await firstLine(lines)
      process.kill(-pidOf(child), 'SIGINT')
      assert.equal(await nextLine(lines), 'SIGINT')
      assert.deepEqual(await ended(child), [130, null])
    })

    it('takes the node along when it is killed itself', async () => {
      const { child, lines } = launch(older, ['up'])
      await firstLine(lines)
      child.kill('SIGKILL')
      assert.equal(await nextLine(lines), 'SIGTERM')
      // The output ends when the last process that holds it is gone.
      await once(lines, 'close')
    })

    it('takes along a node that does not stop when it is asked to', async () => {
      const { child, lines } = launch(older, ['up', 'stubborn'])
      await firstLine(lines)
      child.kill('SIGKILL')
      await once(lines, 'close')
    })

    it('says in one line what is missing', async () => {
      const lonely = await mkdtemp(path.join(tmpdir(), 'skein-lonely-'))
      try {
        await mkdir(path.join(lonely, 'bin'))
        await copyFile(path.join(ROOT, 'bin/skein.js'), path.join(lonely, 'bin/skein.js'))
        await writeFile(path.join(lonely, 'package.json'), '{ "type": "module" }')
        const child = spawn(older, [path.join(lonely, 'bin/skein.js'), 'version'], { stdio: ['ignore', 'ignore', 'pipe'] })
        const chunks: Buffer[] = []
        child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
        assert.deepEqual(await ended(child), [1, null])
        assert.match(Buffer.concat(chunks).toString(), /^error: skein needs Node\.js 24 .*\n$/)
      } finally {
        await rm(lonely, { recursive: true, force: true })
      }
    })
  })

  function launch (node: string, args: readonly string[]): { readonly child: ChildProcess, readonly lines: Interface } {
    const env = { ...process.env, XDG_CACHE_HOME: path.join(folder, 'cache') }
    const child = spawn(node, [path.join(folder, 'bin/skein.js'), ...args], { cwd: folder, env, detached: true, stdio: ['ignore', 'pipe', 'inherit'] })
    started.push(child)
    return { child, lines: createInterface({ input: child.stdout }) }
  }
})

async function firstLine (lines: Interface): Promise<Seen> {
  return JSON.parse(await nextLine(lines)) as Seen
}

async function nextLine (lines: Interface): Promise<string> {
  const line = await lines[Symbol.asyncIterator]().next()
  assert.ok(line.done !== true, 'the process ended without a word')
  return line.value
}

async function ended (child: ChildProcess): Promise<readonly [number | null, NodeJS.Signals | null]> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'close')
  return [child.exitCode, child.signalCode]
}

function pidOf (child: ChildProcess): number {
  assert.ok(child.pid !== undefined)
  return child.pid
}

/** The first Node on the PATH that npm did not put there, when it is older than 24. */
function olderNode (): string | undefined {
  const node = (process.env['PATH'] ?? '').split(path.delimiter).filter(place => !place.includes('node_modules'))
    .map(place => path.join(place, 'node')).find(candidate => existsSync(candidate))
  if (node === undefined) return undefined
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' })
  return Number(/^v(\d+)/.exec(version)?.[1]) < 24 ? node : undefined
}
