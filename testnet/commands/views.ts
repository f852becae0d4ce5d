/** What people see of a testnet. */
import { tableLines } from '../../cli/table.ts'
import type { NodeView, StatusView } from '../control/operations.ts'
import { linkText, skewText } from '../words.ts'

export function statusText ({ nodes, partitions, links }: StatusView): string {
  return [
    ...nodeLines(nodes),
    ...partitions.map(({ left, right }) => `cut: ${left.join(', ')} from ${right.join(', ')}`),
    ...links.map(link => `line of ${link.name}: ${linkText(link)}`)
  ].join('\n')
}

export function nodeText ({ name, state, skewMs }: NodeView): string {
  return `${name} is ${state}${skewMs === 0 ? '' : `, its clock ${skewText(skewMs)}`}.`
}

function nodeLines (nodes: readonly NodeView[]): readonly string[] {
  return tableLines(nodes.map(({ name, kind, state, pid, skewMs, address }) => [name, kind, state, pid === null ? '' : String(pid), skewMs === 0 ? '' : skewText(skewMs), address ?? '']))
}
