/**
 * A blob that is here becomes a file in a folder of its owner: whole, checked, under a name that was free, or not at all. Nothing is written over,
 * opened or executed. Law: docs/protocols/media.md, "Attachment".
 */
import { createHash } from 'node:crypto'
import { link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { compareIds } from '../../protocols/core/ids.ts'
import { RefusedError, StorageError } from '../../protocols/core/errors.ts'
import { diskFileName, numberedName } from '../../protocols/media/names.ts'
import type { Attachment } from '../../protocols/message/content.ts'
import { codeOf, fileFault } from '../../store/faults.ts'
import { isThere, LINKLESS } from '../../store/files.ts'
import type { Clock, Random } from '../ports.ts'
import { Decryption, type LeafSource } from './decryption.ts'

/** Not for others on this machine; whoever wants that changes it. */
const PRIVATE_FILE = 0o600
const PRIVATE_FOLDER = 0o700
/** Hidden while it is incomplete. */
const PART = /^\.skein-[0-9a-f]{16}\.part$/
/** One that was left by a crash; a younger one may be at work in another process. */
const PART_KEEP_MS = 24 * 3_600_000
/** `photo (10000).jpg`: whoever has so many has another problem. */
const NUMBER_MAX = 10_000

export interface SaveParts {
  /** Absolute; made when it is missing. */
  readonly folder: string
  readonly leaves: LeafSource
  readonly random: Random
  readonly clock: Clock
}

export interface Saved { readonly path: string, readonly bytes: number }

/** @throws StorageError when the disk says no, or when the file is not what its sender said */
export async function saveAttachment (attachment: Attachment, { folder, leaves, random, clock }: SaveParts): Promise<Saved> {
  try {
    await mkdir(folder, { recursive: true, mode: PRIVATE_FOLDER })
    await removeOldParts(folder, clock.now())
    const part = join(folder, `.skein-${Buffer.from(random.bytes(8)).toString('hex')}.part`)
    try {
      await writePart(part, attachment, leaves)
      const path = await giveName(part, folder, diskFileName(attachment.name))
      await syncFolder(folder)
      return { path, bytes: attachment.bytes }
    } finally {
      await rm(part, { force: true })
    }
  } catch (thrown) {
    if (thrown instanceof StorageError || thrown instanceof RefusedError) throw thrown
    throw fileFault(thrown, 'the file cannot be written', 'What was fetched stays in the node. Choose another folder: skein media get ID --out DIR')
  }
}

async function writePart (path: string, attachment: Attachment, leaves: LeafSource): Promise<void> {
  const hash = createHash('sha256')
  await using file = await open(path, 'wx', PRIVATE_FILE)
  for await (const piece of new Decryption(attachment, leaves).read()) {
    hash.update(piece)
    await file.writeFile(piece)
  }
  if (compareIds(hash.digest(), attachment.sha256) !== 0) throw new StorageError('the file is not the one that its sender named', 'Nothing was written. Ask the sender to send it again.')
  await file.sync()
}

/** A link, unlike a rename, never takes the place of what is there already. */
async function giveName (part: string, folder: string, name: string): Promise<string> {
  for (let number = 1; number <= NUMBER_MAX; number++) {
    const path = join(folder, number === 1 ? name : numberedName(name, number))
    if (await isNamed(part, path)) return path
  }
  throw new RefusedError('the folder holds too many files of that name', 'Choose another one with --out.')
}

async function isNamed (part: string, path: string): Promise<boolean> {
  try {
    await link(part, path)
    return true
  } catch (thrown) {
    if (codeOf(thrown) === 'EEXIST') return false
    if (!LINKLESS.includes(codeOf(thrown))) throw thrown
    // On media that know no second name for a file.
    if (isThere(path)) return false
    await rename(part, path)
    return true
  }
}

async function removeOldParts (folder: string, nowMs: number): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!PART.test(name)) continue
    const path = join(folder, name)
    if (nowMs - (await stat(path)).mtimeMs > PART_KEEP_MS) await rm(path, { force: true })
  }
}

/** Windows has no such call on folders, and none is needed there. */
async function syncFolder (folder: string): Promise<void> {
  if (process.platform === 'win32') return
  await using handle = await open(folder, 'r')
  await handle.sync()
}
