/** `skein relay up`: the relay in the foreground, until somebody stops it. */
import type { Invocation } from '../../command.ts'

export async function up ({ flags, home, output, interrupted }: Invocation): Promise<void> {
  const { createRelay } = await import('../../../node/relay/relay-node.ts')
  const listen = flags.list('listen')
  const onFault = (fault: Error): void => output.note(`unexpected: ${fault.stack ?? fault.name}`)
  await using relay = await createRelay({ home, environment: process.env, onFault, ...listen.length > 0 && { listen } })
  for (const warning of relay.warnings) output.note(output.stderrLook.warn(warning))
  await relay.start()
  const { peerId, http } = relay
  const addresses = relay.addresses()
  await output.result({ peerId, addresses, http: http ?? null }, readyText({ peerId, addresses, http }))
  await Promise.race([relay.stopped, abortOf(interrupted)])
  await relay.stop()
  const fault = await relay.stopped
  // For a supervisor: it ends with what was wrong, and the next one goes on from what is on the disk.
  if (fault !== undefined) throw fault
  output.note('The relay has stopped. What it has answered for is on its disk.')
}

async function abortOf (signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  const { promise, resolve } = Promise.withResolvers<undefined>()
  signal.addEventListener('abort', () => { resolve(undefined) }, { once: true })
  await promise
}

function readyText ({ peerId, addresses, http }: { readonly peerId: string, readonly addresses: readonly string[], readonly http: string | undefined }): string {
  return [
    'The relay runs. Stop it with Ctrl-C. Users add it with:',
    ...addresses.map(address => `  skein relays add ${address}/p2p/${peerId}`),
    ...http === undefined ? [] : [`Its dashboard, for you alone: ${http}`]
  ].join('\n')
}
