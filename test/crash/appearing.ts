/** Waits for files that another process makes: the moment to take its power from it. */
import { existsSync, watch } from 'node:fs'
import { basename, dirname } from 'node:path'

/** Resolves when there is something at `path`. The folder that it will be in must be there. */
export async function appearing (path: string, { signal }: { readonly signal: AbortSignal }): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const watcher = watch(dirname(path), (_event, name) => { if (name === basename(path) || existsSync(path)) resolve(undefined) })
  signal.addEventListener('abort', () => { resolve(undefined) }, { once: true })
  try {
    if (!existsSync(path) && !signal.aborted) await promise
  } finally {
    watcher.close()
  }
}
