/** `skein testnet snapshot` and `restore`: the state of everybody, kept and brought back. */
import type { Invocation } from '../../cli/command.ts'
import { callTestnet } from '../control/client.ts'
import { layoutOf } from '../layout.ts'
import { snapshotNames } from '../snapshots.ts'
import { directoryOf } from './directory.ts'
import { statusText } from './views.ts'

export async function snapshot ({ arguments: [name], flags, output, interrupted }: Invocation): Promise<void> {
  const directory = directoryOf(flags)
  if (name === undefined) {
    const snapshots = snapshotNames(layoutOf(directory))
    await output.result({ snapshots }, snapshots.join('\n'))
    return
  }
  const result = await callTestnet({ directory, interrupted }, 'snapshot', { name })
  await output.result(result, `Kept in ${result.path}`)
}

export async function restore ({ arguments: [name = ''], flags, output, interrupted }: Invocation): Promise<void> {
  const status = await callTestnet({ directory: directoryOf(flags), interrupted }, 'restore', { name })
  await output.result(status, statusText(status))
}
