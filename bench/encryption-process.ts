/** A process that makes blobs of a file, and copies it as plainly as can be: the other end of encryption.ts. */
import { createHash } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { writeLeaves } from '../node/media/desk.ts'
import { Decryption } from '../node/media/decryption.ts'
import { Encryption, markOf } from '../node/media/encryption.ts'
import { realRandom } from '../node/world.ts'
import { BlobFiles } from '../store/blobs/blob-files.ts'
import { answerCalls } from './answering.ts'

const CHUNK_BYTES = 2 ** 20

interface Took { readonly encryptMs: number, readonly decryptMs: number, readonly rawMs: number, readonly cpuMs: number, readonly rssBytes: number }

/** From file to file, each way, both hashed as the law wants it; beside it, the bytes read, hashed once and written. */
async function measure ({ folder, path }: { readonly folder: string, readonly path: string }): Promise<Took> {
  const blobs = new BlobFiles(join(folder, 'blobs'))
  const cpuBefore = process.cpuUsage()
  const encryptFromMs = performance.now()
  await using file = await open(path, 'r')
  const encryption = Encryption.begin(file, await markOf(file), realRandom)
  const draft = await blobs.draft()
  await writeLeaves(encryption, draft, () => {})
  const encrypted = await encryption.finish()
  const root = await draft.finish()
  const encryptMs = performance.now() - encryptFromMs
  const { user, system } = process.cpuUsage(cpuBefore)
  const decryptFromMs = performance.now()
  const leaves = await blobs.read(root)
  if (leaves === undefined) throw new Error('what was made is there')
  await using out = await open(join(folder, 'out'), 'w')
  const hash = createHash('sha256')
  for await (const piece of new Decryption(encrypted, leaves).read()) {
    hash.update(piece)
    await out.writeFile(piece)
  }
  await out.sync()
  const decryptMs = performance.now() - decryptFromMs
  if (!hash.digest().equals(encrypted.sha256)) throw new Error('what comes back is what went in')
  await leaves.close()
  await blobs.remove(root)
  const rawMs = await copy(path, join(folder, 'copy'))
  for (const name of ['out', 'copy']) await rm(join(folder, name))
  return { encryptMs, decryptMs, rawMs, cpuMs: (user + system) / 1_000, rssBytes: process.resourceUsage().maxRSS * 1024 }
}

async function copy (path: string, to: string): Promise<number> {
  const fromMs = performance.now()
  await using file = await open(path, 'r')
  await using out = await open(to, 'w')
  const hash = createHash('sha256')
  const chunk = Buffer.alloc(CHUNK_BYTES)
  for (;;) {
    const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES)
    if (bytesRead === 0) break
    hash.update(chunk.subarray(0, bytesRead))
    await out.write(chunk, 0, bytesRead)
  }
  hash.digest()
  await out.sync()
  return performance.now() - fromMs
}

const calls = { measure }

export type EncryptionCalls = typeof calls

answerCalls(calls, async () => {})
