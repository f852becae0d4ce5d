/** `skein relay block`, `gc` and `drain`: what changes a relay that runs. */
import { countText, sizeText } from '../../../protocols/core/quantity.ts'
import type { Invocation } from '../../command.ts'
import { callRelay } from './control.ts'

export async function block (invocation: Invocation): Promise<void> {
  const { arguments: [peerId = ''], flags, output } = invocation
  const result = await callRelay(invocation, 'relay.block', { peerId, blocked: !flags.isOn('off') })
  await output.result(result, result.blocked
    ? 'Blocked: nothing is taken for this mailbox and nothing is handed out. What waits stays until it expires.'
    : 'No longer blocked: the mailbox works again.')
}

export async function gc (invocation: Invocation): Promise<void> {
  const result = await callRelay(invocation, 'relay.gc', {})
  await invocation.output.result(result, `${countText(result.expired)} expired envelopes removed, ${sizeText(result.releasedBytes)} given back.`)
}

export async function drain (invocation: Invocation): Promise<void> {
  const { flags, output } = invocation
  const result = await callRelay(invocation, 'relay.drain', { draining: !flags.isOn('off') })
  await output.result(result, result.draining
    ? `Draining: ${countText(result.told)} users who are online were told to move, the others are when they come. What waits can still be collected; nothing new is taken. It can be stopped when this says 0 envelopes: skein relay status`
    : 'Open again.')
}
