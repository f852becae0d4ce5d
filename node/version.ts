/** The version of this program, as its package.json says: beside the sources, or above the emitted files. */
import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'

export const VERSION = read()

function read (): string {
  const path = findPackageJSON(import.meta.url)
  const manifest = path === undefined ? {} : JSON.parse(readFileSync(path, 'utf8')) as { version?: string }
  return manifest.version ?? '0.0.0'
}
