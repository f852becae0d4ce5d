/** What a run of the benchmarks finds out: figures, the raw limits beside them, the budgets they are held against. */

export type Unit = 'ms' | 's' | 'bytes' | 'deposits' | 'messages/s' | 'deposits/s' | 'flushes/s' | 'µs' | 'MiB' | 'KiB' | 'kB/h' | '%' | 'messages'

export type Budget =
  | { readonly type: 'atMost', readonly value: number }
  /** `stretch`: what we would like. */
  | { readonly type: 'atLeast', readonly value: number, readonly stretch?: number }
  /** So many times the raw limit of the same run. */
  | { readonly type: 'timesLimit', readonly value: number }
  /** So much more than the raw limit of the same run. */
  | { readonly type: 'aboveLimit', readonly value: number }

/** What the machine does without us, measured in the same run. */
export interface Limit { readonly value: number, readonly of: string }

export interface Figure {
  readonly suite: string
  readonly what: string
  readonly value: number
  readonly unit: Unit
  readonly limit?: Limit
  readonly budget?: Budget
}

/** `share`: how far beyond the budget, of the budget; 0 when it is met. */
export interface Verdict { readonly isMet: boolean, readonly share: number }

/** Of the figure to its raw limit. */
export function ratioOf ({ value, limit }: Figure): number | undefined {
  return limit === undefined || limit.value === 0 ? undefined : value / limit.value
}

/** `undefined` without a budget, or when its limit was not measured. */
export function verdictOf (figure: Figure): Verdict | undefined {
  const bound = boundOf(figure)
  if (bound === undefined) return undefined
  const isMet = bound.isLower ? figure.value >= bound.value : figure.value <= bound.value
  return { isMet, share: isMet ? 0 : Math.abs(figure.value - bound.value) / bound.value }
}

/** The `share`-th of the values, 0 to 1; 0 of none. */
export function percentile (values: readonly number[], share: number): number {
  const sorted = [...values].sort((left, right) => left - right)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

export function median (values: readonly number[]): number { return percentile(values, 0.5) }

function boundOf ({ budget, limit }: Figure): { readonly value: number, readonly isLower: boolean } | undefined {
  switch (budget?.type) {
    case undefined:
      return undefined
    case 'atMost':
      return { value: budget.value, isLower: false }
    case 'atLeast':
      return { value: budget.value, isLower: true }
    case 'timesLimit':
      return limit === undefined ? undefined : { value: budget.value * limit.value, isLower: false }
    case 'aboveLimit':
      return limit === undefined ? undefined : { value: budget.value + limit.value, isLower: false }
  }
}
