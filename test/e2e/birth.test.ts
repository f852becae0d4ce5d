import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, watch } from 'node:fs'
import { join } from 'node:path'
import { LAUNCHER, environment, makeFolder, removeFolder } from './skein.ts'

/** Changes in the home that `skein init` makes, from its lock to its last file: more than this there are not. */
const CHANGES_MAX = 24

describe('an init that is killed', () => {
  let folder: string
  before(async () => { folder = await makeFolder() })
  after(async () => { await removeFolder(folder) })

  it('leaves a home that is empty or whole, wherever it died', async function () {
    this.timeout(180_000)
    for (let changes = 1; changes <= CHANGES_MAX; changes += 2) {
      const home = join(folder, `home-${changes}`)
      mkdirSync(home, { mode: 0o700 })
      await initUntil(home, changes)
      const { exit } = await run(home, ['init', '--name', 'Ana', '--key-file', '--json'])
      // 2: it had come to its end, and what is there is an account.
      assert.ok(exit === 0 || exit === 2, `exit ${exit} after ${changes} changes`)
      assert.equal((await run(home, ['me', 'show', '--json'])).exit, 0)
    }
  })

  /** Kills it at the n-th change that the file system tells of. */
  async function initUntil (home: string, changes: number): Promise<void> {
    const child = spawn(process.execPath, [LAUNCHER, 'init', '--home', home, '--name', 'Ana', '--key-file'], { env: environment(), stdio: 'ignore' })
    let left = changes
    const watcher = watch(home, () => {
      left -= 1
      if (left === 0) child.kill('SIGKILL')
    })
    await once(child, 'close')
    watcher.close()
  }

  async function run (home: string, words: readonly string[]): Promise<{ readonly exit: number | null }> {
    const child = spawn(process.execPath, [LAUNCHER, ...words, '--home', home], { env: environment(), stdio: 'ignore' })
    const [exit] = await once(child, 'close') as [number | null]
    return { exit }
  }
})
