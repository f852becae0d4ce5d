/** Where the time goes: V8's profiler around what is measured and nothing else, and the sums of what it saw. */
import { Session } from 'node:inspector/promises'
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

/** V8's own is 1,000: a message takes a tenth of that. */
const SAMPLE_US = 200

const ROOT = fileURLToPath(new URL('../', import.meta.url))

interface Frame { readonly functionName: string, readonly url: string, readonly lineNumber: number }

interface ProfileNode { readonly id: number, readonly callFrame: Frame, readonly children?: readonly number[] }

interface Profile { readonly nodes: readonly ProfileNode[], readonly samples: readonly number[], readonly timeDeltas: readonly number[] }

/** Time in one function itself and in what it calls of Node, of the database driver and of libsignal, which have no names here. */
export interface OwnTime { readonly what: string, readonly us: number }

export interface Profiler { readonly stop: (path: string) => Promise<void> }

/** Doors to native code: what it takes belongs to who calls them. */
const DOORS = /^node:|\/store\/database\.ts$|\/node_modules\/(better-sqlite3-multiple-ciphers|@signalapp)\//

export async function startProfiler (): Promise<Profiler> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: SAMPLE_US })
  await session.post('Profiler.start')
  return {
    stop: async path => {
      const { profile } = await session.post('Profiler.stop')
      session.disconnect()
      await writeFile(path, JSON.stringify(profile))
    }
  }
}

/** The most costly first, without idle time. `(program)` is what V8 cannot name: mostly system calls. */
export async function ownTimes (path: string): Promise<readonly OwnTime[]> {
  const profile = JSON.parse(await readFile(path, 'utf8')) as Profile
  const owners = ownersOf(profile.nodes)
  const sums = new Map<string, number>()
  for (const [index, id] of profile.samples.entries()) {
    const what = owners.get(id) ?? 'unknown'
    sums.set(what, (sums.get(what) ?? 0) + (profile.timeDeltas[index] ?? 0))
  }
  return [...sums].map(([what, us]) => ({ what, us })).filter(({ what }) => what !== '(idle)' && !what.includes(' bench/profiling.ts')).sort((left, right) => right.us - left.us)
}

/** For each node of the tree of calls the nearest function above it that is not behind a door. */
function ownersOf (nodes: readonly ProfileNode[]): ReadonlyMap<number, string> {
  const byId = new Map(nodes.map(node => [node.id, node]))
  const owners = new Map<number, string>()
  const visit = (node: ProfileNode, above: string | undefined): void => {
    const owner = above !== undefined && isBehindDoor(node.callFrame) ? above : nameOf(node.callFrame)
    owners.set(node.id, owner)
    for (const child of node.children ?? []) {
      const next = byId.get(child)
      if (next !== undefined) visit(next, node.callFrame.functionName === '(root)' ? undefined : owner)
    }
  }
  const [root] = nodes
  if (root !== undefined) visit(root, undefined)
  return owners
}

function isBehindDoor ({ functionName, url }: Frame): boolean {
  return DOORS.test(url) || (url === '' && !functionName.startsWith('('))
}

function nameOf ({ functionName, url, lineNumber }: Frame): string {
  const name = functionName === '' ? 'anonymous' : functionName
  if (url === '') return name
  const place = url.replace(/^file:\/\//, '').replace(ROOT, '').replace(/^.*node_modules\//, '')
  return `${name} ${place}:${lineNumber + 1}`
}
