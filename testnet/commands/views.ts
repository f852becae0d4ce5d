/** What people see of a testnet. */
import { tableLines } from '../../cli/table.ts'
import { durationText } from '../../cli/time.ts'
import type { NodeView, StatusView } from '../control/operations.ts'

export function statusText ({ nodes, partitions, links, cable, means }: StatusView): string {
  return [
    ...nodeLines(nodes),
    ...partitions.map(({ left, right }) => `cut: ${left.join(', ')} from ${right.join(', ')}`),
    ...links.map(({ name, delayMs, jitterMs, bytesPerSecond, loss }) => `line of ${name}: ${delayMs} ms ± ${jitterMs} ms${bytesPerSecond === null ? '' : `, ${(bytesPerSecond * 8 / 1000).toFixed(0)} kbit/s`}${loss === 0 ? '' : `, ${percentText(loss)} lost`}`),
    cableText({ cable, means })
  ].join('\n')
}

export function cableText ({ cable, means }: Pick<StatusView, 'cable' | 'means'>): string { return `cable: ${cable} (${means})` }

export function nodeText (node: NodeView): string {
  return [`${node.name} is ${node.state}`, ...conditions(node)].join(', ').concat('.')
}

/** What is not as usual with it. */
function conditions ({ skewMs, nat, disk }: NodeView): readonly string[] {
  return [
    ...skewMs === 0 ? [] : [`its clock ${skewText(skewMs)}`],
    ...nat === null || nat === 'none' ? [] : [`its router ${nat}`],
    ...disk === 'full' ? ['its disk full'] : disk === 'off' ? ['without power'] : []
  ]
}

function percentText (share: number): string { return `${Number((share * 100).toFixed(4))} %` }

function skewText (skewMs: number): string { return `${durationText(Math.abs(skewMs))} ${skewMs < 0 ? 'slow' : 'fast'}` }

function nodeLines (nodes: readonly NodeView[]): readonly string[] {
  return tableLines(nodes.map(node => [node.name, node.kind, node.state, node.pid === null ? '' : String(node.pid), conditions(node).join(', '), node.address ?? '']))
}
