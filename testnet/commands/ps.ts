/** `skein testnet ps`: who is up, and what is broken on purpose. */
import type { Invocation } from '../../cli/command.ts'
import { callTestnet } from '../control/client.ts'
import { directoryOf } from './directory.ts'
import { statusText } from './views.ts'

export async function ps ({ flags, output, interrupted }: Invocation): Promise<void> {
  const status = await callTestnet({ directory: directoryOf(flags), interrupted }, 'status', {})
  await output.result(status, statusText(status))
}
