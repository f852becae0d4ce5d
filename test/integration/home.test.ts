/** One account, one process; what lies on the disk tells nothing; what is damaged says so. */
import assert from 'node:assert/strict'
import { cp, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { createNode } from '../../node/node.ts'
import { skip } from '../skip.ts'
import { NO_MOUNT, scratchFolder, smallDisk } from './folders.ts'
import { exitCode, hold } from './held.ts'
import { friends, LOOPBACK, Person } from './nodes.ts'

describe('one process for one account', () => {
  it('the same home cannot be opened twice in one process', async () => {
    await using ana = await Person.create('Ana')
    await assert.rejects(createNode({ home: ana.home }), { name: 'LockedError', code: 'locked', exit: 8, message: new RegExp(`process ${process.pid}\\b`) })
    await ana.restart()
  })

  it('a second process is told which one has the account, and ends with 8', async () => {
    await using ana = await Person.create('Ana')
    await ana.stop()
    await using first = await hold(ana.home)
    assert.equal(first.said['account'], ana.account)
    await using second = await hold(ana.home)
    assert.equal(second.said['code'], 'locked')
    assert.match(String(second.said['message']), new RegExp(`process ${first.child.pid ?? 0}\\b`))
    assert.equal(await exitCode(second.child), 8)
    await assert.rejects(createNode({ home: ana.home }), { code: 'locked' })
  })

  it('a process that was killed leaves no lock behind', async () => {
    await using ana = await Person.create('Ana')
    await ana.stop()
    const held = await hold(ana.home)
    await held[Symbol.asyncDispose]()
    await ana.start()
  })

  it('a copy of the home does not run beside the original, and neither harms the other', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    await using folder = await scratchFolder()
    const copy = join(folder.path, 'copy')
    await ana.stop()
    await cp(ana.home, copy, { recursive: true, filter: path => !path.endsWith('.sock') })
    await ana.start()
    await assert.rejects(createNode({ home: copy }), { name: 'LockedError', exit: 8, message: /copy/ })
    await ana.until(await ana.send(bob, 'the original'), 'delivered')
    await ana.stop()
    await assert.rejects(createNode({ home: copy }), { name: 'LockedError' }, 'nor after it: its ratchets are old')
    await ana.start()
    await ana.until(await ana.send(bob, 'still works'), 'delivered')
  })

  it('a home that was moved is the same home', async () => {
    await using folder = await scratchFolder()
    await using ana = await Person.create('Ana', { home: join(folder.path, 'before') })
    await ana.stop()
    const moved = join(folder.path, 'after')
    await rename(ana.home, moved)
    await using node = await createNode({ home: moved, listen: [LOOPBACK] })
    assert.equal(node.account, ana.account)
    await node.stop()
    // To another disk it is copied, and the original is gone.
    const elsewhere = join(folder.path, 'elsewhere')
    await cp(moved, elsewhere, { recursive: true })
    await rm(moved, { recursive: true })
    await using again = await createNode({ home: elsewhere, listen: [LOOPBACK] })
    assert.equal(again.account, ana.account)
  })
})

