/** Blobs written out as files: whole and right under a free name, or not there at all. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, open, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LeafSource } from '../../../node/media/decryption.ts'
import { Encryption, markOf } from '../../../node/media/encryption.ts'
import { saveAttachment, type Saved } from '../../../node/media/saving.ts'
import { realClock, realRandom } from '../../../node/world.ts'
import { StorageError } from '../../../protocols/core/errors.ts'
import type { Attachment } from '../../../protocols/message/content.ts'
import { smallAttachment } from '../../protocols/message/arbitraries.ts'
import { temporaryFolder } from './folders.ts'

interface Sealed { readonly attachment: Attachment, readonly leaves: readonly Uint8Array[], readonly source: LeafSource }

describe('a file that is written out', () => {
  const base = temporaryFolder()
  let folder: string

  beforeEach(async () => {
    folder = join(base.path, 'downloads')
    await rm(folder, { recursive: true, force: true })
  })

  async function sealed (content: Uint8Array, name = 'photo.jpg'): Promise<Sealed> {
    const path = join(base.path, 'source')
    await writeFile(path, content)
    await using file = await open(path, 'r')
    const encryption = Encryption.begin(file, await markOf(file), realRandom)
    const leaves: Uint8Array[] = []
    for (let leaf = await encryption.next(); leaf !== undefined; leaf = await encryption.next()) leaves.push(leaf)
    const attachment = smallAttachment({ ...await encryption.finish(), name })
    return { attachment, leaves, source: { leaf: index => Promise.resolve(leaves[index]) } }
  }

  async function save (attachment: Attachment, leaves: LeafSource): Promise<Saved> {
    return await saveAttachment(attachment, { folder, leaves, random: realRandom, clock: realClock })
  }

  for (const bytes of [0, 1, 3_000_000]) {
    it(`has its ${bytes} bytes, its name, and nobody else may read it`, async () => {
      const content = randomBytes(bytes)
      const { attachment, source } = await sealed(content)
      const saved = await save(attachment, source)
      assert.deepEqual(saved, { path: join(folder, 'photo.jpg'), bytes })
      assert.ok(content.equals(await readFile(saved.path)))
      assert.deepEqual(createHash('sha256').update(await readFile(saved.path)).digest(), Buffer.from(attachment.sha256))
      await using file = await open(saved.path)
      assert.equal((await file.stat()).mode & 0o777, 0o600)
      assert.equal((await file.stat()).nlink, 1, 'its part is gone')
    })
  }

  it('never takes the place of another, nor follows a link that stands there', async () => {
    const { attachment, source } = await sealed(Buffer.from('new'))
    await mkdir(folder)
    await writeFile(join(folder, 'photo.jpg'), 'old')
    await symlink(join(base.path, 'elsewhere'), join(folder, 'photo (2).jpg'))
    assert.equal((await save(attachment, source)).path, join(folder, 'photo (3).jpg'))
    assert.equal(await readFile(join(folder, 'photo.jpg'), 'utf8'), 'old')
    assert.deepEqual((await readdir(base.path)).sort(), ['downloads', 'source'])
  })

  it('gets a name of its own when many are written at once', async () => {
    const { attachment, source } = await sealed(Buffer.from('same'))
    const paths = (await Promise.all(Array.from({ length: 8 }, async () => await save(attachment, source)))).map(({ path }) => path)
    assert.equal(new Set(paths).size, 8)
    assert.equal((await readdir(folder)).length, 8)
  })

  it('stays in its folder, whatever it is called', async () => {
    for (const name of ['../../up', '/etc/passwd', '..', 'C:\\boot.ini', '\u202egpj.exe', 'x'.repeat(1_000), '.bashrc', 'NUL', '']) {
      const { attachment, source } = await sealed(Buffer.from(name), name)
      const { path } = await save(attachment, source)
      assert.equal(join(path, '..'), folder)
      assert.equal(await readFile(path, 'utf8'), Buffer.from(name).toString())
    }
    assert.deepEqual((await readdir(base.path)).sort(), ['downloads', 'source'])
  })

  it('does not appear when it is not what its sender named, does not open, or is not all there', async () => {
    const { attachment, leaves, source } = await sealed(randomBytes(2_500_000))
    const broken = Uint8Array.from(leaves[1] ?? [])
    broken[7] = (broken[7] ?? 0) ^ 1
    const wrong: ReadonlyArray<readonly [string, Attachment, LeafSource]> = [
      ['another hash', { ...attachment, sha256: randomBytes(32) }, source],
      ['another size', { ...attachment, bytes: attachment.bytes - 1 }, source],
      ['another key', { ...attachment, key: randomBytes(32) }, source],
      ['a leaf changed', attachment, { leaf: index => Promise.resolve(index === 1 ? broken : leaves[index]) }],
      ['a leaf missing', attachment, { leaf: index => Promise.resolve(index === 2 ? undefined : leaves[index]) }]
    ]
    for (const [what, claimed, from] of wrong) {
      await assert.rejects(save(claimed, from), StorageError, what)
      assert.deepEqual(await readdir(folder), [], what)
    }
  })

  it('sweeps away what a crash left in the folder a day ago, and nothing else', async () => {
    await mkdir(folder)
    const old = new Date(realClock.now() - 25 * 3_600_000)
    for (const name of ['.skein-0123456789abcdef.part', '.skein-fedcba9876543210.part', '.skein-mine.part', 'kept.part']) {
      await writeFile(join(folder, name), 'x')
      if (!name.startsWith('.skein-f')) await utimes(join(folder, name), old, old)
    }
    const { attachment, source } = await sealed(Buffer.from('x'))
    await save(attachment, source)
    assert.deepEqual((await readdir(folder)).sort(), ['.skein-fedcba9876543210.part', '.skein-mine.part', 'kept.part', 'photo.jpg'])
  })

  it('that cannot be written is a fault of the disk, not of the file', async () => {
    const { attachment, source } = await sealed(Buffer.from('x'))
    await writeFile(folder, 'no folder')
    await assert.rejects(save(attachment, source), StorageError)
  })
})
