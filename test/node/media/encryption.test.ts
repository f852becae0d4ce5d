/** Files to leaves and back: every size around the boundaries, any range, what was tampered with, and going on after an interruption. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { open, truncate, utimes, writeFile, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { Decryption } from '../../../node/media/decryption.ts'
import { Encryption, markOf, type Encrypted } from '../../../node/media/encryption.ts'
import { realRandom } from '../../../node/world.ts'
import { RefusedError, StorageError } from '../../../protocols/core/errors.ts'
import { paddedBytes } from '../../../protocols/media/padding.ts'
import { BLOB_LAYOUT, segmentRoom, segmentStart } from '../../../protocols/media/segments.ts'
import { temporaryFolder } from './folders.ts'

const SEGMENT_BYTES = BLOB_LAYOUT.segmentBytes

async function opened<Result> (path: string, use: (file: FileHandle) => Promise<Result>): Promise<Result> {
  await using file = await open(path, 'r')
  return await use(file)
}

async function leavesOf (encryption: Encryption, countMax = Infinity): Promise<Uint8Array[]> {
  const leaves: Uint8Array[] = []
  while (leaves.length < countMax) {
    const leaf = await encryption.next()
    if (leaf === undefined) break
    leaves.push(leaf)
  }
  return leaves
}

async function encrypt (path: string): Promise<Encrypted & { readonly leaves: readonly Uint8Array[] }> {
  return await opened(path, async file => {
    const encryption = Encryption.begin(file, await markOf(file), realRandom)
    const leaves = await leavesOf(encryption)
    return { ...await encryption.finish(), leaves }
  })
}

async function decrypt (attachment: Encrypted, leaves: readonly Uint8Array[], range?: readonly [number, number]): Promise<Buffer> {
  const decryption = new Decryption(attachment, { leaf: index => Promise.resolve(leaves[index]) })
  const pieces: Uint8Array[] = []
  for await (const piece of range === undefined ? decryption.read() : decryption.read(...range)) pieces.push(piece)
  return Buffer.concat(pieces)
}

describe('a file and the leaves of its blob', () => {
  const folder = temporaryFolder()
  const first = segmentRoom(BLOB_LAYOUT, 0)
  const second = segmentStart(BLOB_LAYOUT, 2)

  async function fileOf (bytes: Uint8Array): Promise<string> {
    const path = join(folder.path, 'source')
    await writeFile(path, bytes)
    return path
  }

  for (const bytes of [0, 1, 4_095, 4_096, 4_097, 65_536, first - 1, first, first + 1, SEGMENT_BYTES - 1, SEGMENT_BYTES, SEGMENT_BYTES + 1, second - 1, second, second + 1, 3 * SEGMENT_BYTES + 12_345]) {
    it(`${bytes} bytes come back as they were, padded and in leaves of 1 MiB`, async () => {
      const plaintext = randomBytes(bytes)
      const encrypted = await encrypt(await fileOf(plaintext))
      const { leaves, blobBytes, sha256 } = encrypted
      assert.equal(encrypted.bytes, bytes)
      assert.deepEqual(Buffer.from(sha256), createHash('sha256').update(plaintext).digest())
      assert.equal(leaves.reduce((sum, leaf) => sum + leaf.length, 0), blobBytes)
      assert.ok(leaves.slice(0, -1).every(leaf => leaf.length === SEGMENT_BYTES) && (leaves.at(-1)?.length ?? 0) <= SEGMENT_BYTES)
      assert.equal(blobBytes, 40 + paddedBytes(bytes) + 16 * leaves.length)
      assert.ok(plaintext.equals(await decrypt(encrypted, leaves)))
    })
  }

  it('any range comes back alone, across segments and at the end', async () => {
    const plaintext = randomBytes(2 * SEGMENT_BYTES + 500)
    const encrypted = await encrypt(await fileOf(plaintext))
    for (const [offset, length] of [[0, 1], [first - 1, 2], [first, 1], [second - 3, 10], [plaintext.length - 1, 1], [plaintext.length - 1, 100], [plaintext.length, 5], [5, second]] as const) {
      assert.ok(plaintext.subarray(offset, offset + length).equals(await decrypt(encrypted, encrypted.leaves, [offset, length])), `${offset}+${length}`)
    }
  })

  it('the same file twice is two blobs that share nothing', async () => {
    const path = await fileOf(randomBytes(10_000))
    const [one, other] = [await encrypt(path), await encrypt(path)]
    assert.notDeepEqual(one.key, other.key)
    assert.notDeepEqual(one.leaves[0]?.subarray(0, 40), other.leaves[0]?.subarray(0, 40))
  })

  it('what was swapped, repeated, cut or changed, and another key, open as nothing', async () => {
    const encrypted = await encrypt(await fileOf(randomBytes(3 * SEGMENT_BYTES)))
    const { leaves } = encrypted
    const [zero, one, two, ...others] = leaves as [Uint8Array, Uint8Array, Uint8Array, ...Uint8Array[]]
    const flipped = Uint8Array.from(one)
    flipped[100] = (flipped[100] ?? 0) ^ 1
    const wrong: Readonly<Record<string, readonly Uint8Array[]>> = {
      swapped: [zero, two, one, ...others],
      repeated: [zero, one, one, ...others],
      flipped: [zero, flipped, two, ...others],
      'one missing': [zero, one],
      'one shortened': [zero, one.subarray(1), two, ...others],
      'another header': [Uint8Array.from(zero, (byte, index) => index === 5 ? byte ^ 1 : byte), one, two, ...others]
    }
    for (const [what, changed] of Object.entries(wrong)) await assert.rejects(decrypt(encrypted, changed), StorageError, what)
    await assert.rejects(decrypt({ ...encrypted, key: randomBytes(32) }, leaves), StorageError)
    await assert.rejects(decrypt({ ...encrypted, bytes: 0, key: randomBytes(32) }, leaves), StorageError, 'an empty range is looked at, too')
  })

  it('an empty file under a wrong key is no empty file', async () => {
    const encrypted = await encrypt(await fileOf(new Uint8Array(0)))
    assert.equal((await decrypt(encrypted, encrypted.leaves)).length, 0)
    await assert.rejects(decrypt({ ...encrypted, key: randomBytes(32) }, encrypted.leaves), StorageError)
  })
})

describe('encryption that was interrupted', () => {
  const folder = temporaryFolder()
  const bytes = 2 * SEGMENT_BYTES + 77

  async function interrupted (): Promise<{ readonly path: string, readonly plaintext: Buffer, readonly leaves: Uint8Array[], readonly state: Encryption['state'] }> {
    const path = join(folder.path, 'source')
    const plaintext = randomBytes(bytes)
    await writeFile(path, plaintext)
    return await opened(path, async file => {
      const encryption = Encryption.begin(file, await markOf(file), realRandom)
      const leaves = await leavesOf(encryption, 2)
      return { path, plaintext, leaves, state: encryption.state }
    })
  }

  it('goes on with the same key, and the blob is one', async () => {
    const { path, plaintext, leaves, state } = await interrupted()
    assert.equal(state.nextSegment, 2)
    const encrypted = await opened(path, async file => {
      const encryption = await Encryption.resume(file, state)
      assert.ok(encryption !== undefined)
      leaves.push(...await leavesOf(encryption))
      return await encryption.finish()
    })
    assert.deepEqual(Buffer.from(encrypted.sha256), createHash('sha256').update(plaintext).digest())
    assert.ok(plaintext.equals(await decrypt(encrypted, leaves)))
  })

  it('never goes on with the key when the source is another one: by its size, its time, or what stood there', async () => {
    const changes: ReadonlyArray<readonly [string, (path: string, plaintext: Buffer) => Promise<void>]> = [
      ['longer', async (path, plaintext) => { await writeFile(path, Buffer.concat([plaintext, Buffer.of(1)])) }],
      ['shorter', async path => { await truncate(path, bytes - 1) }],
      ['written again', async path => { await utimes(path, new Date(0), new Date(1_000)) }]
    ]
    for (const [what, change] of changes) {
      const { path, plaintext, state } = await interrupted()
      await change(path, plaintext)
      assert.equal(await opened(path, async file => await Encryption.resume(file, state)), undefined, what)
    }
    const { path, plaintext, state } = await interrupted()
    const seconds = state.source.changedAtMs / 1000
    plaintext[10] = (plaintext[10] ?? 0) ^ 1
    await writeFile(path, plaintext)
    await utimes(path, seconds, seconds)
    const marked = await opened(path, markOf)
    // Whole milliseconds are all that `utimes` sets here: the state is compared as that file has it.
    assert.equal(await opened(path, async file => await Encryption.resume(file, { ...state, source: marked })), undefined, 'another byte with the same size and time')
  })

  it('is refused when the file changes while it is read', async () => {
    const path = join(folder.path, 'changing')
    await writeFile(path, randomBytes(bytes))
    await opened(path, async file => {
      const encryption = Encryption.begin(file, await markOf(file), realRandom)
      await encryption.next()
      await truncate(path, SEGMENT_BYTES)
      await assert.rejects(leavesOf(encryption), RefusedError)
    })
    await writeFile(path, randomBytes(10))
    await opened(path, async file => {
      const encryption = Encryption.begin(file, await markOf(file), realRandom)
      await leavesOf(encryption)
      await writeFile(path, randomBytes(10))
      await utimes(path, 1, 1)
      await assert.rejects(encryption.finish(), RefusedError)
    })
  })

  it('takes no folder for a file', async () => {
    await assert.rejects(opened(folder.path, markOf), RefusedError)
  })
})
