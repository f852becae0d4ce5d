/** `skein testnet dash`: a live page of a testnet, or of a run that goes on. */
import { existsSync, readdirSync } from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Invocation } from '../../cli/command.ts'
import { callTestnet, NoTestnetError } from '../control/client.ts'
import { serveDash } from '../dash/server.ts'
import { Source } from '../dash/source.ts'
import { layoutOf } from '../layout.ts'
import { directoryOf } from './directory.ts'

const PORT_MAX = 65_535

export async function dash ({ flags, output, interrupted }: Invocation): Promise<void> {
  const directory = await runningIn(directoryOf(flags), interrupted)
  const source = await Source.open(directory, interrupted)
  await using page = await serveDash({ source, port: flags.count('port', { min: 0, max: PORT_MAX }) ?? 0, onFault: fault => { output.note(fault.stack ?? fault.message) } })
  await output.result({ url: page.url, directory }, page.url)
  output.note(`Shows what is going on in ${directory}. Ctrl-C ends it; the testnet goes on.`)
  if (!interrupted.aborted) await once(interrupted, 'abort')
}

/** Here, or in the directory of a run below. @throws NoTestnetError */
async function runningIn (directory: string, interrupted: AbortSignal): Promise<string> {
  const below = existsSync(directory) ? readdirSync(directory, { withFileTypes: true }).filter(entry => entry.isDirectory()).map(({ name }) => join(directory, name)) : []
  for (const candidate of [directory, ...below.filter(path => existsSync(layoutOf(path).planFile))]) {
    try {
      await callTestnet({ directory: candidate, interrupted }, 'status', {})
      return candidate
    } catch (thrown) {
      if (!(thrown instanceof NoTestnetError)) throw thrown
    }
  }
  throw new NoTestnetError(directory)
}
