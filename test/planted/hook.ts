/** Plants a bug (bugs.ts) in the process that loads this before anything else: `node --import`, with its name in PLANTED_BUG. */
import { registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import { BUGS, type BugName, type Edit } from './bugs.ts'

/** The variable that names the bug. */
const VARIABLE = 'PLANTED_BUG'
const ROOT = pathToFileURL(join(import.meta.dirname, '..', '..', '/')).href

const planted = process.env[VARIABLE]
if (planted !== undefined) plant(BUGS[planted as BugName].edits)

/** For a process, and for those that it starts. */
export function environmentWith (bug: BugName): Record<string, string> {
  return { NODE_OPTIONS: `--import=${pathToFileURL(import.meta.filename).href}`, [VARIABLE]: bug }
}

/** @throws Error when the text is not there once: the product has changed, and the bug must be written anew */
export function edited (source: string, { file, find, replace }: Edit): string {
  const [before = '', after, ...others] = source.split(find)
  if (after === undefined || others.length > 0) throw new Error(`a bug cannot be planted: ${file} does not say exactly once: ${find}`)
  return `${before}${replace}${after}`
}

function plant (edits: readonly Edit[]): void {
  registerHooks({
    load: (url, context, nextLoad) => {
      const loaded = nextLoad(url, context)
      const ours = edits.filter(({ file }) => url === ROOT + file)
      if (ours.length === 0) return loaded
      return { ...loaded, source: ours.reduce(edited, Buffer.from(loaded.source as Uint8Array).toString()) }
    }
  })
}
