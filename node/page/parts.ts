/** The parts that pages of figures have in common. */
import { html, type Markup } from './markup.ts'

export interface NoteWords { readonly strong: string, readonly rest?: string, readonly command?: string }

export function note (kind: 'warn' | 'danger', { strong, rest, command }: NoteWords): Markup {
  return html`<div class="note ${kind}"><svg class="i" viewBox="0 0 20 20" aria-hidden="true"><path d="M10 3 18 16.500H2zM10 8v4M10 14.300v.01"/></svg><p><b>${strong}</b>${rest === undefined ? undefined : html` ${rest}`}</p>${command === undefined ? undefined : html`<code>${command}</code>`}</div>`
}

export function heading (title: string, more: string): Markup {
  return html`<div class="ch"><h2>${title}</h2><p>${more}</p></div>`
}

/** What may be wider than its card is moved within it. */
export function wide (label: string, inside: Markup): Markup {
  return html`<div class="wide" tabindex="0" role="group" aria-label="${label}">${inside}</div>`
}

/** The figures of a chart, for whoever cannot or will not look at it. The first column names the row. */
export function numbers (id: string, columns: readonly string[], rows: ReadonlyArray<readonly string[]>): Markup {
  if (rows.length === 0) return html`<p class="empty">No figures yet.</p>`
  return html`<details id="${id}"><summary>Show numbers</summary><table><thead><tr>${columns.map((column, index) => html`<th scope="col"${index === 0 ? undefined : html` class="num"`}>${column}</th>`)}</tr></thead><tbody>${rows.map(([name, ...values]) => html`<tr><th scope="row">${name}</th>${values.map(value => html`<td class="num">${value}</td>`)}</tr>`)}</tbody></table></details>`
}
