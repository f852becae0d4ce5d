/** `skein testnet logs`: what the nodes had to say, of one or of all; with --follow, what they have to say from now on as well. */
import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Invocation } from '../../cli/command.ts'
import { NotFoundError } from '../../protocols/core/errors.ts'
import { displaySafe } from '../../protocols/core/text.ts'
import { layoutOf, type Layout } from '../layout.ts'
import { readPlan, type Plan } from '../plan.ts'
import { directoryOf } from './directory.ts'

const LOOK_MS = 200
const CHUNK_BYTES = 64 * 1024

export async function logs ({ arguments: [name], flags, output, interrupted }: Invocation): Promise<void> {
  const layout = layoutOf(directoryOf(flags))
  const plan = await readPlan(layout)
  if (plan === undefined) throw new NotFoundError(`there is no testnet in ${layout.directory}`, 'Start one with: skein testnet up, or name its directory with --dir.')
  const names = plan.nodes.map(node => node.name)
  if (name !== undefined && !names.includes(name)) throw new NotFoundError(`there is no ${name} in this testnet`, `There are: ${names.join(', ')}.`)
  const files = name === undefined ? allIn(plan, layout) : [new LogFile(name, layout.logOf(name))]
  const isFollowed = flags.isOn('follow')
  for (;;) {
    for (const file of files) {
      for (const line of file.newLines(isFollowed)) await output.record('skein.testnet.log/1', { name: file.name, line }, name === undefined ? `${file.name}  ${displaySafe(line)}` : displaySafe(line))
    }
    if (!isFollowed) return
    await delay(LOOK_MS, undefined, { signal: interrupted })
  }
}

/** Everybody, then the processes of packs, and the one that holds all together. */
function allIn ({ nodes }: Plan, layout: Layout): LogFile[] {
  const names = new Set(nodes.map(node => node.name))
  const packs = new Set(nodes.flatMap(({ pack }) => pack ?? []))
  return [...[...names, ...packs].map(name => new LogFile(name, layout.logOf(name))), new LogFile('testnet', layout.log)]
}

class LogFile {
  readonly name: string
  readonly #path: string
  #readBytes = 0
  /** The beginning of a line that is not over yet. */
  #rest = ''

  constructor (name: string, path: string) {
    this.name = name
    this.#path = path
  }

  /** Since it was asked last. One that is not over yet waits for its end, where that may come. */
  newLines (mayGoOn: boolean): string[] {
    if (!existsSync(this.#path)) return []
    const file = openSync(this.#path, 'r')
    try {
      const chunks: Buffer[] = []
      for (let chunk = Buffer.alloc(CHUNK_BYTES), count = 0; (count = readSync(file, chunk, 0, CHUNK_BYTES, this.#readBytes)) > 0; chunk = Buffer.alloc(CHUNK_BYTES)) {
        chunks.push(chunk.subarray(0, count))
        this.#readBytes += count
      }
      const lines = (this.#rest + Buffer.concat(chunks).toString()).split('\n')
      this.#rest = mayGoOn ? lines.pop() ?? '' : ''
      return lines.filter(line => line !== '')
    } finally {
      closeSync(file)
    }
  }
}
