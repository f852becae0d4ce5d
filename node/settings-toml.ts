/** A file of settings as somebody writes it: TOML, whose tables are one level deep. The door to smol-toml. */
import { readFile } from 'node:fs/promises'
import { StorageError, UsageError } from '../protocols/core/errors.ts'

/** The text of the file; empty when there is none. @throws StorageError when it cannot be read */
export async function readSettingsText (path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR') return ''
    throw new StorageError(`${path} cannot be read`, 'Its owner and mode must let you.', thrown)
  }
}

/** Every setting in it, by its dotted name. @throws UsageError when it is not TOML */
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
