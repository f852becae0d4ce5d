/** A folder for the tests of one suite, removed with everything in it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Made before the first test of the suite that calls it. */
export function temporaryFolder (): { readonly path: string } {
  const folder = { path: '' }
  before(() => { folder.path = mkdtempSync(join(tmpdir(), 'skein-media-')) })
  after(() => { rmSync(folder.path, { recursive: true, force: true }) })
  return folder
}
