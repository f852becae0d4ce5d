/** `skein testnet exec`: a command of Skein as one of the users would give it. Its output and its exit code are passed on. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Invocation } from '../../cli/command.ts'
import { PassedOnError } from '../../cli/failure.ts'
import { inheritedEnvironment, launcherPath } from '../../cli/skein-process.ts'
import { UsageError } from '../../protocols/core/errors.ts'
import { callTestnet } from '../control/client.ts'
import { directoryOf } from './directory.ts'

export async function exec ({ arguments: [name = '', ...command], flags, output, interrupted }: Invocation): Promise<void> {
  if (command.length === 0) throw new UsageError('there is no command to run', `For example: skein testnet exec ${name} -- send @bob hello`)
  const { home, enter, environment } = await callTestnet({ directory: directoryOf(flags), interrupted }, 'inside', { name })
  const wantsJson = output.isJson && !command.includes('--json')
  // Options go before what stands behind a `--` of the command itself, which is text.
  const [program = '', ...line] = [...enter, process.execPath, launcherPath(), '--home', home, ...wantsJson ? ['--json'] : [], ...command]
  // Where nobody is up, the command itself is the node: it has its lines and its clock.
  const child = spawn(program, line, { env: { ...inheritedEnvironment(), ...environment }, stdio: 'inherit' })
  const pass = (): void => { child.kill('SIGINT') }
  interrupted.addEventListener('abort', pass, { once: true })
  const [code] = await once(child, 'exit') as [number | null]
  if (code !== 0) throw new PassedOnError(code ?? 1)
}
