/**
 * A copy of a home directory is a second device with the keys of the first: both would use the same message keys, and each
 * would undo what the other's sessions have learnt. So an account remembers where it lives, and a copy does not start while
 * the original is there. On another machine nothing tells a copy from a home that was moved.
 */
import { readFileSync, realpathSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { LockedError } from '../protocols/core/errors.ts'
import type { AccountStore } from '../store/account-store.ts'

/** The file that proves the place: copying it makes another one, moving it does not. */
const DATABASE = 'account.db'
/** Two homes with the same one are of the same account. */
const VAULT = 'vault.json'
const PLACE_FACT = 'home.place'

interface Place { readonly path: string, readonly file: string }

/** @throws LockedError when this home is a copy and the original is still on this machine */
export function refuseClone (store: AccountStore, home: string): void {
  const here = placeOf(home)
  const known = storedPlace(store)
  if (known?.path === here.path && known.file === here.file) return
  // The same file elsewhere was moved; another file in the same place has replaced the original.
  const isCopy = known !== undefined && known.path !== here.path && known.file !== here.file && isSameAccount(known.path, home)
  if (isCopy) {
    throw new LockedError(`this home directory is a copy of ${known.path}`, 'Nothing was changed. Use the original. If the copy shall take its place, remove the original first: both together would use the same keys.')
  }
  store.transact(writer => writer.facts.set(PLACE_FACT, JSON.stringify(here)))
}

function placeOf (home: string): Place {
  const { dev, ino } = statSync(join(home, DATABASE), { bigint: true })
  return { path: realpathSync(home), file: `${dev}:${ino}` }
}

function storedPlace (store: AccountStore): Place | undefined {
  const text = store.read.facts.text(PLACE_FACT)
  return text === undefined ? undefined : JSON.parse(text) as Place
}

function isSameAccount (home: string, other: string): boolean {
  try {
    return readFileSync(join(home, VAULT)).equals(readFileSync(join(other, VAULT)))
  } catch {
    // The original is gone, or its disk is.
    return false
  }
}
