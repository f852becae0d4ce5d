/** The frame around the parts of a testnet's page: the same for a file and for the live page. Its look: web/page/page.css and report.css. */
import { html, type Markup } from '../../node/page/markup.ts'
import { MARK } from '../../node/page/marks.ts'
import { countText } from '../../protocols/core/quantity.ts'
import type { RunRecord } from './record.ts'
import { sections, type SectionId } from './sections.ts'
import { elapsedText } from './times.ts'

interface Card { readonly id: SectionId, readonly span: number, readonly label: string }

/** Of a network that people use themselves nothing is expected, and nobody counts what they say. */
const CARDS: Readonly<Record<'run' | 'network', readonly Card[]>> = {
  run: [
    { id: 'topology', span: 4, label: 'Topology' },
    { id: 'timeline', span: 8, label: 'Faults and what waited' },
    { id: 'delivery', span: 7, label: 'Time to delivery' },
    { id: 'expected', span: 5, label: 'Expected' },
    { id: 'losses', span: 12, label: 'Losses' },
    { id: 'findings', span: 12, label: 'Twice, or in another order' },
    { id: 'relays', span: 8, label: 'Relays' },
    { id: 'nodes', span: 4, label: 'Nodes' }
  ],
  network: [
    { id: 'topology', span: 4, label: 'Topology' },
    { id: 'timeline', span: 8, label: 'Faults and what waited' },
    { id: 'nodes', span: 4, label: 'Nodes' },
    { id: 'relays', span: 8, label: 'Relays' }
  ]
}

export interface Frame {
  /** What brings the look, the script and the rules. */
  readonly head: Markup
  /** At the right end of the first line. */
  readonly aside: Markup
  readonly foot: string
}

export function pageOf (record: RunRecord, { head, aside, foot }: Frame): Markup {
  const parts = sections(record)
  const cards = CARDS[record.kind === 'testnet' ? 'network' : 'run']
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${record.name} · Skein testnet</title>
${head}
</head>
<body>
<header>
${MARK}
<h1 dir="auto" title="${record.name}">${record.name}</h1>
<p class="sec" id="about">${aboutText(record)}</p>
${aside}
</header>
<main>
<div id="verdict">${parts.verdict}</div>
<div class="grid">
${cards.map(({ id, span, label }) => html`<section id="${id}" class="card w${span}" aria-label="${label}">${parts[id]}</section>`)}
</div>
</main>
<footer>${foot}</footer>
</body>
</html>
`
}

/** `seed 7741, 50 users, 5 relays, 10,000 messages, 2 h in 41 s` */
export function aboutText ({ seed, nodes, messages: { sent }, atMs, tookMs, state }: RunRecord): string {
  const count = (kind: string): number => nodes.filter(node => node.kind === kind).length
  const isVirtual = tookMs > 0 && Math.abs(atMs / tookMs - 1) > 0.05
  return [
    ...seed === null ? [] : [`seed ${seed}`],
    countOf(count('user'), 'user'),
    countOf(count('relay'), 'relay'),
    ...sent === null ? [] : [countOf(sent, 'message')],
    isVirtual ? `${elapsedText(atMs)} of network time in ${elapsedText(tookMs)}` : `${state === 'running' ? 'for ' : ''}${elapsedText(atMs)}`
  ].join(', ')
}

function countOf (count: number, what: string): string { return `${countText(count)} ${what}${count === 1 ? '' : 's'}` }
