/** `skein relay bench`: durable deposits a second on this machine, beside how often its disk can flush. */
import { countText, latencyText, sizeText } from '../../../protocols/core/quantity.ts'
import { ENVELOPE_BYTES_MAX } from '../../../protocols/core/limits.ts'
import { NotFoundError } from '../../../protocols/core/errors.ts'
import { hasRelay } from '../../../node/relay/home-files.ts'
import type { Invocation } from '../../command.ts'
import { tableLines } from '../../table.ts'

const CLIENTS = 4
const CLIENTS_MAX = 64
const DEPOSITS = 20_000
const DEPOSITS_MAX = 10_000_000
const ENVELOPE_BYTES = 1_024

export async function bench ({ home, flags, output }: Invocation): Promise<void> {
  if (!hasRelay(home)) throw new NotFoundError('there is no relay here', 'Make one with: skein relay init, or choose its home with --home.')
  const plan = {
    folder: home,
    clients: flags.count('clients', { min: 1, max: CLIENTS_MAX }) ?? CLIENTS,
    deposits: flags.count('deposits', { min: 1, max: DEPOSITS_MAX }) ?? DEPOSITS,
    envelopeBytes: flags.count('size', { min: 1, max: ENVELOPE_BYTES_MAX }) ?? ENVELOPE_BYTES
  }
  output.note(`${countText(plan.deposits)} deposits of ${sizeText(plan.envelopeBytes)} by ${plan.clients} clients, into a relay that is made for it beside this one.`)
  const { benchRelay } = await import('../../../node/relay/bench.ts')
  const result = await benchRelay(plan)
  const { depositsPerSecond, p50Ms, p99Ms, depositsPerCommit, flushesPerSecond, deposits, refused, seconds } = result
  const lines = tableLines([
    ['Durable deposits', `${countText(depositsPerSecond)}/s`, `${countText(deposits)} in ${seconds.toFixed(1)} s; relay and clients share this process${refused > 0 ? `; ${countText(refused)} were refused` : ''}`],
    ['Arrival to signed answer', `p50 ${latencyText(p50Ms)}`, `p99 ${latencyText(p99Ms)}`],
    ['Together in one flush', countText(depositsPerCommit), 'a mean'],
    ['This disk', `${countText(flushesPerSecond)}/s`, 'small writes, each flushed, one after the other']
  ], ['left', 'right', 'left'])
  await output.result(result, lines.join('\n'))
}
