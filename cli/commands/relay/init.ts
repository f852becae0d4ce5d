/** `skein relay init`: a new relay. */
import type { Invocation } from '../../command.ts'

export async function init ({ flags, home, output }: Invocation): Promise<void> {
  const { initRelay } = await import('../../../node/relay/relay-node.ts')
  const peerId = initRelay({ home, name: flags.text('name'), listen: flags.list('listen') })
  await output.result({ peerId, home }, [
    `The relay is made, in ${home}`,
    `  ${peerId}`, '',
    'Keep a copy of relay.key apart from this computer: users know the relay by it.'
  ].join('\n'))
  output.note('\nNext: skein relay up. What it may take and whom it serves stands in relay.toml there.')
}
