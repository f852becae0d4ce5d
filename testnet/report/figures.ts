/** What the page shows, for machines: the record, and the percentiles that are drawn from it. */
import { quantileOf, type HistogramRecord } from './histogram.ts'
import type { RunRecord } from './record.ts'

export interface Percentiles {
  readonly count: number
  /** null: there are too few to tell. */
  readonly p50Ms: number | null
  readonly p90Ms: number | null
  readonly p99Ms: number | null
  readonly p999Ms: number | null
  readonly maxMs: number | null
}

export function figuresOf (record: RunRecord): { readonly record: RunRecord, readonly percentiles: { readonly online: Percentiles, readonly disturbed: Percentiles } } {
  const { online, disturbed } = record.delivery
  return { record, percentiles: { online: percentilesOf(online), disturbed: percentilesOf(disturbed) } }
}

function percentilesOf (histogram: HistogramRecord): Percentiles {
  const { count, maxMs } = histogram
  const at = (share: number): number | null => (1 - share) * count < 1 ? null : Math.round(quantileOf(histogram, share) ?? 0)
  return { count, p50Ms: at(0.5), p90Ms: at(0.9), p99Ms: at(0.99), p999Ms: at(0.999), maxMs: count === 0 ? null : maxMs }
}
