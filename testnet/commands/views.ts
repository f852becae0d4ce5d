/** What people see of a testnet. */
import { tableLines } from '../../cli/table.ts'
import type { NodeView, StatusView } from '../control/operations.ts'
import { linkText, skewText } from '../words.ts'

export function statusText ({ nodes, partitions, links, cable, means }: StatusView): string {
  return [
    ...nodeLines(nodes),
    ...partitions.map(({ left, right }) => `cut: ${left.join(', ')} from ${right.join(', ')}`),
    ...links.map(link => `line of ${link.name}: ${linkText(link)}`),
    cableText({ cable, means })
  ].join('\n')
}

export function cableText ({ cable, means }: Pick<StatusView, 'cable' | 'means'>): string { return `cable: ${cable} (${means})` }

export function nodeText (node: NodeView): string {
  const { name, state, pack } = node
  // What ended or halted it, did so to all of its pack.
  return [`${name} is ${state}`, ...pack === null || state === 'up' ? [] : [`with all of its pack (${pack})`], ...conditions(node)].join(', ').concat('.')
}

/** What is not as usual with it. */
function conditions ({ skewMs, nat, disk }: NodeView): readonly string[] {
  return [
    ...skewMs === 0 ? [] : [`its clock ${skewText(skewMs)}`],
    ...nat === null || nat === 'none' ? [] : [`its router ${nat}`],
    ...disk === 'full' ? ['its disk full'] : disk === 'off' ? ['without power'] : []
  ]
}

function nodeLines (nodes: readonly NodeView[]): readonly string[] {
  return tableLines(nodes.map(node => [node.name, node.kind, node.state, node.pid === null ? '' : String(node.pid), node.pack ?? '', conditions(node).join(', '), node.address ?? '']))
}
