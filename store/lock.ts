/**
 * One process for each home folder: two would use the same message keys. The operating system holds the lock and lets it go with
 * the process, so nothing is ever left behind by a crash; `node.pid` only says whom to ask.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LockedError } from '../protocols/core/errors.ts'
import { holdExclusively } from './database.ts'
import { fileFault } from './faults.ts'

export interface HomeLock {
  /** Idempotent. */
  readonly release: () => void
}

/**
 * @throws LockedError when another process, or another part of this one, has this home folder
 * @throws StorageError when the home folder is missing or cannot be written
 */
export function lockHome (home: string): HomeLock {
  const pidFile = join(home, 'node.pid')
  // Never read or copied: on POSIX systems closing any descriptor of a file gives up all locks that this process holds on it.
  const held = holdExclusively(join(home, 'lock'))
  if (held === undefined) throw new LockedError(`the home folder is in use by ${holder(pidFile)}`, 'Nothing was changed. Use the node that runs, or stop it first.')
  try {
    writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 })
  } catch (thrown) {
    held.close()
    throw fileFault(thrown, 'node.pid cannot be written')
  }
  let isHeld = true
  return {
    release: () => {
      if (!isHeld) return
      isHeld = false
      forget(pidFile)
      held.close()
    }
  }
}

/** It only says whom to ask, and the next one writes its own: on a disk that has failed it may stay. */
function forget (pidFile: string): void {
  try {
    rmSync(pidFile, { force: true })
  } catch { /* what is wrong with it is told elsewhere */ }
}

function holder (pidFile: string): string {
  try {
    const pid = Number.parseInt(readFileSync(pidFile, 'utf8'), 10)
    return Number.isSafeInteger(pid) && pid > 0 ? `process ${pid}` : 'another process'
  } catch {
    // Between its lock and its pid file, or none of its making: the lock is what counts.
    return 'another process'
  }
}
