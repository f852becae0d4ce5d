/**
 * Breaks the product on purpose, for one process: a preload (`node --import`) that replaces some lines of one source file as it is loaded.
 * Nothing on the disk changes. What was to be replaced has to be there once, or the process fails: a bug that is no longer planted must
 * not look like one that is not found.
 */
import { registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'

export interface Bug {
  /** From the root of the repository. */
  readonly file: string
  readonly from: string
  readonly to: string
}

/** Holds the bugs, as JSON; threads inherit it. */
const VARIABLE = 'SKEIN_PLANTED'

/** The environment of a process that has them. */
export function plantedEnvironment (bugs: readonly Bug[]): NodeJS.ProcessEnv {
  return { ...process.env, NODE_OPTIONS: `--import=${pathToFileURL(import.meta.filename).href}`, [VARIABLE]: JSON.stringify(bugs) }
}

const given = process.env[VARIABLE]
if (given !== undefined) plant(JSON.parse(given) as readonly Bug[])

function plant (bugs: readonly Bug[]): void {
  registerHooks({
    load (url, context, nextLoad) {
      const loaded = nextLoad(url, context)
      const here = bugs.filter(({ file }) => url.endsWith(`/${file}`))
      if (here.length === 0) return loaded
      let source = typeof loaded.source === 'string' ? loaded.source : Buffer.from(loaded.source as Uint8Array).toString()
      for (const { file, from, to } of here) {
        if (source.split(from).length !== 2) throw new Error(`what is to be broken is not once in ${file}: ${from}`)
        source = source.replace(from, () => to)
      }
      return { ...loaded, source }
    }
  })
}
