/** `skein testnet down`: everybody stops; their homes and logs stay, unless they are not wanted any more. */
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import type { Invocation } from '../../cli/command.ts'
import { RefusedError } from '../../protocols/core/errors.ts'
import { lockHome } from '../../store/lock.ts'
import { callTestnet, NoTestnetError } from '../control/client.ts'
import { releaseDisks } from '../disks/disks.ts'
import { layoutOf } from '../layout.ts'
import { directoryOf } from './directory.ts'

const LOOK_MS = 50
/** The nodes have five seconds to stop; those that do not are killed. */
const STOP_MS_MAX = 20_000

export async function down ({ flags, output, interrupted }: Invocation): Promise<void> {
  const directory = directoryOf(flags)
  const isDeleted = flags.isOn('delete')
  let nodes = 0
  try {
    nodes = (await callTestnet({ directory, interrupted }, 'down', {})).nodes
  } catch (error) {
    // Nothing to stop is nothing gone wrong, where it is to be away.
    if (!(error instanceof NoTestnetError) || !isDeleted) throw error
  }
  // Before anything is made there, be it a lock.
  if (isDeleted && existsSync(directory) && !existsSync(layoutOf(directory).planFile)) throw new RefusedError(`${directory} holds no testnet`, 'Nothing was deleted.')
  await untilFree(directory)
  releaseDisks(layoutOf(directory))
  if (isDeleted) await rm(directory, { recursive: true, force: true })
  await output.result({ nodes, isDeleted }, isDeleted ? 'The testnet is stopped and deleted.' : `The testnet is stopped. Its homes and logs stay in ${directory}`)
}

/** Its process lets the directory go when the last node has stopped. */
async function untilFree (directory: string): Promise<void> {
  if (!existsSync(directory)) return
  for (const deadlineMs = performance.now() + STOP_MS_MAX; ;) {
    try {
      lockHome(directory).release()
      return
    } catch (error) {
      if (performance.now() > deadlineMs) throw error
      await new Promise<void>(resolve => { setTimeout(resolve, LOOK_MS) })
    }
  }
}
