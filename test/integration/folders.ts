/** Folders of a test, gone when it ends. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * In memory where the system offers it: the databases of these tests sync at every commit, and a killed process loses nothing
 * that it has handed to the kernel, on whatever disk. Short, too: a socket's path must fit in some hundred bytes.
 */
const ROOT = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

export interface Folder extends AsyncDisposable { readonly path: string }

export async function scratchFolder (): Promise<Folder> {
  const path = await mkdtemp(join(ROOT, 'skein-test-'))
  return { path, [Symbol.asyncDispose]: async () => { await rm(path, { recursive: true, force: true }) } }
}

export interface Disk extends Folder {
  /** Nothing can be written, as on a disk that the system has given up on. */
  readonly makeReadOnly: () => Promise<void>
  readonly makeWritable: () => Promise<void>
}

/** A disk of its own, as small as told; undefined where this user may not mount one. */
export async function smallDisk (sizeBytes: number): Promise<Disk | undefined> {
  const folder = await scratchFolder()
  const { path } = folder
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes},mode=700`, 'tmpfs', path])
  } catch {
    await folder[Symbol.asyncDispose]()
    return undefined
  }
  return {
    path,
    makeReadOnly: async () => { await run('mount', ['-o', 'remount,ro', path]) },
    makeWritable: async () => { await run('mount', ['-o', 'remount,rw', path]) },
    [Symbol.asyncDispose]: async () => {
      // Lazily: what a failed test has left open must not hide why it failed.
      await run('umount', ['-l', path])
      await folder[Symbol.asyncDispose]()
    }
  }
}

/** Why a test with a disk of its own is skipped. */
export const NO_MOUNT = 'needs the right to mount a tmpfs: run as root on Linux'
