/** A user's node whose disk fails: it says what happened, what is safe and what to do, ends with 9, and the next one goes on. */
import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Running } from '../crash/running.ts'
import { makeFolder, Person, removeFolder } from './skein.ts'

const ROOT = pathToFileURL(join(import.meta.dirname, '..', '..')).href

describe('a node whose disk fails', function () {
  this.timeout(60_000)
  let folder: string
  let ana: Person

  before(async () => {
    folder = await makeFolder()
    ana = await Person.create('Ana', { folder })
  })
  after(async () => { await removeFolder(folder) })

  async function up (env: Readonly<Record<string, string>>): Promise<Running<object>> {
    return await Running.start(['up', '--home', ana.home, '--listen', '/ip4/127.0.0.1/tcp/0'], env)
  }

  it('confirms nothing more after a flush that failed, and ends', async () => {
    const sign = join(folder, 'the disk fails')
    await using node = await up({ SKEIN_TEST_DISK_FAILS: sign, NODE_OPTIONS: `--import=${ROOT}/test/e2e/failing-disk.ts` })
    await ana.succeed('me', 'rename', 'Anna')
    await writeFile(sign, '')
    await ana.fault(9, 'me', 'rename', 'Anne')
    const { exit, stderr } = await node.ended
    assert.equal(exit, 9)
    assert.match(stderr, /^error: the disk did not confirm a write to the account database\. Everything that was confirmed is safe.*start the node again.* \(exit 9\)\n$/)
    await rm(sign)
    await using again = await up({})
    await ana.succeed('me', 'rename', 'Annika')
    assert.equal((await again.end('SIGTERM')).exit, 0)
  })

  it('ends in words and with 9 when it is met where nobody could catch it', async () => {
    const code = `import { StorageError } from '${ROOT}/protocols/core/errors.ts'; process.once('SIGUSR2', () => { throw new StorageError('the disk is gone', 'Put it back.') })`
    await using node = await up({ NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` })
    const { exit, stderr } = await node.end('SIGUSR2')
    assert.deepEqual([exit, stderr], [9, 'error: the disk is gone. Put it back. (exit 9)\n'])
  })
})
