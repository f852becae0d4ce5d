/** `skein testnet logs`: what the processes had to say, of one or of all. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { Invocation } from '../../cli/command.ts'
import { NotFoundError } from '../../protocols/core/errors.ts'
import { displaySafe } from '../../protocols/core/text.ts'
import { layoutOf } from '../layout.ts'
import { readPlan } from '../plan.ts'
import { directoryOf } from './directory.ts'

export async function logs ({ arguments: [name], flags, output }: Invocation): Promise<void> {
  const layout = layoutOf(directoryOf(flags))
  const plan = await readPlan(layout)
  if (plan === undefined) throw new NotFoundError(`there is no testnet in ${layout.directory}`, 'Start one with: skein testnet up, or name its directory with --dir.')
  const names = plan.nodes.map(node => node.name)
  if (name !== undefined && !names.includes(name)) throw new NotFoundError(`there is no ${name} in this testnet`, `There are: ${names.join(', ')}.`)
  const files = name === undefined ? [...names.map(each => ({ name: each, file: layout.logOf(each) })), { name: 'testnet', file: layout.log }] : [{ name, file: layout.logOf(name) }]
  for (const { name: whose, file } of files) {
    const text = existsSync(file) ? await readFile(file, 'utf8') : ''
    for (const line of text.split('\n').filter(each => each !== '')) await output.record('skein.testnet.log/1', { name: whose, line }, name === undefined ? `${whose}  ${displaySafe(line)}` : displaySafe(line))
  }
}
