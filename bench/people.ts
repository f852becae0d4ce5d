/** Accounts for measuring: real homes in a temporary directory, real nodes on loopback. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createNode, type SkeinNode } from '../node/node.ts'

/** Between two looks at how far the search index is. */
const LOOK_MS = 10

export interface Person extends AsyncDisposable {
  readonly node: SkeinNode
  readonly home: string
}

export async function makePerson (name: string): Promise<Person> {
  const home = await mkdtemp(join(tmpdir(), 'skein-bench-'))
  const node = await createNode({ home, create: { name, accept: 'all' }, unlock: { keyFile: true }, listen: ['/ip4/127.0.0.1/tcp/0'] })
  await node.start()
  return {
    node,
    home,
    [Symbol.asyncDispose]: async () => {
      await node.stop()
      await rm(home, { recursive: true, force: true })
    }
  }
}

/** Resolves when `node` can send to the contact behind `link`, and has done so once. */
export async function befriend (node: SkeinNode, link: string, alias: string): Promise<void> {
  await node.contacts.add(link, { as: alias })
  const greeting = await node.send(`@${alias}`, 'hello')
  await greeting.delivered
}

/** Resolves when the search index holds everything. */
export async function indexed (node: SkeinNode): Promise<void> {
  while ((await node.status()).search.behind > 0) await new Promise(resolve => { setTimeout(resolve, LOOK_MS) })
}
