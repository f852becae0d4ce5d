import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { completionScript } from '../../cli/completion-script.ts'
import type { Shell } from '../../cli/completion-script.ts'
import { COMMANDS, GLOBAL_OPTIONS, NOUNS } from '../../cli/tree.ts'
import { EXIT } from '../../protocols/core/errors.ts'
import { BOB, Fixture, ended } from './fixture.ts'

const TREE = { commands: COMMANDS, nouns: NOUNS, globalOptions: GLOBAL_OPTIONS }

describe('completion', function () {
  let fixture: Fixture

  afterEach(async () => { await fixture.stop() })

  for (const [shell, check] of [['bash', ['-n']], ['zsh', ['-n']], ['fish', ['--no-execute']]] as const) {
    it(`for ${shell} is a script that the shell can read, where that shell is installed`, async () => {
      fixture = await Fixture.empty()
      const { exit, stdout } = await fixture.run(['completion', shell])
      assert.equal(exit, 0)
      assert.equal(stdout, completionScript(shell, TREE))
      const path = join(fixture.home, 'script')
      await writeFile(path, stdout)
      const checked = spawnSync(shell, [...check, path], { encoding: 'utf8' })
      if (checked.error !== undefined) {
        console.log(`      ${shell} is not installed here: its script is not checked`)
        return
      }
      assert.deepEqual([checked.status, checked.stderr], [0, ''])
    })
  }

  it('knows every command and every option', () => {
    for (const shell of ['bash', 'zsh', 'fish'] satisfies readonly Shell[]) {
      const script = completionScript(shell, TREE)
      for (const { path, options = [], isHidden = false } of COMMANDS) {
        assert.equal(script.includes(`'${path}'`), !isHidden, `${shell}: ${path}`)
        for (const { flags } of options) assert.ok(script.includes((flags.split(' ')[0] ?? '').slice(2)), `${shell}: ${flags}`)
      }
    }
  })

  it('refuses another shell', async () => {
    fixture = await Fixture.empty()
    assert.equal((await fixture.run(['completion', 'csh'])).exit, EXIT.usage)
  })

  it('offers contacts that are one plain word, and is silent without a node', async () => {
    fixture = await Fixture.up({ 'contact.list': () => ({ contacts: [BOB, { ...BOB, alias: '$(rm -rf ~)' }, { ...BOB, alias: 'jürgen' }, { ...BOB, alias: 'two words' }] }) })
    assert.deepEqual(await fixture.run(['__complete', 'contacts']), { exit: 0, stdout: '@bob\n@jürgen\n', stderr: '' })
    await fixture.stop()
    fixture = await Fixture.empty()
    assert.deepEqual(await fixture.run(['__complete', 'contacts']), { exit: 0, stdout: '', stderr: '' })
  })

  /** What bash would offer for the last of `words`. */
  async function offered (words: readonly string[]): Promise<readonly string[]> {
    /* eslint-disable no-template-curly-in-string -- bash's own */
    const script = [
      completionScript('bash', TREE),
      `COMP_WORDS=(${words.map(word => `'${word}'`).join(' ')})`,
      'COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))',
      '_skein',
      'printf "%s\\n" "${COMPREPLY[@]}"'
    ].join('\n')
    /* eslint-enable no-template-curly-in-string */
    await writeFile(join(fixture.home, 'skein'), '#!/bin/sh\n[ "$1 $2" = "__complete contacts" ] && printf "@bob\\n@carol\\n"\n')
    await chmod(join(fixture.home, 'skein'), 0o755)
    const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', script], { encoding: 'utf8', env: { PATH: `${fixture.home}:${process.env['PATH'] ?? ''}` } })
    assert.equal(stderr, '')
    return stdout.trim().split('\n')
  }

  it('in bash offers commands, options, choices and contacts where they can stand', async () => {
    fixture = await Fixture.empty()
    assert.deepEqual(await offered(['skein', 'sen']), ['send'])
    assert.deepEqual(await offered(['skein', '--json', 'contact', 're']), ['rename', 'remove'])
    assert.deepEqual(await offered(['skein', 'send', '--wa']), ['--wait'])
    assert.deepEqual(await offered(['skein', 'send', '--wait', 'd']), ['delivered'])
    assert.deepEqual(await offered(['skein', 'send', '@b']), ['@bob'])
    assert.deepEqual(await offered(['skein', '--home', 'contact', 'read', '@']), ['@bob', '@carol'])
    assert.deepEqual(await offered(['skein', 'contact', 'sh']), ['show'])
  })

  it('needs no node to make a script', async () => {
    fixture = await Fixture.empty()
    assert.equal((await ended(fixture.start(['completion', 'bash', '--json']))).exit, 0)
  })
})
