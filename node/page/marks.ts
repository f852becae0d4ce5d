/**
 * What charts are made of, as SVG. They are drawn at the size at which they are shown: text is never scaled. Colours and dashes are
 * classes of web/page/page.css, for the pages forbid styles within them.
 */
import { html, type Markup } from './markup.ts'

export interface Point { readonly x: number, readonly y: number }
export type Scale = (value: number) => number

/** Skein's own. */
export const MARK = html`<svg class="mark" viewBox="0 0 32 22" width="32" height="22" aria-hidden="true"><path d="M17.6 7.1 19.4 1.7M12.5 11.3 14.3 5.9M7.4 15.5 9.2 10.1M2.3 19.7 4.1 14.3M22.7 11.3 24.5 5.9M27.8 15.5 29.6 10.1"/></svg>`

/** A line of 92 by 32 without axes, from the lowest to the highest of these; nothing for less than two. */
export function sparkline (values: readonly number[], colour: 'c1' | 'c2'): Markup | undefined {
  if (values.length < 2) return undefined
  const low = Math.min(...values)
  const high = Math.max(...values)
  const points = values.map((value, index) => ({ x: index / (values.length - 1) * 88 + 1, y: high === low ? 16 : 29 - (value - low) / (high - low) * 26 }))
  const last = points.at(-1) ?? { x: 0, y: 0 }
  return html`<svg class="spark" width="92" height="32" viewBox="0 0 92 32" aria-hidden="true"><path class="line ${colour}" d="${pathOf(points)}"/><circle class="dot ${colour}" cx="${round(last.x)}" cy="${round(last.y)}" r="2.5"/></svg>`
}

/** A horizontal bar for `share` of the largest. */
export function bar (share: number): Markup {
  return html`<svg class="bar" width="100%" height="8" aria-hidden="true"><rect width="${Math.max(1, Math.round(share * 100))}%" height="8" rx="2"/></svg>`
}

export function gridLine (y: number, { left, right, text }: { readonly left: number, readonly right: number, readonly text: string }): Markup {
  return html`<line class="gr" x1="${left}" x2="${right}" y1="${round(y)}" y2="${round(y)}"/><text x="${left - 8}" y="${round(y + 4)}" text-anchor="end">${text}</text>`
}

/** Four or five round numbers from 0 to `max`, which is above 0. */
export function ticks (max: number): readonly number[] {
  const rough = max / 4
  const magnitude = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 2.5, 5, 10].map(factor => factor * magnitude).find(candidate => candidate >= rough) ?? rough
  return Array.from({ length: Math.floor(max / step) + 1 }, (_, index) => index * step)
}

export function pathOf (points: readonly Point[]): string {
  return points.map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${round(x)} ${round(y)}`).join('')
}

export function round (value: number): number {
  return Math.round(value * 10) / 10
}
