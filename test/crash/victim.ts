/**
 * A node in a process of its own, to be killed: loads everything, then waits for its orders as one line of JSON on its standard
 * input. Every line that it prints is out before anything else happens, so what it said it has done, it has done.
 */
import { writeSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { createInterface } from 'node:readline'
import { createNode, type SkeinNode } from '../../node/node.ts'
import { rememberWhatIsDurable } from './power.ts'

export interface Orders {
  readonly home: string
  /** `step:n` of node/failpoints.ts; empty: nothing kills it from inside. */
  readonly failpoint: string
  /** Makes the account first, without any failpoint. */
  readonly create?: string
  /** Whoever is to be asked to be a contact, unless they are one. */
  readonly link?: string
  /** Whom it writes to, an account. */
  readonly peer: string
  /** Texts that are sent at once; the next burst when these have been delivered. */
  readonly bursts: ReadonlyArray<readonly string[]>
  /** A folder: the disk keeps only what was synced (power.ts). */
  readonly shadow?: string
  /** Whether it reads what arrives, and says so to its author. */
  readonly isReader: boolean
}

/** Not a stream: a line that waits in a buffer of ours dies with us. */
function say (line: string): void { writeSync(1, `${line}\n`) }

async function obey ({ home, failpoint, create, link, peer, bursts, shadow, isReader }: Orders): Promise<void> {
  if (shadow !== undefined) rememberWhatIsDurable(home, shadow)
  const listen = ['/ip4/127.0.0.1/tcp/0']
  if (create !== undefined) {
    const fresh = await createNode({ home, listen, create: { name: create, accept: 'all' }, unlock: { keyFile: true } })
    say(`account ${fresh.account}`)
    await fresh.stop()
  }
  process.env['SKEIN_FAILPOINT'] = failpoint
  const node = await createNode({ home, listen })
  await node.start()
  if (link !== undefined && (await node.contacts.list()).length === 0) await node.contacts.add(link)
  say(`device ${node.device}`)
  say(`ready ${await node.invite()}`)
  if (isReader) void readAll(node, peer)
  for (const burst of bursts) {
    const sent = await Promise.all(burst.map(async text => {
      const message = await node.send(peer, text)
      say(`sent ${message.id}`)
      return message
    }))
    await Promise.all(sent.map(message => message.delivered))
  }
  say('done')
}

async function readAll (node: SkeinNode, peer: string): Promise<void> {
  await node.call('mark-read', { with: peer })
  for await (const event of node.events()) {
    if (event.type === 'message.received') await node.call('mark-read', { with: peer })
  }
}

flushCompileCache()
say('loaded')
for await (const line of createInterface({ input: process.stdin })) await obey(JSON.parse(line) as Orders)
