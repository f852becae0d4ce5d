/**
 * Where the local API's unix socket lies: in the account's home, unless that path is longer than the kernel takes. Server
 * and client compute it from the home alone, so that they agree without asking. Law: docs/protocols/local.md, "Transport".
 */
import { realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

/** sun_path holds 108 bytes on Linux and 104 on macOS, with the NUL at its end (unix(7), sys/un.h). */
const SOCKET_PATH_BYTES_MAX = 103
/** 64 bits tell the homes of one user apart. */
const HASH_CHARACTERS = 16

/**
 * The path of the socket for this home, absolute. A home that is too deep has its socket in a directory of its own, named
 * after a hash of the home, below the directory for temporary files; whoever listens there makes it private first.
 */
export function socketPathFor (home: string): string {
  const real = realPath(home)
  // Windows has no sockets in directories that Node could listen on; its pipes have a space of names of their own.
  if (process.platform === 'win32') return `\\\\.\\pipe\\skein-${hashOf(real)}`
  const path = join(real, 'node.sock')
  if (fits(path)) return path
  const folder = `skein-${process.getuid?.() ?? 0}-${hashOf(real)}`
  const elsewhere = join(tmpdir(), folder, 'node.sock')
  return fits(elsewhere) ? elsewhere : join('/tmp', folder, 'node.sock')
}

function fits (path: string): boolean {
  return Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX
}

/** A home that is reached through a link is the same home. One that does not exist yet is taken as written. */
function realPath (home: string): string {
  try {
    return realpathSync(home)
  } catch {
    return resolve(home)
  }
}

function hashOf (text: string): string {
  // Loaded here only: every start of the command line comes by this file, and few homes are that deep.
  return process.getBuiltinModule('node:crypto').hash('sha256', text, 'hex').slice(0, HASH_CHARACTERS)
}
