/** What a newcomer gets: the packed package, installed in an empty folder, used with whatever Node is on the PATH. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { spawn, type ChildProcess } from 'node:child_process'

const ROOT = path.dirname(path.dirname(import.meta.dirname))

/** Packing, downloading half a gigabyte on a slow line, installing. */
const INSTALL_MS_MAX = 600_000

interface Finished { readonly exitCode: number | null, readonly stdout: string, readonly stderr: string }

describe('the packed package', function () {
  let folder: string
  let contents: readonly string[]
  const nodes: ChildProcess[] = []

  before(async function () {
    this.timeout(INSTALL_MS_MAX)
    folder = await mkdtemp(path.join(tmpdir(), 'skein-pack-'))
    const packed = await succeed('npm', ['pack', '--silent', '--pack-destination', folder], ROOT)
    const tarball = path.join(folder, packed.trim().split('\n').at(-1) ?? '')
    contents = (await succeed('tar', ['-tzf', tarball], folder)).trim().split('\n').map(entry => entry.replace(/^package\//, ''))
    // npm 12 runs no install script without consent; README.md tells how to give it.
    await writeFile(path.join(folder, 'package.json'), JSON.stringify({ private: true, allowScripts: { node: true } }))
    await succeed('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error', tarball], folder)
  })

  after(async () => {
    for (const node of nodes.filter(started => started.exitCode === null && started.signalCode === null)) node.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  })

  it('holds the program and its documents, and no sources or tests', () => {
    const needed = ['LICENSE', 'README.md', 'CHANGELOG.md', 'bin/skein.js', 'dist/cli/main.js', 'dist/node/node.js', 'dist/node/node.d.ts', 'dist/store/migrations/001-account.sql', 'docs/protocols/deposit.md', 'protocols/deposit/deposit.proto']
    assert.deepEqual(needed.filter(file => !contents.includes(file)), [])
    assert.deepEqual(contents.filter(file => (file.endsWith('.ts') && !file.endsWith('.d.ts')) || file.startsWith('test/')), [])
  })

  it('says its version', async () => {
    const { version } = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8')) as { readonly version: string }
    assert.match(await skein('version'), new RegExp(`^skein ${version.replaceAll('.', '\\.')} `))
  })

  it('shows two people who meet and talk', async function () {
    this.timeout(60_000)
    const steps = (await skein('demo', '--json')).trim().split('\n').map(line => JSON.parse(line) as { readonly ok: boolean, readonly schema: string })
    assert.ok(steps.every(({ ok }) => ok))
    assert.equal(steps.at(-1)?.schema, 'skein.demo/1')
  })

  it('can be imported, as a node and as its formats', async () => {
    const program = 'import { createNode } from "skein"; import { parseAccountId } from "skein/protocols/core/ids"; console.log(typeof createNode, typeof parseAccountId)'
    const runtime = path.join(folder, 'node_modules/.bin/node')
    assert.equal(await succeed(runtime, ['--input-type=module', '--eval', program], folder), 'function function\n')
  })

  it('delivers a message from one home to another', async function () {
    this.timeout(120_000)
    const [ana, bob] = ['ana', 'bob'].map(name => path.join(folder, name)) as [string, string]
    await skein('init', '--home', ana, '--name', 'Ana', '--key-file', '--words-file', path.join(folder, 'ana.words'), '--accept', 'all')
    await skein('init', '--home', bob, '--name', 'Bob', '--key-file', '--words-file', path.join(folder, 'bob.words'))
    await Promise.all([up(ana), up(bob)])

    const { link } = await skeinJson<{ readonly link: string }>('me', 'card', '--home', ana)
    await skein('contact', 'add', link, '--as', 'ana', '--home', bob)
    await skein('send', '@ana', 'Hello from an empty folder', '--wait', 'delivered', '--timeout', '60s', '--home', bob)
    const messages = (await skein('read', 'Bob', '--home', ana, '--json')).trim().split('\n').map(line => JSON.parse(line) as { readonly text: string })
    assert.deepEqual(messages.map(message => message.text), ['Hello from an empty folder'])

    for (const node of nodes) {
      node.kill('SIGTERM')
      await once(node, 'exit')
      assert.equal(node.signalCode, null, 'a node that is asked to stop ends by itself')
    }
  })

  async function skein (...args: readonly string[]): Promise<string> {
    return await succeed(path.join(folder, 'node_modules/.bin/skein'), args, folder)
  }

  async function skeinJson<Result> (...args: readonly string[]): Promise<Result> {
    return (JSON.parse(await skein(...args, '--json')) as { readonly data: Result }).data
  }

  /** Resolves when the node says that it is ready. */
  async function up (home: string): Promise<void> {
    const node = spawn(path.join(folder, 'node_modules/.bin/skein'), ['up', '--json', '--home', home, '--listen', '/ip4/127.0.0.1/tcp/0'],
      { cwd: folder, env: newcomer(folder), stdio: ['ignore', 'pipe', 'ignore'] })
    nodes.push(node)
    const line = await createInterface({ input: node.stdout })[Symbol.asyncIterator]().next()
    assert.ok(line.done !== true, 'the node ended before it was ready')
    assert.equal((JSON.parse(line.value) as { readonly ok?: boolean }).ok, true, line.value)
  }
})

async function succeed (command: string, args: readonly string[], cwd: string): Promise<string> {
  const { exitCode, stdout, stderr } = await run(command, args, cwd)
  assert.equal(exitCode, 0, `${path.basename(command)} ${args.join(' ')}\n${stdout}${stderr}`)
  return stdout
}

async function run (command: string, args: readonly string[], cwd: string): Promise<Finished> {
  const child = spawn(command, args, { cwd, env: newcomer(cwd), stdio: ['ignore', 'pipe', 'pipe'] })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  const [exitCode] = await once(child, 'close') as [number | null]
  return { exitCode, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }
}

/** The environment of a shell in which nobody has started npm: without our Node on the PATH, and without npm's own variables. */
function newcomer (folder: string): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(npm_|SKEIN_|INIT_CWD$|NODE_OPTIONS$)/i.test(name))
  const places = (process.env['PATH'] ?? '').split(path.delimiter).filter(place => !place.includes('node_modules') && !place.includes('node-gyp-bin'))
  const cache = process.env['npm_config_cache']
  return {
    ...Object.fromEntries(inherited),
    ...cache === undefined ? {} : { npm_config_cache: cache },
    PATH: places.join(path.delimiter),
    XDG_CACHE_HOME: path.join(folder, 'cache')
  }
}
