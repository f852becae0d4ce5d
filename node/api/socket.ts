/**
 * The place of the unix socket, before anybody listens there: a directory that only we can enter, and nothing in the way.
 * Law: docs/protocols/local.md, "Transport".
 */
import type { Stats } from 'node:fs'
import { chmod, lstat, mkdir, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { StorageError } from '../../protocols/core/errors.ts'

const GROUP_AND_OTHERS = 0o077

/**
 * Makes the directory of `socketPath` private and removes the socket of a node that died. The caller holds the lock of the
 * home, so a socket that lies there has no owner.
 * @throws StorageError when the directory belongs to somebody else, or something that is no socket has the socket's name
 */
export async function clearSocketPath (socketPath: string): Promise<void> {
  await makePrivate(dirname(socketPath))
  const found = await statOf(socketPath)
  if (found === undefined) return
  if (!found.isSocket()) throw new StorageError('the place of the node\'s socket is taken by something else', `Move ${socketPath} away.`)
  await unlink(socketPath)
}

/** Only who may enter the directory can connect: the mode of the socket itself is not honoured by every system. */
async function makePrivate (directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const found = await statOf(directory)
  // In a shared directory for temporary files another user could have made this one first, or a link to elsewhere.
  if (found === undefined || !found.isDirectory() || found.uid !== process.getuid?.()) {
    throw new StorageError('the directory of the node\'s socket does not belong to you', `Look at ${directory}.`)
  }
  if ((found.mode & GROUP_AND_OTHERS) !== 0) await chmod(directory, 0o700)
}

async function statOf (path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path)
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined
    throw thrown
  }
}
