/** Every message that is missing, with its trace, and what else is not as it should be. */
import { html, type Markup } from '../../node/page/markup.ts'
import { heading, wide } from '../../node/page/parts.ts'
import { countText } from '../../protocols/core/quantity.ts'
import type { LossRecord, RunRecord } from './record.ts'
import { elapsedText } from './times.ts'

/** More copies than that are said in words (the look of Skein: N above 5). */
const STROKES_MAX = 5
const FINDING_WORDS = { duplicate: 'Shown twice', order: 'Another order on the other side', undecryptable: 'Could not be decrypted at first' } as const

export function lossesCard ({ losses, messages: { lost }, nodes }: RunRecord): Markup {
  if (losses.length === 0) return html``
  const relaysOf = (name: string): number | undefined => nodes.find(node => node.name === name)?.relays?.length
  return html`${heading('Losses', (lost ?? 0) > losses.length ? `the first ${countText(losses.length)}, with traces` : 'every one, with what its sender’s node tells of it')}${wide('Lost messages', html`<table class="losses"><thead><tr><th scope="col">Message</th><th scope="col">From, to</th><th scope="col">Missing at</th><th scope="col" class="num">Sent</th><th scope="col">Copies signed</th><th scope="col">What its sender knows</th></tr></thead>
${losses.map(loss => lossRows(loss, relaysOf(loss.to)))}</table>`)}`
}

function lossRows (loss: LossRecord, relays: number | undefined): Markup {
  const { id, from, to, missingAt, sentAtMs, copies, headline, steps } = loss
  return html`<tbody><tr><th scope="row" class="mono">${id}</th><td>${from} to ${to}</td><td><b>${missingAt}</b></td><td class="num">${sentAtMs === null ? '?' : elapsedText(sentAtMs)}</td><td>${copiesText(copies, relays)}</td><td>${headline ?? 'Its node could not be asked.'}</td></tr>
<tr class="trace"><td colspan="6">${steps.length === 0 ? html`<p class="empty">There is no trace of it.</p>` : html`<details id="trace-${id}-${missingAt}"><summary>Trace of ${id}</summary><ol>${steps.map(({ atMs, text }) => html`<li><span>${text}</span><span class="mono">${elapsedText(atMs)}${sentAtMs === null ? '' : ` (+${elapsedText(Math.max(0, atMs - sentAtMs))})`}</span></li>`)}</ol></details>`}</td></tr></tbody>`
}

/** A stroke is a copy: as many tall ones as were signed. */
function copiesText (copies: number | null, relays: number | undefined): Markup {
  if (copies === null) return html`?`
  const words = relays === undefined ? countText(copies) : `${copies} of ${relays}`
  const total = Math.max(copies, relays ?? 0)
  if (total === 0 || total > STROKES_MAX) return html`${words}`
  return html`<span class="copies"><svg class="strokes" width="22" height="14" viewBox="0 0 22 14" aria-hidden="true">${Array.from({ length: total }, (_, index) => html`<path d="M${2 + index * 4} 12l${index < copies ? '3-9' : '1.300-4'}"/>`)}</svg>${words}</span>`
}

export function findingsCard ({ findings }: RunRecord): Markup {
  if (findings.length === 0) return html``
  return html`${heading('Twice, or in another order', countText(findings.length))}<table><thead class="unseen"><tr><th scope="col">What</th><th scope="col">Where</th></tr></thead><tbody>
${findings.map(({ kind, what }) => html`<tr><th scope="row" class="sec">${FINDING_WORDS[kind]}</th><td dir="auto">${what}</td></tr>`)}</tbody></table>`
}
