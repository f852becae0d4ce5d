/** Times and durations as people type them. */
import { UsageError } from '../protocols/core/errors.ts'

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 24 * 3_600_000, w: 7 * 24 * 3_600_000 }
const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)$/
const DURATION_MS_MAX = 10 * 365 * 24 * 3_600_000

/** `30s`, `10m`, `1.5h`, `2d`, or `0`: milliseconds. @throws UsageError */
export function parseDuration (text: string, what: string): number {
  const durationMs = text === '0' ? 0 : durationOf(text)
  if (durationMs === undefined || durationMs > DURATION_MS_MAX) throw new UsageError(`${what} takes a duration such as 30s, 10m, 2h or 1d`)
  return durationMs
}

/**
 * `10m` (ago), `today`, `yesterday`, `2026-11-01`, `2026-11-01 14:30` or a full ISO 8601 instant: milliseconds since 1970.
 * Without a time zone it is this computer's. @throws UsageError
 */
export function parseInstant (text: string, nowMs: number, what: string): number {
  const agoMs = durationOf(text)
  if (agoMs !== undefined) return nowMs - agoMs
  if (text === 'today') return midnight(nowMs, 0)
  if (text === 'yesterday') return midnight(nowMs, 1)
  const iso = /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00` : text.replace(' ', 'T')
  const atMs = /^\d{4}-\d{2}-\d{2}T/.test(iso) ? Date.parse(iso) : NaN
  if (Number.isNaN(atMs)) throw new UsageError(`${what} takes a time such as 10m, yesterday, 2026-11-01 or 2026-11-01T14:30`)
  return atMs
}

/** `250 ms`, `30 s`, `5 min`, `2 h`, `3 d`. */
export function durationText (durationMs: number): string {
  if (durationMs < 1_000) return `${Math.round(durationMs)} ms`
  if (durationMs < 120_000) return `${Math.round(durationMs / 1_000)} s`
  if (durationMs < 2 * 3_600_000) return `${Math.round(durationMs / 60_000)} min`
  if (durationMs < 48 * 3_600_000) return `${Math.round(durationMs / 3_600_000)} h`
  return `${Math.round(durationMs / (24 * 3_600_000))} d`
}

/** `25 December`, as in a promise. */
export function dateText (atMs: number): string {
  return new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long' }).format(atMs)
}

function durationOf (text: string): number | undefined {
  const [, count, unit] = DURATION.exec(text) ?? []
  const unitMs = UNIT_MS[unit ?? '']
  return count === undefined || unitMs === undefined ? undefined : Number(count) * unitMs
}

/** The beginning of a day in this computer's time zone; days are not always 24 hours. */
function midnight (nowMs: number, daysAgo: number): number {
  const day = new Date(nowMs)
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() - daysAgo).getTime()
}
