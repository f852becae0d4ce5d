/** Counts, sizes and spans of time in words, the same on every surface; and sizes as people type them. */

const DAY_MS = 24 * 3_600_000
const SIZE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** `1,904` */
export function countText (count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** `96 kB`, `18.2 MB`, `25.0 GB`: decimal, with one digit behind the point from a megabyte on. */
export function sizeText (bytes: number): string {
  let unit = 0
  let size = bytes
  while (size >= 999.5 && unit < SIZE_UNITS.length - 1) {
    size /= 1_000
    unit += 1
  }
  return `${unit < 2 ? String(Math.round(size)) : size.toFixed(1)} ${SIZE_UNITS[unit] ?? ''}`
}

/** `2 s`, `22 min`, `9 h`, `12 d`, and with `isExact` the next smaller unit as well: `12 d 4 h`. */
export function spanText (spanMs: number, { isExact = false }: { readonly isExact?: boolean } = {}): string {
  const ms = Math.max(0, spanMs)
  if (ms < 60_000) return `${Math.floor(ms / 1_000)} s`
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min`
  const [unit, unitMs, next, nextMs] = ms < DAY_MS ? ['h', 3_600_000, 'min', 60_000] as const : ['d', DAY_MS, 'h', 3_600_000] as const
  const rest = Math.floor((ms % unitMs) / nextMs)
  return `${Math.floor(ms / unitMs)} ${unit}${isExact && rest > 0 ? ` ${rest} ${next}` : ''}`
}

/** `3.1 ms`, `412 ms`, `1.2 s` */
export function latencyText (ms: number): string {
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(1)} s`
  return `${ms < 10 ? ms.toFixed(1) : String(Math.round(ms))} ms`
}

/** Powers of ten, and powers of two with an i: as on a disk's box, and as in memory. */
export const SIZE_FACTORS: Readonly<Record<string, number>> = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 }

/** `500MB`, `1.5 GiB`, `0`: bytes; undefined when it is no size. */
export function parseSize (text: string): number | undefined {
  if (text === '0') return 0
  const [, count, unit = ''] = /^(\d+(?:\.\d+)?) ?([A-Za-z]+)$/.exec(text) ?? []
  const factor = SIZE_FACTORS[unit]
  return count === undefined || factor === undefined ? undefined : Math.round(Number(count) * factor)
}
