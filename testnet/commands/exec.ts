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
  const caller = { directory: directoryOf(flags), interrupted }
  const { nodes } = await callTestnet(caller, 'status', {})
  const node = nodes.find(each => each.name === name)
  if (node === undefined) throw new UsageError(`there is no ${name} in this testnet`, `There are: ${nodes.map(each => each.name).join(', ')}.`)
  // Where its node is down, the command is one in its place: with its line, and its clock.
  const environment = await callTestnet(caller, 'environment', { name })
  const wantsJson = output.isJson && !command.includes('--json')
  // Options go before what stands behind a `--` of the command itself, which is text.
  const child = spawn(process.execPath, [launcherPath(), '--home', node.home, ...wantsJson ? ['--json'] : [], ...command], { env: { ...inheritedEnvironment(), ...environment }, stdio: 'inherit' })
  const pass = (): void => { child.kill('SIGINT') }
  interrupted.addEventListener('abort', pass, { once: true })
  const [code] = await once(child, 'exit') as [number | null]
  if (code !== 0) throw new PassedOnError(code ?? 1)
}
