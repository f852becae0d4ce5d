/** Settings, completion, help and the version: no node is needed. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFile, writeFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { skip } from '../skip.ts'
import { dataOf, faultOf, makeFolder, removeFolder, skein, succeed } from './skein.ts'

interface Shown { readonly settings: ReadonlyArray<{ readonly key: string, readonly value: unknown, readonly origin: string }> }

describe('settings', function () {
  this.timeout(60_000)
  let home: string

  before(async () => { home = await makeFolder() })
  after(async () => { await removeFolder(home) })

  it('come from the option, the environment, the file and the default, in this order', async () => {
    const origin = async (env: Readonly<Record<string, string>> = {}): Promise<string> => (await succeed(['config', 'show', '--origin', '--home', home], { env })).split('\n').find(line => line.includes('read.limit')) ?? ''
    assert.match(await origin(), /20\s+default/)
    await succeed(['config', 'set', 'read.limit', '50', '--home', home])
    assert.match(await origin(), /50\s+.*(file|skein\.toml)/)
    assert.match(await origin({ SKEIN_READ_LIMIT: '7' }), /7\s+.*(environment|SKEIN_READ_LIMIT)/)
    assert.equal((await succeed(['config', 'get', 'read.limit', '--home', home])).trim(), '50')
    const { settings } = await dataOf<Shown>(['config', 'show', '--origin', '--home', home])
    assert.deepEqual(settings.filter(({ key }) => key === 'read.limit' || key === 'accept'), [{ key: 'accept', value: 'ask', origin: 'default' }, { key: 'read.limit', value: 50, origin: 'file' }])
  })

  it('keep what somebody wrote beside them, and warn of what they do not know', async () => {
    const path = (await succeed(['config', 'path', '--home', home])).trim()
    await writeFile(path, '# mine\nacept = "all"\n')
    await succeed(['config', 'set', 'accept', 'all', '--home', home])
    assert.match(await readFile(path, 'utf8'), /^# mine\n/)
    const { exit, stderr } = await skein(['config', 'get', 'accept', '--home', home])
    assert.equal(exit, 0)
    assert.match(stderr, /acept.*accept/)
  })

  it('are refused when they are none', async () => {
    await faultOf(2, ['config', 'set', 'read.limit', 'many', '--home', home])
    await faultOf(2, ['config', 'get', 'read.limt', '--home', home])
    const broken = join(home, 'broken')
    await mkdir(broken)
    await writeFile(join(broken, 'skein.toml'), 'read.limit = = 3')
    await faultOf(2, ['config', 'show', '--home', broken])
  })
})

describe('the shell', function () {
  this.timeout(60_000)

  for (const [shell, check] of [['bash', ['-n']], ['zsh', ['-n']], ['fish', ['--no-execute']]] as const) {
    it(`${shell} understands its completion script`, async function () {
      const script = await succeed(['completion', shell])
      assert.match(script, /skein/)
      const folder = await makeFolder()
      const file = join(folder, 'completion')
      await writeFile(file, script)
      const checked = spawnSync(shell, [...check, file], { encoding: 'utf8' })
      await removeFolder(folder)
      if (checked.error !== undefined) skip(this, `${shell} is not installed here`)
      assert.deepEqual([checked.status, checked.stderr], [0, ''])
    })
  }

  it('can ask every command for help with an example', async () => {
    const help = await succeed(['help'])
    const commands = [...help.matchAll(/^ {2}([a-z][a-z-]*)(?: |$)/gm)].flatMap(([, name]) => name ?? [])
    assert.ok(commands.length > 20, help)
    for (const command of commands.filter(name => name !== 'help')) {
      assert.match(await succeed([command, '--help']), new RegExp(`\\$ (.*\\| )?skein ${command}`), command)
    }
  })

  it('is told the version', async () => {
    const { version } = JSON.parse(await readFile(join(import.meta.dirname, '../../package.json'), 'utf8')) as { readonly version: string }
    assert.equal((await dataOf<{ readonly version: string }>(['version'])).version, version)
    assert.ok((await succeed(['--version'])).includes(version))
  })
})
