/** A home directory and its files, and what they say about it: a look from outside, without opening account or relay. The door to smol-toml. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { StorageError, UsageError } from '../protocols/core/errors.ts'
import { codeOf, fileFault } from '../store/faults.ts'
import { isThere, makeFolderDurably } from '../store/files.ts'

export const VAULT = 'vault.json'
export const DATABASE = 'account.db'
export const KEY_FILE = 'key'
/** Files that go with messages, encrypted; copies without metadata, while they are made; what was fetched, when nobody says where to. */
export const BLOBS = 'blobs'
export const SPOOL = 'spool'
export const DOWNLOADS = 'downloads'
/** There from before the first file of a new account until its recovery words have been told: what stands beside it is no account yet. */
export const UNFINISHED = 'unfinished'

/** Whether an account has its home here; that it is whole is seen when it is opened. @throws StorageError when the disk does not say */
export function hasAccount (home: string): boolean {
  return isThere(join(home, VAULT)) && !isThere(join(home, UNFINISHED))
}

/** Makes the directory where it is missing, for its owner only. @throws StorageError */
export function makeHome (home: string): void {
  try {
    makeFolderDurably(home)
  } catch (error) {
    throw new StorageError('the home directory cannot be made', 'Nothing was changed. Choose another with --home, or make its parent writable.', error)
  }
}

/** The text of a file of settings; empty when there is none. @throws StorageError when it cannot be read */
export async function readSettingsText (path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (thrown) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(thrown))) return ''
    throw fileFault(thrown, `${path} cannot be read`)
  }
}

/** Every setting in it, by its dotted name: TOML, whose tables are one level deep. @throws UsageError when it is not TOML */
export async function settingsIn (text: string, path: string): Promise<ReadonlyArray<readonly [string, unknown]>> {
  // Most homes have no such file, and every command comes by here.
  if (text === '') return []
  const { parse, TomlError } = await import('smol-toml')
  try {
    return flatten(parse(text))
  } catch (thrown) {
    const line = thrown instanceof TomlError ? ` in line ${thrown.line}` : ''
    throw new UsageError(`${path} is not TOML${line}`, 'Correct it, or move it away.')
  }
}

function flatten (table: Readonly<Record<string, unknown>>): ReadonlyArray<readonly [string, unknown]> {
  return Object.entries(table).flatMap(([key, value]) => isTable(value)
    ? Object.entries(value).map(([inner, innerValue]) => [`${key}.${inner}`, innerValue] as const)
    : [[key, value] as const])
}

function isTable (value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
}
