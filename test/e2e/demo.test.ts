/** `npm start`: what a newcomer sees first, and that nothing is left of it. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { missingForTerminal } from '../cli/chat/terminal.ts'
import { skip } from '../skip.ts'
import { LAUNCHER, Up, environment, eventually, faultOf, isAlive, makeFolder, removeFolder, succeed } from './skein.ts'

interface Step { readonly schema: string, readonly ok: boolean, readonly step?: string, readonly pid?: number, readonly state?: string, readonly error?: { readonly message: string, readonly exit: number, readonly hint: string } }
interface Ended { readonly exit: number | null, readonly signal: NodeJS.Signals | null, readonly steps: readonly Step[], readonly stderr: string, readonly pids: readonly number[] }

describe('the demo', function () {
  this.timeout(90_000)
  let folder: string

  beforeEach(async () => { folder = await makeFolder() })
  afterEach(async () => { await removeFolder(folder) })

  /** Runs it with its temporary files in a folder of ours; `act` is called at each step. */
  async function run (act: (step: Step, demo: ReturnType<typeof spawn>) => void = () => undefined): Promise<Ended> {
    const demo = spawn(process.execPath, [LAUNCHER, 'demo', '--json'], { env: environment({ TMPDIR: folder }), stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    const [stderr, closed] = [text(demo.stderr), once(demo, 'close')]
    const steps: Step[] = []
    for await (const line of createInterface({ input: demo.stdout })) {
      const step = JSON.parse(line) as Step
      steps.push(step)
      act(step, demo)
    }
    await closed
    return { exit: demo.exitCode, signal: demo.signalCode, steps, stderr: await stderr, pids: steps.flatMap(({ pid }) => pid ?? []) }
  }

  it('lets two people meet, talk, lose each other and find each other, and leaves nothing', async () => {
    const { exit, steps, pids, stderr } = await run()
    assert.equal(exit, 0, stderr)
    const told = steps.map(({ step }) => step)
    for (const step of ['account', 'node', 'invite', 'request', 'accepted', 'sent', 'state', 'reaction', 'edit', 'stopped', 'trace', 'started', 'relay', 'mailboxes', 'same']) assert.ok(told.includes(step), step)
    assert.deepEqual(steps.filter(({ ok }) => !ok), [])
    assert.equal(steps.at(-1)?.schema, 'skein.demo/1')
    assert.deepEqual(new Set(steps.flatMap(({ state }) => state ?? [])), new Set(['queued', 'stored', 'delivered', 'read']))
    // Both people, Bob twice more after he was away, and the relays; Ana's second process is not told of.
    assert.equal(pids.length, 7)
    assert.deepEqual([...pids.filter(isAlive), ...readdirSync(folder)], [])
  })

  it('can be kept, and real commands go on with it; told without colours and Unicode where the terminal has neither', async () => {
    const kept = join(folder, 'two people')
    const stdout = await succeed(['demo', '--keep', kept], { env: { TMPDIR: folder, LANG: 'C' } })
    assert.match(stdout, /o queued {2,}on Ana's disk/)
    assert.match(stdout, /vv delivered/)
    assert.match(stdout, /vv_ read/)
    assert.doesNotMatch(stdout, /[^\n\u0020-\u007e]/)
    assert.ok(stdout.includes(`skein up --home '${join(kept, 'ana')}'`), stdout)
    const bob = await Up.start(join(kept, 'bob'), { listen: [] })
    await succeed(['send', '@bob', 'By hand', '--wait', 'delivered', '--home', join(kept, 'ana')])
    assert.equal((await bob.end()).exit, 0)
    await faultOf(2, ['demo', '--keep', kept])
  })

  it('goes on as a conversation at a terminal, with a Bob who answers', async function () {
    const missing = missingForTerminal()
    if (missing !== undefined) skip(this, missing)
    const command = `stty cols 100 rows 30; exec '${process.execPath}' '${LAUNCHER}' demo`
    const terminal = spawn('script', ['-qefc', command, '/dev/null'], { env: environment({ TMPDIR: folder, TERM: 'xterm-256color', SHELL: '/bin/sh' }), stdio: ['pipe', 'pipe', 'inherit'] })
    const closed = once(terminal, 'close')
    let shown = ''
    const turns = [['Press Enter to begin', '\r'], ['Direct to bob', 'who can read this?\r'], ['Compare our safety number', '\u0003']]
    for await (const chunk of terminal.stdout as AsyncIterable<Buffer>) {
      shown += chunk.toString()
      const [turn] = turns
      if (turn === undefined || !shown.includes(turn[0] ?? '')) continue
      turns.shift()
      terminal.stdin.write(turn[1] ?? '')
    }
    await closed
    assert.deepEqual([turns, terminal.exitCode], [[], 0], shown)
    assert.match(shown, /nothing is left of it/)
    assert.deepEqual(readdirSync(folder), [])
  })

  it('cleans up after Ctrl-C, which goes to all processes of a terminal, and which npm passes on as well', async () => {
    const { exit, steps, pids } = await run((step, demo) => {
      if (step.step !== 'request' || demo.pid === undefined) return
      process.kill(-demo.pid, 'SIGINT')
      demo.kill('SIGINT')
    })
    assert.deepEqual([exit, steps.at(-1)?.error?.exit], [130, 130])
    assert.deepEqual([...pids.filter(isAlive), ...readdirSync(folder)], [])
  })

  it('cleans up after its terminal was closed', async () => {
    const { exit, pids } = await run((step, demo) => {
      if (step.step === 'stopped' && demo.pid !== undefined) process.kill(-demo.pid, 'SIGHUP')
    })
    assert.equal(exit, 130)
    assert.deepEqual([...pids.filter(isAlive), ...readdirSync(folder)], [])
  })

  it('leaves no process when it is killed', async () => {
    const { signal, pids } = await run((step, demo) => { if (step.step === 'sent') demo.kill('SIGKILL') })
    assert.equal(signal, 'SIGKILL')
    await eventually(async () => await Promise.resolve(pids.filter(isAlive)), alive => alive.length === 0)
  })

  it('says what failed and where the logs are, when a node dies', async () => {
    const nodes: number[] = []
    const { exit, steps, pids } = await run(({ step, pid }) => {
      if (step === 'node' && pid !== undefined && nodes.push(pid) === 2) process.kill(pid, 'SIGKILL')
    })
    const { error } = steps.at(-1) ?? {}
    assert.notEqual(exit, 0)
    assert.match(error?.message ?? '', /the demo stopped at "They meet"/)
    const [log] = /\S+bob\.log/.exec(error?.hint ?? '') ?? []
    assert.ok(log !== undefined && existsSync(log), error?.hint)
    assert.deepEqual(pids.filter(isAlive), [])
  })

  it('leaves alone what is in the folder that it is to keep', async () => {
    await mkdir(join(folder, 'mine'))
    await writeFile(join(folder, 'mine', 'letter'), 'dear')
    await faultOf(2, ['demo', '--keep', join(folder, 'mine')])
    assert.equal(readFileSync(join(folder, 'mine', 'letter'), 'utf8'), 'dear')
  })
})
