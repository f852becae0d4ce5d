/** What happens only at a terminal: questions, and what is not shown. `script` of util-linux makes one. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EXIT } from '../../protocols/core/errors.ts'
import { BOB, ENVIRONMENT, Fixture, MAIN, STATUS } from './fixture.ts'

const PASSWORD = 'correct horse battery'
/** Other systems have a `script` with other options, or none. */
const hasTerminals = process.platform === 'linux' && spawnSync('script', ['--version']).error === undefined
if (!hasTerminals) console.log('no script(1) of util-linux here: nothing of test/cli/terminal.test.ts is tested')

/** A command at a terminal that answers each question once, in order. */
async function talk (home: string, line: readonly string[], answers: ReadonlyArray<readonly [question: RegExp, answer: string]>): Promise<{ readonly exit: number | null, readonly screen: string }> {
  const command = [process.execPath, MAIN, ...line].map(word => `'${word}'`).join(' ')
  const terminal: ChildProcessWithoutNullStreams = spawn('script', ['-qec', command, '/dev/null'], { env: { ...ENVIRONMENT, TERM: 'xterm', SKEIN_HOME: home } })
  const rest = [...answers]
  let screen = ''
  let answered = 0
  terminal.stdout.on('data', (chunk: Buffer) => {
    screen += chunk.toString()
    const [next] = rest
    if (next === undefined || !next[0].test(screen.slice(answered))) return
    answered = screen.length
    rest.shift()
    terminal.stdin.write(next[1])
  })
  const [exit] = await once(terminal, 'close') as [number | null]
  assert.deepEqual(rest, [], `not asked; the screen was: ${screen}`)
  return { exit, screen }
}

if (hasTerminals) describe('at a terminal', scenes)

function scenes (this: Mocha.Suite): void {
  let fixture: Fixture

  afterEach(async () => { await fixture.stop() })

  it('init asks for a name and twice for a password that is not shown, and shows 24 words once', async () => {
    fixture = await Fixture.empty()
    const home = join(fixture.home, 'ana')
    const { exit, screen } = await talk(home, ['init'], [[/Your name/, 'Ana\r'], [/New password: /, `${PASSWORD}\r`], [/again: /, `${PASSWORD}\r`]])
    assert.equal(exit, 0)
    assert.ok(!screen.includes(PASSWORD))
    assert.match(screen, /1 [a-z]+ +7 [a-z]+ +13 [a-z]+ +19 [a-z]+/)
    assert.match(screen, /Next: skein up/)
    assert.match(await readFile(join(home, 'vault.json'), 'utf8'), /"password"/)

    const wrong = await talk(home, ['contact', 'list'], [[/Password: /, 'guess\r']])
    assert.equal(wrong.exit, EXIT.storage)
    assert.match(wrong.screen, /wrong password/)
    const right = await talk(home, ['contact', 'list'], [[/Password: /, `${PASSWORD}\r`]])
    assert.equal(right.exit, 0)
    const interrupted = await talk(home, ['contact', 'list'], [[/Password: /, '\u0003']])
    assert.equal(interrupted.exit, EXIT.interrupted)
  })

  it('init makes nothing when the passwords differ', async () => {
    fixture = await Fixture.empty()
    const { exit, screen } = await talk(join(fixture.home, 'ana'), ['init', '--name', 'Ana'], [[/New password: /, 'one\r'], [/again: /, 'two\r']])
    assert.equal(exit, EXIT.usage)
    assert.match(screen, /not the same/)
    await assert.rejects(readFile(join(fixture.home, 'ana', 'vault.json')))
  })

  it('contact verify shows the number in groups and believes only yes', async () => {
    const digits = Array.from({ length: 60 }, (_, index) => index % 10).join('')
    fixture = await Fixture.up({
      'contact.show': () => ({ contact: { ...BOB, isVerified: false }, safetyNumber: digits, devices: [], relays: [] }),
      'contact.verify': () => ({ contact: BOB, safetyNumber: digits })
    })
    const yes = await talk(fixture.home, ['contact', 'verify', '@bob'], [[/\[y\/N\]/, 'y\r']])
    assert.equal(yes.exit, 0)
    assert.match(yes.screen, /01234 {2}56789 {2}01234/)
    assert.match(yes.screen, /@bob is verified/)
    const no = await talk(fixture.home, ['contact', 'verify', '@bob'], [[/\[y\/N\]/, '\r']])
    assert.equal(no.exit, EXIT.untrusted)
    const interrupted = await talk(fixture.home, ['contact', 'verify', '@bob'], [[/\[y\/N\]/, '\u0003']])
    assert.equal(interrupted.exit, EXIT.interrupted)
    assert.deepEqual(fixture.api.asked.filter(({ name }) => name === 'contact.verify').length, 1)
  })

  it('colours, unless somebody wants none', async () => {
    fixture = await Fixture.up({ status: () => STATUS })
    assert.ok((await talk(fixture.home, ['status'], [])).screen.includes('\u001b[1mAna'))
    assert.ok(!(await talk(fixture.home, ['status', '--no-color'], [])).screen.includes('\u001b['))
  })

  it('send says that there is no text, rather than wait for one', async () => {
    fixture = await Fixture.up()
    const { exit, screen } = await talk(fixture.home, ['send', '@bob'], [])
    assert.equal(exit, EXIT.usage)
    assert.match(screen, /there is no text/)
  })
}
