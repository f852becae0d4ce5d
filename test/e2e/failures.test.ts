/** Everything that can go wrong at a shell: the exit code, the JSON, and the sentence. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { LAUNCHER, Person, dataOf, environment, faultOf, killAll, makeFolder, removeFolder, succeed } from './skein.ts'

const TEXT_BYTES_TOO_MANY = 60_001

describe('a command that fails', function () {
  this.timeout(60_000)
  let folder: string
  let ana: Person

  before(async () => {
    folder = await makeFolder()
    ana = await Person.create('Ana', { folder })
    await ana.up()
  })

  after(async () => {
    await ana.down()
    await killAll()
    await removeFolder(folder)
  })

  it('says 2 when it was not understood, and what was perhaps meant', async () => {
    for (const args of [['sned', '@bob', 'x'], ['send'], ['send', '@bob', 'x', '--wait', 'arrived'], ['read', '@bob', '--limit', '0'], ['status', '--colour'], ['contact'], ['msg', 'trace', '!'], ['events', '--type', 'nothing']]) await ana.fault(2, ...args)
    assert.match((await ana.fault(2, 'sned', '@bob', 'x')).hint ?? '', /send/)
  })

  it('says 2 for a link that is none', async () => {
    await ana.fault(2, 'contact', 'add', 'skein:i#AAAA')
    await ana.fault(2, 'contact', 'add', 'https://example.org/')
  })

  it('says 5 for who and what there is not', async () => {
    const { hint, message } = await ana.fault(5, 'send', '@nobody', 'Hello')
    assert.ok(hint !== undefined, message)
    await ana.fault(5, 'read', '@nobody')
    await ana.fault(5, 'msg', 'trace', '01JD8QK4ABCDEFGH')
    await ana.fault(5, 'requests', 'accept', 'nobody')
    await ana.fault(5, 'status', '--home', join(folder, 'nowhere'))
    await faultOf(5, ['up', '--home', join(folder, 'nowhere')])
  })

  it('says 7 for a text that is too long, before anything is sent', async () => {
    await faultOf(7, ['send', '@nobody', '-', '--home', ana.home], { input: 'x'.repeat(TEXT_BYTES_TOO_MANY + 10) })
  })

  it('says 8 when another node has the account, and which process that is', async () => {
    const error = await faultOf(8, ['up', '--home', ana.home, '--listen', '/ip4/127.0.0.1/tcp/0'])
    assert.ok(error.message.includes(String(ana.node.child.pid)), error.message)
    assert.equal((await ana.data<{ readonly pid: number }>('status')).pid, ana.node.child.pid, 'the first one is as well as before')
  })

  it('says 9 for a wrong password, and opens with the right one', async () => {
    const home = join(folder, 'eve')
    const init = ['init', '--home', home, '--name', 'Eve', '--words-file', join(folder, 'eve.words')]
    await succeed(init, { env: { SKEIN_PASSWORD: 'correct horse' } })
    await faultOf(9, ['contact', 'list', '--home', home], { env: { SKEIN_PASSWORD: 'wrong horse' } })
    await faultOf(9, ['up', '--home', home], { env: { SKEIN_PASSWORD: 'wrong horse' } })
    const file = join(folder, 'password')
    await writeFile(file, 'correct horse\n', { mode: 0o600 })
    await dataOf(['contact', 'list', '--home', home, '--password-file', file])
    await faultOf(2, ['contact', 'list', '--home', home])
    await faultOf(2, ['up', '--home', home, '--password-file', file, '--listen', 'nowhere'])
  })

  it('says 9 when what is on the disk is not ours', async () => {
    const home = join(folder, 'damaged')
    await mkdir(home)
    await writeFile(join(home, 'vault.json'), '{}')
    await faultOf(9, ['status', '--home', home])
  })

  it('says 2 instead of making a second account in a home', async () => {
    await faultOf(2, ['init', '--home', ana.home, '--name', 'Mallory', '--key-file'])
    assert.equal((await ana.data<{ readonly name: string }>('me', 'show')).name, 'Ana')
  })

  it('never asks where nobody can answer', async () => {
    await faultOf(2, ['init', '--home', join(folder, 'silent'), '--name', 'Silent'])
    await faultOf(2, ['init', '--home', join(folder, 'silent'), '--key-file'])
    await faultOf(2, ['chat', '--home', ana.home])
  })

  it('prints nothing on stdout without --json', async () => {
    const { exit, stdout, stderr } = await ana.run('send', '@nobody', 'Hello')
    assert.deepEqual([exit, stdout], [5, ''])
    assert.match(stderr, /^error: .+ \(exit 5\)\n$/)
  })

  it('is no failure when nobody reads its output to the end', async () => {
    const child = spawn(process.execPath, [LAUNCHER, 'help'], { env: environment(), stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.destroy()
    const [stderr, [exit]] = await Promise.all([text(child.stderr), once(child, 'close') as Promise<[number | null]>])
    assert.deepEqual([exit, stderr], [0, ''])
  })
})