describe('the home on the disk', () => {
  it('no file holds a text, a name or an address of anybody, neither running nor stopped', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    await ana.call('contact.rename', { who: bob.account, as: 'zz-private-alias-zz' })
    const secrets = ['zz-private-text-zz', 'zz-private-alias-zz', 'zz-private-reply-zz', 'zz-private-edit-zz', 'zz-private-file-zz', bob.account, bob.peerId]
    const id = await ana.send(bob, 'zz-private-text-zz')
    await bob.received('zz-private-text-zz')
    await ana.until(await ana.send(bob, 'zz-private-reply-zz'), 'delivered')
    await ana.call('edit', { id, text: 'zz-private-edit-zz' })
    await using folder = await scratchFolder()
    const path = join(folder.path, 'zz-private-file-zz')
    await writeFile(path, 'zz-private-file-zz')
    const { id: withFile } = await ana.call('send', { to: bob.account, text: '', attachments: [{ path }] })
    await bob.event(({ message }) => message?.id === withFile && message.attachments?.[0]?.state === 'here')
    await ana.call('search', { query: 'private' })
    await assertSecret(ana.home, secrets)
    await ana.stop()
    await assertSecret(ana.home, secrets)
    await bob.stop()
    await assertSecret(bob.home, [...secrets.slice(0, 5), ana.account])
  })

  it('every file is for its owner alone', async () => {
    await using ana = await Person.create('Ana')
    await ana.stop()
    for (const name of ['vault.json', 'key', 'account.db']) assert.equal((await stat(join(ana.home, name))).mode & 0o077, 0, name)
    assert.deepEqual((await diagnose(ana.home)).filter(finding => finding.severity !== 'ok'), [])
  })

  it('a wrong password opens nothing and changes nothing', async () => {
    await using ana = await Person.create('Ana', { unlock: { password: 'correct horse' } })
    await ana.stop()
    for (const password of ['correct horse ', 'Correct horse', 'battery staple']) {
      await assert.rejects(createNode({ home: ana.home, unlock: { password } }), { name: 'StorageError', code: 'storage', exit: 9 })
    }
    await assert.rejects(createNode({ home: ana.home }), { code: 'storage' }, 'nor without one')
    await ana.start()
  })

  it('a home without an account says so, and one with an account is not made again', async () => {
    await using folder = await scratchFolder()
    await assert.rejects(createNode({ home: folder.path }), { name: 'NotFoundError', exit: 5 })
    assert.deepEqual(await readdir(folder.path), [], 'looking leaves nothing behind')
    await using ana = await Person.create('Ana')
    const { account } = ana.node
    await ana.stop()
    const again = await createNode({ home: ana.home, create: { name: 'Anna' }, unlock: { keyFile: true }, onRecoveryWords: () => assert.fail('no second account is made') })
    assert.equal(again.account, account)
    assert.equal((await again.call('me.show', {})).name, 'Ana')
    await again.stop()
    await ana.start()
  })

  const damages: Record<string, (home: string) => Promise<void>> = {
    'the first page of the database': home => scribble(join(home, 'account.db'), 40),
    'the end of the database cut off': home => truncate(join(home, 'account.db'), 5000),
    'an empty database': home => truncate(join(home, 'account.db'), 0),
    'a missing database': home => rm(join(home, 'account.db')),
    'the vault': home => writeFile(join(home, 'vault.json'), '{"slots":'),
    'the key file': home => scribble(join(home, 'key'), 4)
  }
  for (const [what, damage] of Object.entries(damages)) {
    it(`damage is a storage error that names it, not a crash: ${what}`, async () => {
      await using ana = await Person.create('Ana')
      await ana.stop()
      await damage(ana.home)
      await assert.rejects(createNode({ home: ana.home }), { name: 'StorageError', exit: 9 })
    })
  }

  it('a damaged page in the middle is found by the doctor, and by whoever reads it', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    const ids = await Promise.all(Array.from({ length: 10 }, (_, index) => ana.send(bob, `${index} ${'x'.repeat(20_000)}`)))
    await Promise.all(ids.map(id => ana.until(id, 'delivered')))
    await bob.stop()
    const path = join(bob.home, 'account.db')
    await scribble(path, (await stat(path)).size - 6 * 4096)
    const findings = await diagnose(bob.home)
    assert.ok(findings.some(({ severity }) => severity === 'error'), 'an error is found')
  })

  it('a home on a disk that cannot be written is refused in words, and works again when it can', async function () {
    await using disk = await smallDisk(32 * 1024 * 1024)
    if (disk === undefined) return skip(this, NO_MOUNT)
    await using ana = await Person.create('Ana', { home: disk.path })
    await ana.stop()
    await disk.makeReadOnly()
    await assert.rejects(createNode({ home: ana.home }), { name: 'StorageError', exit: 9 })
    await disk.makeWritable()
    await ana.start()
    await ana.stop()
  })
})

async function diagnose (home: string): Promise<ReadonlyArray<{ readonly severity: string, readonly what: string }>> {
  await using node = await createNode({ home, listen: [LOOPBACK] })
  return (await node.call('doctor', {})).findings
}

async function assertSecret (home: string, secrets: readonly string[]): Promise<void> {
  const entries = await readdir(home, { withFileTypes: true, recursive: true })
  const names = entries.filter(entry => entry.isFile()).map(({ parentPath, name }) => relative(home, join(parentPath, name)))
  assert.ok(names.includes('account.db') && names.includes('vault.json') && names.some(name => name.startsWith('blobs')))
  for (const name of names) {
    const bytes = await readFile(join(home, name))
    for (const secret of secrets) {
      assert.equal(bytes.includes(secret), false, `${name} in clear: ${secret}`)
      assert.equal(bytes.includes(Buffer.from(secret, 'utf16le')), false, `${name} in clear, as UTF-16: ${secret}`)
    }
  }
}

/** Overwrites some bytes of a file. */
async function scribble (path: string, offset: number): Promise<void> {
  const bytes = await readFile(path)
  for (let index = offset; index < offset + 64; index++) bytes[index] = (bytes[index] ?? 0) ^ 0xff
  await writeFile(path, bytes)
}
