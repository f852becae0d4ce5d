/**
 * Breaks the product on purpose, for one process: a preload (`node --import`) that replaces some lines of one source file as it is loaded.
 * Nothing on the disk changes. What was to be replaced has to be there once, or the process fails: a bug that is no longer planted must
 * not look like one that is not found.
 */
import { registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'

export interface Bug {
  /** Below the root of the repository. */
  readonly file: string
  readonly from: string
  readonly to: string
}

/** Holds the bugs, as JSON; threads and children inherit it, which they would not of a setting of ours (SKEIN_…). */
const VARIABLE = 'PLANTED_BUGS'

/** The environment of a process that has them, as have those that it starts. */
export function plantedEnvironment (bugs: readonly Bug[]): NodeJS.ProcessEnv {
  return { ...process.env, NODE_OPTIONS: `--import=${pathToFileURL(import.meta.filename).href}`, [VARIABLE]: JSON.stringify(bugs) }
}

/** @throws Error when the text is not there once: the product has changed, and the bug must be written anew */
export function broken (source: string, { file, from, to }: Bug): string {
  if (source.split(from).length !== 2) throw new Error(`what is to be broken is not once in ${file}: ${from}`)
  return source.replace(from, () => to)
}

const given = process.env[VARIABLE]
if (given !== undefined) plant(JSON.parse(given) as readonly Bug[])

function plant (bugs: readonly Bug[]): void {
  registerHooks({
    load (url, context, nextLoad) {
      const loaded = nextLoad(url, context)
      const here = bugs.filter(({ file }) => url.endsWith(`/${file}`))
      if (here.length === 0) return loaded
      const source = typeof loaded.source === 'string' ? loaded.source : Buffer.from(loaded.source as Uint8Array).toString()
      return { ...loaded, source: here.reduce(broken, source) }
    }
  })
}
