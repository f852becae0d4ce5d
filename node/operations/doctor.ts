/** Checks what can be checked from inside: the database, the files of the home, the clock. */
import { chmod, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { AccountStore } from '../../store/account-store.ts'
import { checkAccountStore, type Finding } from '../../store/check.ts'
import type { Clock } from '../ports.ts'
import type { Handlers } from './handlers.ts'

export interface DoctorParts {
  readonly store: AccountStore
  readonly home: string
  readonly clock: Clock
}

type Checked = Finding & { readonly isFixed?: boolean }

/** A database of an active account grows by some megabytes a day. */
const FREE_BYTES_MIN = 256 * 1024 * 1024
/** 2026-01-01: a clock before the program was written is wrong. */
const CLOCK_MS_MIN = Date.UTC(2026, 0, 1)

export function doctorOperations (parts: DoctorParts): Handlers<'doctor'> {
  return {
    doctor: async ({ fix = false }) => {
      const findings: Checked[] = [
        ...checkAccountStore(parts.store),
        ...await checkModes(parts.home, fix),
        await checkSpace(parts.home),
        checkClock(parts.clock.now())
      ]
      return { findings: findings.map(({ severity, what, fix: cure, isFixed }) => ({ severity, what, ...cure === undefined ? {} : { fix: cure }, ...isFixed === undefined ? {} : { isFixed } })) }
    }
  }
}

/** Keys and the database are for their owner alone. */
async function checkModes (home: string, fix: boolean): Promise<Checked[]> {
  const findings: Checked[] = []
  for (const [name, mode] of [['.', 0o700], ['vault.json', 0o600], ['key', 0o600], ['account.db', 0o600]] as const) {
    const path = join(home, name)
    const found = await stat(path).catch(() => undefined)
    if (found === undefined || (found.mode & 0o077) === 0) continue
    if (fix) await chmod(path, mode)
    findings.push({ severity: 'warn', what: `${name === '.' ? 'the home directory' : name} can be read by other users of this machine`, fix: `chmod ${mode.toString(8)} ${name}`, isFixed: fix })
  }
  return findings.length > 0 ? findings : [{ severity: 'ok', what: 'files are readable by their owner alone' }]
}

async function checkSpace (home: string): Promise<Checked> {
  const { bavail, bsize } = await statfs(home)
  const freeBytes = bavail * bsize
  if (freeBytes >= FREE_BYTES_MIN) return { severity: 'ok', what: `${Math.floor(freeBytes / 1024 ** 2).toLocaleString('en')} MiB are free on the disk` }
  return { severity: 'warn', what: `only ${Math.floor(freeBytes / 1024 ** 2).toLocaleString('en')} MiB are free on the disk`, fix: 'Make room: a full disk takes no messages in.' }
}

function checkClock (nowMs: number): Checked {
  return nowMs >= CLOCK_MS_MIN
    ? { severity: 'ok', what: 'the clock is plausible' }
    : { severity: 'error', what: 'the clock of this machine is years behind', fix: 'Set it: invites and device lists expire by it.' }
}
