import assert from 'node:assert/strict'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseRecoveryWords, recoveryKeyOf, vaultKeyOf } from '../../protocols/account/recovery.ts'
import { decodeSignedStatement, decodeStatement } from '../../protocols/account/wire.ts'
import { LockedError, MalformedError, NotFoundError, StorageError, UsageError } from '../../protocols/core/errors.ts'
import { publicKeyOf } from '../../protocols/core/signed.ts'
import { hasAccount } from '../../node/home-files.ts'
import { openHome, type HomeOptions, type OpenHome } from '../../node/home.ts'
import { openAccountStore } from '../../store/account-store.ts'
import { createVault, openVault } from '../../store/vault.ts'
import { realRandom } from '../../node/world.ts'

describe('a home directory', () => {
  let folder = ''
  const opened: OpenHome[] = []
  beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'skein-home-')) })
  afterEach(() => {
    for (const home of opened.splice(0)) close(home)
    rmSync(folder, { recursive: true })
  })

  /** Opens `ana` in the folder, as the options say. */
  async function open (options: Partial<HomeOptions> = {}): Promise<OpenHome> {
    const home = await openHome({ home: join(folder, 'ana'), ...options })
    opened.push(home)
    return home
  }

  function close ({ store, lock }: OpenHome): void {
    store.close()
    lock.release()
  }

  const CREATE = { create: { name: 'Ana' }, unlock: { keyFile: true } } as const

  it('without an account says so, and is not made', async () => {
    await assert.rejects(open(), NotFoundError)
    assert.equal(existsSync(join(folder, 'ana')), false)
  })

  it('gets an account, for its owner’s eyes only', async () => {
    const { store } = await open(CREATE)
    const own = store.read.own.get()
    assert.deepEqual([own?.name, own?.acceptPolicy, own?.trustPolicy], ['Ana', 'ask', 'first-use'])
    assert.deepEqual(['', 'vault.json', 'account.db', 'key'].map(name => statSync(join(folder, 'ana', name)).mode & 0o077), [0, 0, 0, 0])
  })

  it('tells the recovery words once, and they are those of the account', async () => {
    const told: Array<readonly string[]> = []
    const first = await open({ ...CREATE, onRecoveryWords: words => { told.push(words) } })
    const own = first.store.read.own.get()
    close(first)
    await open({ onRecoveryWords: words => { told.push(words) } })
    const [words, ...more] = told
    assert.deepEqual([words?.length, more], [24, []])
    const { inception } = decodeStatement(decodeSignedStatement(own?.statement ?? new Uint8Array()).payload)
    assert.deepEqual(publicKeyOf(recoveryKeyOf(parseRecoveryWords(words?.join(' ') ?? ''))), inception.recoveryKey)
  })

  it('with an account is opened, and not made again', async () => {
    const first = await open(CREATE)
    const { accountId } = first.store.read.own.get() ?? {}
    close(first)
    const again = await open({ create: { name: 'Somebody else' } })
    assert.deepEqual([again.store.read.own.get()?.accountId, again.store.read.own.get()?.name], [accountId, 'Ana'])
  })

  it('is one process’s at a time', async () => {
    const first = await open(CREATE)
    await assert.rejects(open(), LockedError)
    close(first)
    await open()
  })

  it('needs to be locked by something, and a name that is one; else nothing is made', async () => {
    await assert.rejects(open({ create: { name: 'Ana' } }), UsageError)
    await assert.rejects(open({ create: { name: 'Ana' }, unlock: { password: '' } }), MalformedError)
    await assert.rejects(open({ create: { name: '' }, unlock: { keyFile: true } }), MalformedError)
    assert.equal(existsSync(join(folder, 'ana', 'vault.json')), false)
    await open(CREATE)
  })

  it('that did not open can be tried again: the lock is let go', async () => {
    close(await open({ create: { name: 'Ana' }, unlock: { password: 'ferry' } }))
    await assert.rejects(open({ unlock: { password: 'wrong' } }), StorageError)
    await open({ unlock: { password: 'ferry' } })
  })

  describe('whose making was cut short', () => {
    const home = (): string => join(folder, 'ana')
    const key = async (): Promise<Uint8Array> => await createVault(join(home(), 'vault.json'), { keyFile: join(home(), 'key'), recoveryKey: new Uint8Array(32) }, realRandom.bytes)
    const database = async (): Promise<void> => { openAccountStore({ path: join(home(), 'account.db'), key: await key(), isNew: true }).close() }
    const whole = async (): Promise<void> => { close(await openHome({ home: home(), create: { name: 'Somebody' }, unlock: { keyFile: true } })) }
    const moments: Record<string, () => unknown> = {
      'before anything': () => undefined,
      'in the key file': () => { writeFileSync(join(home(), 'key.new'), 'half') },
      'after the vault': key,
      'after the database': database,
      'before anybody saw the words': whole
    }

    for (const [moment, reach] of Object.entries(moments)) {
      it(`holds no account, and can get one: ${moment}`, async () => {
        mkdirSync(home(), { mode: 0o700 })
        await reach()
        writeFileSync(join(home(), 'unfinished'), '')
        assert.equal(hasAccount(home()), false)
        await assert.rejects(open(), NotFoundError)
        let words: readonly string[] = []
        const made = await open({ ...CREATE, onRecoveryWords: given => { words = given } })
        assert.equal(made.store.read.own.get()?.name, 'Ana')
        close(made)
        // The words are those of this account and open its vault, where there is no key file.
        const alone = join(folder, 'vault.json')
        copyFileSync(join(home(), 'vault.json'), alone)
        const entropy = parseRecoveryWords(words.join(' '))
        assert.equal((await openVault(alone, { recoveryKey: vaultKeyOf(entropy) })).byteLength, 32)
        // What signs for the account opens nothing.
        await assert.rejects(openVault(alone, { recoveryKey: recoveryKeyOf(entropy) }))
        assert.equal((await open()).store.read.own.get()?.name, 'Ana')
      })
    }

    it('loses nothing that was there: it stands aside under another name', async () => {
      await whole()
      writeFileSync(join(home(), 'unfinished'), '')
      await open(CREATE)
      for (const name of ['vault.json', 'account.db']) assert.ok(existsSync(join(home(), `${name}.unfinished`)), name)
    })
  })

  it('whose database is gone is not filled with another account', async () => {
    close(await open(CREATE))
    for (const name of ['account.db', 'account.db-wal', 'account.db-shm']) rmSync(join(folder, 'ana', name), { force: true })
    await assert.rejects(open(CREATE), StorageError)
  })

  it('that cannot be made is refused in words', async () => {
    writeFileSync(join(folder, 'file'), '')
    await assert.rejects(open({ ...CREATE, home: join(folder, 'file', 'ana') }), (error: unknown) => error instanceof StorageError && error.hint !== undefined)
  })
})
