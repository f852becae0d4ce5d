/** Hidden: several nodes in one process. Each has its home, log, socket, name on the cable and clock; what ends one, ends all. */
import { createWriteStream } from 'node:fs'
import type { Invocation } from '../../cli/command.ts'
import { loadSettings } from '../../cli/config.ts'
import { LOOPBACK, type Ready } from '../../cli/skein-process.ts'
import { createNode } from '../../node/node.ts'
import { createRelay } from '../../node/relay/relay-node.ts'
import { UsageError } from '../../protocols/core/errors.ts'
import { ENVIRONMENT, type PackedNode } from '../inside/environment.ts'
import { whose } from '../inside/whose.ts'

interface Packed extends AsyncDisposable {
  readonly ready: Ready
  /** Resolves when it has stopped by itself, with what was wrong. */
  readonly stopped: Promise<Error | undefined>
}

export async function pack ({ output, interrupted }: Invocation): Promise<void> {
  const nodes = JSON.parse(process.env[ENVIRONMENT.pack] ?? '[]') as PackedNode[]
  if (nodes.length === 0) throw new UsageError('a pack is started by its testnet', 'For example: skein testnet up --users 50 --pack 10')
  splitLogs(nodes)
  await using stack = new AsyncDisposableStack()
  const running = new Map<string, Packed>()
  for (const node of nodes) running.set(node.name, stack.use(await whose.run(node, async () => node.kind === 'relay' ? await relay(node) : await user(node))))
  await output.result(Object.fromEntries([...running].map(([name, { ready }]) => [name, ready])), `${running.size} nodes run`)
  const { promise: isOver, resolve } = Promise.withResolvers<undefined>()
  interrupted.addEventListener('abort', () => { resolve(undefined) }, { once: true })
  const [ended] = await Promise.all([Promise.race([isOver, ...[...running].map(async ([name, { stopped }]) => ({ name, fault: await stopped }))])])
  if (ended?.fault !== undefined) throw ended.fault
  for (const node of nodes) whose.run(node, () => { output.note(ended === undefined ? 'The node stops with its pack.' : `${ended.name} has stopped, and its pack with it.`) })
}

/** As `skein up` does it. */
async function user ({ home }: PackedNode): Promise<Packed> {
  const settings = await loadSettings(home, {})
  const node = await createNode({ home, listen: [LOOPBACK], bootstrap: settings.list('bootstrap'), onFault: noteFault })
  await node.start()
  return { ready: { peerId: node.peerId, addresses: node.addresses() }, stopped: node.stopped, [Symbol.asyncDispose]: async () => { await node.stop() } }
}

/** As `skein relay up` does it. */
async function relay ({ home }: PackedNode): Promise<Packed> {
  const node = await createRelay({ home, listen: [LOOPBACK], environment: process.env, onFault: noteFault })
  for (const warning of node.warnings) process.stderr.write(`${warning}\n`)
  await node.start()
  return { ready: { peerId: node.peerId, addresses: node.addressesForUsers() }, stopped: node.stopped, [Symbol.asyncDispose]: async () => { await node.stop() } }
}

function noteFault (fault: Error): void { process.stderr.write(`unexpected: ${fault.stack ?? fault.name}\n`) }

/** What a node has to say goes to its own log; what belongs to nobody stays where it is. */
function splitLogs (nodes: readonly PackedNode[]): void {
  const logs = new Map(nodes.map(({ name, log }) => [name, createWriteStream(log, { flags: 'a', mode: 0o600 })]))
  const write = process.stderr.write.bind(process.stderr) as (...args: readonly unknown[]) => boolean
  function writeToOwn (...args: readonly unknown[]): boolean {
    const own = logs.get(whose.getStore()?.name ?? '')
    if (own === undefined) return write(...args)
    return (own.write as (...given: readonly unknown[]) => boolean).apply(own, [...args])
  }
  Object.defineProperty(process.stderr, 'write', { value: writeToOwn, configurable: true })
}
