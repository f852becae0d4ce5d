/** What people see of a testnet. */
import { tableLines } from '../../cli/table.ts'
import { durationText } from '../../cli/time.ts'
import type { NodeView, StatusView } from '../control/operations.ts'

export function statusText ({ nodes, partitions, links }: StatusView): string {
  return [
    ...nodeLines(nodes),
    ...partitions.map(({ left, right }) => `cut: ${left.join(', ')} from ${right.join(', ')}`),
    ...links.map(({ name, delayMs, jitterMs, bytesPerSecond }) => `line of ${name}: ${delayMs} ms ± ${jitterMs} ms${bytesPerSecond === null ? '' : `, ${(bytesPerSecond * 8 / 1000).toFixed(0)} kbit/s`}`)
  ].join('\n')
}

export function nodeText ({ name, state, skewMs, pack }: NodeView): string {
  return `${name} is ${state}${pack === null || state === 'up' ? '' : `, with all of its pack (${pack})`}${skewMs === 0 ? '' : `, its clock ${skewText(skewMs)}`}.`
}

function skewText (skewMs: number): string { return `${durationText(Math.abs(skewMs))} ${skewMs < 0 ? 'slow' : 'fast'}` }

function nodeLines (nodes: readonly NodeView[]): readonly string[] {
  return tableLines(nodes.map(({ name, kind, state, pid, pack, skewMs, address }) => [name, kind, state, pid === null ? '' : String(pid), pack ?? '', skewMs === 0 ? '' : skewText(skewMs), address ?? '']))
}
