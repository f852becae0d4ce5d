/** The dashboard as a whole page. Its look: web/relay/dashboard.css; what keeps it live: web/relay/live.js. */
import { spanText } from '../../../protocols/core/quantity.ts'
import { html, type Markup } from './markup.ts'
import { sections, type Figures, type SectionId } from './sections.ts'

export interface PageWords {
  /** The relay's name, or its PeerId when it has none. */
  readonly title: string
  /** `open`, `by code`, `by list`. */
  readonly admission: string
}

const CARDS: ReadonlyArray<{ readonly id: SectionId, readonly className: string, readonly label: string }> = [
  { id: 'deposits', className: 'card kpi c3', label: 'Deposits now' },
  { id: 'mailboxes', className: 'card kpi c3', label: 'Mailboxes' },
  { id: 'disk', className: 'card kpi c3', label: 'Disk' },
  { id: 'lost', className: 'card kpi c3', label: 'Lost' },
  { id: 'forecast', className: 'card c7', label: 'Disk forecast' },
  { id: 'rate', className: 'card c5', label: 'Deposits over a day' },
  { id: 'refused', className: 'card c5', label: 'Refused today' },
  { id: 'stuck', className: 'card c4', label: 'Stuck mailboxes' },
  { id: 'peers', className: 'card c3', label: 'Peers' },
  { id: 'media', className: 'card', label: 'Files of users' }
]

export function page (figures: Figures, { title, admission }: PageWords): Markup {
  const { stats } = figures
  const parts = sections(figures)
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · Skein relay</title>
<link rel="icon" href="/mark.svg" type="image/svg+xml">
<link rel="stylesheet" href="/tokens.css">
<link rel="stylesheet" href="/dashboard.css">
<script type="module" src="/live.js"></script>
</head>
<body>
<header>
<svg class="mark" viewBox="0 0 32 22" width="32" height="22" aria-hidden="true"><path d="M17.6 7.1 19.4 1.7M12.5 11.3 14.3 5.9M7.4 15.5 9.2 10.1M2.3 19.7 4.1 14.3M22.7 11.3 24.5 5.9M27.8 15.5 29.6 10.1"/></svg>
<h1>${title}</h1>
<p class="sec">relay, up ${spanText(stats.nowMs - stats.startedAtMs, { isExact: true })}, ${stats.version}, admission ${admission}</p>
<p class="status"><span id="state">${parts.state}</span><span id="age" data-at="${stats.nowMs}">Figures as of loading</span></p>
<nav aria-label="Raw figures"><a class="btn" href="/metrics">Metrics</a><a class="btn" href="/policy.json">Policy</a></nav>
</header>
<main>
<div id="alerts" role="status">${parts.alerts}</div>
<div class="grid">
${CARDS.map(({ id, className, label }) => html`<section id="${id}" class="${className}" aria-label="${label}">${parts[id]}</section>`)}
</div>
</main>
<footer>This page cannot name anybody: the relay holds no account, no contact, no text. Served on loopback only.</footer>
</body>
</html>`
}
