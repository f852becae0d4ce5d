import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { LockedError, StorageError } from '../../protocols/core/errors.ts'
import { lockHome } from '../../store/lock.ts'
import { temporaryFolder } from './fixtures.ts'

const HOLDER = fileURLToPath(new URL('./lock-holder.ts', import.meta.url))

describe('the lock of a home folder', () => {
  const inFolder = temporaryFolder()

  it('is held once at a time, also within one process, and can be taken again', () => {
    const home = newHome('twice')
    for (let round = 0; round < 3; round++) {
      const lock = lockHome(home)
      // More than once: the failed attempt must not give up the lock that it found.
      for (let attempt = 0; attempt < 3; attempt++) assert.throws(() => lockHome(home), isLockedBy(process.pid))
      assert.equal(readFileSync(`${home}/node.pid`, 'utf8'), `${process.pid}\n`)
      lock.release()
      lock.release()
      assert.equal(existsSync(`${home}/node.pid`), false)
    }
  })

  it('is another process’s until that ends, however it ends', async () => {
    const home = newHome('other')
    const holder = spawn(process.execPath, ['--expose-gc', HOLDER, home], { stdio: ['pipe', 'pipe', 'inherit'] })
    await once(holder.stdout, 'data')
    try {
      assert.throws(() => lockHome(home), isLockedBy(holder.pid))
    } finally {
      await kill(holder)
    }
    assert.equal(readFileSync(`${home}/node.pid`, 'utf8'), `${holder.pid ?? ''}\n`)
    lockHome(home).release()
  })

  it('keeps other processes out, and a failed attempt within does not let them in', async () => {
    const home = newHome('ours')
    const lock = lockHome(home)
    assert.throws(() => lockHome(home), LockedError)
    const other = spawn(process.execPath, [HOLDER, home], { stdio: ['ignore', 'pipe', 'pipe'] })
    const errors: Buffer[] = []
    other.stderr.on('data', (chunk: Buffer) => { errors.push(chunk) })
    const [code] = await once(other, 'close') as [number]
    assert.notEqual(code, 0)
    assert.match(Buffer.concat(errors).toString(), new RegExp(`LockedError: the home folder is in use by process ${process.pid}`))
    lock.release()
  })

  it('does not care what an old pid file says', () => {
    const home = newHome('stale')
    writeFileSync(`${home}/node.pid`, `${process.pid}\n`)
    lockHome(home).release()
    const lock = lockHome(home)
    for (const pid of ['', 'many', '-5', '0']) {
      writeFileSync(`${home}/node.pid`, pid)
      assert.throws(() => lockHome(home), /in use by another process/)
    }
    lock.release()
  })

  it('needs a home folder, and is for its user’s eyes only', () => {
    assert.throws(() => lockHome(inFolder('nowhere')), StorageError)
    const home = newHome('private')
    const lock = lockHome(home)
    if (process.platform !== 'win32') assert.deepEqual(['lock', 'node.pid'].map(name => statSync(`${home}/${name}`).mode & 0o777), [0o600, 0o600])
    lock.release()
  })

  function newHome (name: string): string {
    mkdirSync(inFolder(name))
    return inFolder(name)
  }
})

function isLockedBy (pid: number | undefined): (error: unknown) => boolean {
  return error => error instanceof LockedError && error.message.endsWith(`process ${pid ?? ''}`) && error.hint !== undefined
}

async function kill (holder: ChildProcess): Promise<void> {
  const exit = once(holder, 'exit')
  holder.kill('SIGKILL')
  await exit
}
