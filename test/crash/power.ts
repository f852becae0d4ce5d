/**
 * A disk that keeps only what it was asked to keep. A killed process loses nothing that the kernel has, but a machine without
 * power does: so the files of the database are remembered as they are whenever the program asks for them to be made durable,
 * and when its process is dead they are put back as they were then. What it had not waited for is gone.
 */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'

const FILES = ['account.db', 'account.db-wal'] as const
/** Names the newest remembered state; replaced in one step. */
const CURRENT = 'current'

/** In the process that will be killed, before it opens the database. `shadow`: a folder that outlives it. */
export function rememberWhatIsDurable (home: string, shadow: string): void {
  const { fdatasync, fdatasyncSync } = fs
  let count = 0
  const copy = (): string => {
    const state = `${process.pid}-${count++}`
    for (const file of FILES) copyIfThere(join(home, file), join(shadow, `${state}-${file}`))
    return state
  }
  // What is in the files when it is asked for is durable when it is answered; what is written meanwhile is not.
  fs.fdatasync = Object.assign((descriptor: number, callback: fs.NoParamCallback) => {
    const state = copy()
    fdatasync(descriptor, fault => {
      if (fault === null) replaceCurrent(shadow, state)
      callback(fault)
    })
  }, { __promisify__: fdatasync.__promisify__ })
  fs.fdatasyncSync = descriptor => {
    const state = copy()
    fdatasyncSync(descriptor)
    replaceCurrent(shadow, state)
  }
  syncBuiltinESMExports()
}

/** When that process is dead: as if the machine had lost its power with it. */
export function forgetTheRest (home: string, shadow: string): void {
  if (!fs.existsSync(join(shadow, CURRENT))) return
  const state = fs.readFileSync(join(shadow, CURRENT), 'utf8')
  for (const file of FILES) {
    fs.rmSync(join(home, file), { force: true })
    copyIfThere(join(shadow, `${state}-${file}`), join(home, file))
  }
  // An index of the other file, made anew from it.
  fs.rmSync(join(home, 'account.db-shm'), { force: true })
  for (const name of fs.readdirSync(shadow)) if (name !== CURRENT && !name.startsWith(`${state}-`)) fs.rmSync(join(shadow, name))
}

function replaceCurrent (shadow: string, state: string): void {
  fs.writeFileSync(join(shadow, 'next'), state)
  fs.renameSync(join(shadow, 'next'), join(shadow, CURRENT))
}

function copyIfThere (from: string, to: string): void {
  if (fs.existsSync(from)) fs.copyFileSync(from, to)
}
