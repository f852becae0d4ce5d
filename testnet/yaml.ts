/** Files that people write: YAML, and in which line what stands. The only file that knows the library. */
import { readFile } from 'node:fs/promises'
import type { Node, Pair } from 'yaml'
import { NotFoundError, UsageError, asError } from '../protocols/core/errors.ts'

export interface Yaml {
  readonly value: unknown
  /** Of what stands under these keys; of what holds it where there is nothing; counts from 1. */
  readonly lineOf: (path: readonly string[]) => number
}

/** @throws NotFoundError, UsageError when it is no YAML */
export async function readYaml (file: string): Promise<Yaml> {
  const { parseDocument, LineCounter, isMap, isSeq, isScalar } = await import('yaml')
  const lines = new LineCounter()
  const document = parseDocument(await textOf(file), { lineCounter: lines })
  const [error] = document.errors
  if (error !== undefined) throw new UsageError(`${file}, line ${error.linePos?.[0].line ?? 1}: ${error.message.split('\n')[0] ?? ''}`)
  const lineAt = (node: unknown): number | undefined => {
    const range = (node as Node | null)?.range
    return range === undefined || range === null ? undefined : lines.linePos(range[0]).line
  }
  const lineOf = (path: readonly string[]): number => {
    let node: unknown = document.contents
    let line = lineAt(node) ?? 1
    for (const step of path) {
      if (isMap(node)) {
        const pair: Pair | undefined = node.items.find(({ key }) => isScalar(key) && String(key.value) === step)
        if (pair === undefined) return line
        line = lineAt(pair.key) ?? line
        node = pair.value
      } else if (isSeq(node)) {
        node = node.items[Number(step)]
        line = lineAt(node) ?? line
      }
    }
    return line
  }
  return { value: document.toJS(), lineOf }
}

/** As a file that `readYaml` takes. */
export async function yamlText (value: unknown): Promise<string> {
  const { stringify } = await import('yaml')
  return stringify(value, { lineWidth: 0 })
}

async function textOf (file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new NotFoundError(`there is no file ${file}`)
    throw new UsageError(`${file} cannot be read: ${asError(error).message}`)
  }
}
