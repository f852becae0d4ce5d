import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { StorageError, UsageError } from '../../protocols/core/errors.ts'
import { isKeychainAvailable } from '../../store/keychain.ts'
import { createVault, openVault, vaultSlots } from '../../store/vault.ts'
import { skip } from '../skip.ts'
import { temporaryFolder } from './fixtures.ts'

const PASSWORD = 'correct horse battery staple'

type Json = Record<string, unknown>

describe('a vault', () => {
  const inFolder = temporaryFolder()
  let homes = 0

  it('opens by its password, and says so when it is wrong', async () => {
    const path = newHome()
    const key = await createVault(path, { password: PASSWORD }, randomBytes)
    assert.equal(key.byteLength, 32)
    assert.deepEqual(await openVault(path, { password: PASSWORD }), Uint8Array.from(key))
    await assert.rejects(openVault(path, { password: `${PASSWORD}!` }), (error: unknown) => error instanceof StorageError && error.message === 'wrong password' && error.code === 'storage')
    await assert.rejects(openVault(path, {}), /a password is needed/)
    assert.deepEqual(vaultSlots(path), ['password'])
  })

  it('takes a password however a keyboard composes its letters', async () => {
    const path = newHome()
    const key = await createVault(path, { password: 'caf\u00e9' }, randomBytes)
    assert.deepEqual(await openVault(path, { password: 'cafe\u0301' }), Uint8Array.from(key))
  })

  it('costs a guesser 64 MiB and three passes for each password', async () => {
    const path = newHome()
    await createVault(path, { password: PASSWORD }, randomBytes)
    const { memoryKib, passes, parallelism } = slotsOf(path)[0] ?? {}
    assert.deepEqual({ memoryKib, passes, parallelism }, { memoryKib: 65_536, passes: 3, parallelism: 4 })
  })

  it('opens by its key file without asking, also after the home has moved', async () => {
    const path = newHome()
    const key = await createVault(path, { keyFile: `${inFolder(`home-${homes}`)}/key`, password: PASSWORD }, randomBytes)
    assert.deepEqual(await openVault(path, {}), Uint8Array.from(key))
    assert.deepEqual(slotsOf(path).map(slot => slot['file']), [undefined, 'key'])
    renameSync(inFolder(`home-${homes}`), inFolder('moved'))
    assert.deepEqual(await openVault(inFolder('moved/vault.json'), {}), Uint8Array.from(key))
  })

  it('opens by a key file that lies elsewhere, or that is named instead', async () => {
    const path = newHome()
    const key = await createVault(path, { keyFile: inFolder('outside.key') }, randomBytes)
    assert.deepEqual(await openVault(path, {}), Uint8Array.from(key))
    renameSync(inFolder('outside.key'), inFolder('renamed.key'))
    await assert.rejects(openVault(path, {}), /the key file cannot be read/)
    assert.deepEqual(await openVault(path, { keyFile: inFolder('renamed.key') }), Uint8Array.from(key))
  })

  it('refuses another account’s key file and a file that is none', async () => {
    const path = newHome()
    await createVault(path, { keyFile: inFolder('mine.key') }, randomBytes)
    writeFileSync(inFolder('other.key'), randomBytes(32))
    writeFileSync(inFolder('short.key'), randomBytes(31))
    await assert.rejects(openVault(path, { keyFile: inFolder('other.key') }), /wrong key file/)
    await assert.rejects(openVault(path, { keyFile: inFolder('short.key') }), /must have 32 bytes/)
  })

  it('falls back to the password when the key file is lost', async () => {
    const path = newHome()
    const key = await createVault(path, { password: PASSWORD, keyFile: inFolder('lost.key') }, randomBytes)
    rmSync(inFolder('lost.key'))
    await assert.rejects(openVault(path, {}), /a password is needed/)
    assert.deepEqual(await openVault(path, { password: PASSWORD }), Uint8Array.from(key))
  })

  it('opens by the recovery key', async () => {
    const path = newHome()
    const recoveryKey = randomBytes(32)
    const key = await createVault(path, { password: PASSWORD, recoveryKey }, randomBytes)
    assert.deepEqual(vaultSlots(path), ['password', 'recovery'])
    assert.deepEqual(await openVault(path, { recoveryKey }), Uint8Array.from(key))
    await assert.rejects(openVault(path, { recoveryKey: randomBytes(32) }), /wrong recovery words/)
  })

  it('holds the key in no legible form, for its user’s eyes only', async function () {
    const path = newHome()
    const key = await createVault(path, { password: PASSWORD, keyFile: inFolder('private.key') }, randomBytes)
    const content = readFileSync(path, 'utf8')
    for (const encoding of ['hex', 'base64'] as const) assert.equal(content.includes(Buffer.from(key).toString(encoding)), false)
    assert.equal(content.includes(PASSWORD), false)
    if (process.platform === 'win32') return
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.equal(statSync(inFolder('private.key')).mode & 0o777, 0o600)
  })

  it('is never written over: the key in it would be lost', async () => {
    const path = newHome()
    const key = await createVault(path, { password: PASSWORD }, randomBytes)
    await assert.rejects(createVault(path, { password: 'other' }, randomBytes), StorageError)
    assert.deepEqual(await openVault(path, { password: PASSWORD }), Uint8Array.from(key))
    assert.deepEqual(readdirSync(inFolder(`home-${homes}`)), ['vault.json'])
  })

  it('needs a way to be opened that a person has at hand', async () => {
    const path = newHome()
    await assert.rejects(createVault(path, {}, randomBytes), UsageError)
    await assert.rejects(createVault(path, { recoveryKey: randomBytes(32) }, randomBytes), UsageError)
    await assert.rejects(createVault(path, { password: '' }, randomBytes), UsageError)
    await assert.rejects(createVault(path, { password: 'x'.repeat(1025) }, randomBytes), UsageError)
    assert.throws(() => vaultSlots(path), /there is no vault.json/)
  })

  it('does without a keychain where there is none', async function () {
    if (await isKeychainAvailable({ service: 'skein-test', account: 'none' })) skip(this, 'this machine has a keychain')
    const path = newHome()
    await assert.rejects(createVault(path, { password: PASSWORD, keychain: { service: 'skein-test', account: 'none' } }, randomBytes), /keychain of this system does not answer/)
    assert.throws(() => vaultSlots(path), StorageError)
  })

  it('says where it cannot be written', async () => {
    await assert.rejects(createVault(inFolder('no/such/home/vault.json'), { password: PASSWORD }, randomBytes), StorageError)
  })

  describe('from a stranger', () => {
    let sound = ''
    before(async () => {
      sound = newHome()
      await createVault(sound, { password: PASSWORD, keyFile: inFolder('sound.key') }, randomBytes)
    })

    for (const [what, change] of Object.entries<Json>({
      'all memory': { memoryKib: 100 * 1024 * 1024 },
      'a day of work': { passes: 1_000_000 },
      'a thousand lanes': { parallelism: 1000 },
      'less memory than its lanes need': { memoryKib: 16 },
      'a part of a pass': { passes: 1.5 },
      'no cost at all': { memoryKib: undefined }
    })) {
      it(`cannot ask for ${what}`, async () => {
        const path = changed(vault => { Object.assign(slotIn(vault, 0), change) })
        await assert.rejects(openVault(path, { password: PASSWORD }), /vault.json is malformed: .* must be/)
      })
    }

    for (const [what, text] of Object.entries({
      'is empty': '',
      'is not JSON': '{"slots": [',
      'is a list': '[]',
      'is nothing': 'null',
      'is of a format to come': '{"format": "skein.vault/2", "slots": []}',
      'has no slots': '{"format": "skein.vault/1", "slots": []}',
      'has slots that are none': '{"format": "skein.vault/1", "slots": [7]}',
      'is larger than any': JSON.stringify({ format: 'x'.repeat(70_000) })
    })) {
      it(`is called malformed when it ${what}`, () => {
        const path = newHome()
        writeFileSync(path, text)
        assert.throws(() => vaultSlots(path), (error: unknown) => error instanceof StorageError && error.message.startsWith('vault.json is malformed') && error.hint !== undefined)
      })
    }

    it('is called malformed when a field is missing, of the wrong size, or of an unknown slot', () => {
      const changes: ReadonlyArray<(vault: Json) => void> = [
        vault => { delete slotIn(vault, 0)['salt'] },
        vault => { slotIn(vault, 0)['nonce'] = 'AAAA' },
        vault => { slotIn(vault, 0)['box'] = 7 },
        vault => { slotIn(vault, 0)['type'] = 'retina' },
        vault => { slotIn(vault, 1)['file'] = '' },
        vault => { slotIn(vault, 1)['file'] = 'a\0b' }
      ]
      for (const change of changes) assert.throws(() => vaultSlots(changed(change)), /vault.json is malformed/)
    })

    it('cannot pass one kind of slot off as another', async () => {
      const path = changed(vault => { slotIn(vault, 1)['type'] = 'recovery' })
      await assert.rejects(openVault(path, { recoveryKey: readFileSync(inFolder('sound.key')) }), /wrong recovery words/)
    })

    it('opens as itself or not at all, whatever is changed in it', () => {
      const text = readFileSync(sound, 'utf8')
      fc.assert(fc.property(fc.nat({ max: text.length - 1 }), fc.integer({ min: 32, max: 126 }), (at, code) => {
        const path = inFolder('mutated.json')
        writeFileSync(path, text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1))
        try {
          assert.deepEqual(vaultSlots(path), ['password', 'keyfile'])
        } catch (error) {
          assert.ok(error instanceof StorageError)
        }
      }), { numRuns: 200 })
    })

    function changed (change: (vault: Json) => void): string {
      const path = newHome()
      copyFileSync(sound, path)
      const vault = JSON.parse(readFileSync(path, 'utf8')) as Json
      change(vault)
      writeFileSync(path, JSON.stringify(vault))
      return path
    }
  })

  /** The path of a vault that is not there yet, in a home of its own. */
  function newHome (): string {
    homes += 1
    mkdirSync(inFolder(`home-${homes}`))
    return inFolder(`home-${homes}/vault.json`)
  }
})

function slotsOf (path: string): Json[] { return (JSON.parse(readFileSync(path, 'utf8')) as { slots: Json[] }).slots }

function slotIn (vault: Json, index: number): Json {
  const slot = (vault['slots'] as Json[])[index]
  assert.ok(slot)
  return slot
}
