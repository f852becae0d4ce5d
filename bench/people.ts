/** Accounts for measuring: real homes in a temporary directory, real nodes on loopback. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createNode, type SkeinNode } from '../node/node.ts'

/** Between two looks at what tells nobody when it changes. */
const LOOK_MS = 10

export interface Person extends AsyncDisposable {
  readonly node: SkeinNode
  readonly home: string
}

export interface PersonOptions {
  /** Default: a new one, which is removed at the end. */
  readonly home?: string
  /** Default: a free port on loopback. */
  readonly listen?: readonly string[]
}

/** Opens the account in that home, or makes it; the node is not started. */
export async function openPerson (name: string, home: string, listen: readonly string[] = ['/ip4/127.0.0.1/tcp/0']): Promise<SkeinNode> {
  return await createNode({ home, create: { name, accept: 'all' }, unlock: { keyFile: true }, listen })
}

export async function makePerson (name: string, { home: kept, listen }: PersonOptions = {}): Promise<Person> {
  const home = kept ?? await mkdtemp(join(tmpdir(), 'skein-bench-'))
  const node = await openPerson(name, home, listen)
  await node.start()
  return {
    node,
    home,
    [Symbol.asyncDispose]: async () => {
      await node.stop()
      if (kept === undefined) await rm(home, { recursive: true, force: true })
    }
  }
}

/** Resolves when these relays keep a mailbox for `node` and contacts can be told. */
export async function useRelays (node: SkeinNode, addresses: readonly string[]): Promise<void> {
  for (const address of addresses) await node.call('relays.add', { address })
  while (!(await node.call('relays.list', {})).relays.every(({ state }) => state === 'open')) await pause()
}

/** Resolves when nothing of `node` waits for anybody. */
export async function settled (node: SkeinNode): Promise<void> {
  while ((await node.status()).outbox.open > 0) await pause()
}

/** Resolves when `node` can send to the contact behind `link`, and has done so once. */
export async function befriend (node: SkeinNode, link: string, alias: string): Promise<void> {
  await node.contacts.add(link, { as: alias })
  const greeting = await node.send(`@${alias}`, 'hello')
  await greeting.delivered
}

/** Resolves when the search index holds everything. */
export async function indexed (node: SkeinNode): Promise<void> {
  while ((await node.status()).search.behind > 0) await pause()
}

async function pause (): Promise<void> { await new Promise(resolve => { setTimeout(resolve, LOOK_MS) }) }
