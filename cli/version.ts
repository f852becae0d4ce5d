/** The version of this program. */
import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'

/** As package.json says it: beside the sources, or above the emitted files. */
export function ownVersion (): string {
  const path = findPackageJSON(import.meta.url)
  const manifest = path === undefined ? {} : JSON.parse(readFileSync(path, 'utf8')) as { readonly version?: string }
  return manifest.version ?? '0.0.0'
}
