/** What a scenario expects, as a line: `lost == 0`, `p99(delivery|online) < 3s`, `equal within 60s`, `order == causal`. Reads and judges; nothing else. */
import { durationText, parseDuration } from '../../cli/time.ts'
import { UsageError } from '../../protocols/core/errors.ts'
import { countText, latencyText } from '../../protocols/core/quantity.ts'

/** What was seen in one run. Times in milliseconds. */
export interface Seen {
  readonly messages: number
  readonly lost: number
  readonly duplicates: number
  /** Conversations whose two sides show another order. */
  readonly reordered: number
  /** From the sender's wish to the recipient's disk, of every message. */
  readonly deliveryMs: readonly number[]
  /** Of those whose two ends were up, connected and right all the while. */
  readonly onlineDeliveryMs: readonly number[]
  /** From the end of talk and faults until nothing was on its way. */
  readonly settleMs: number
}

export interface Expectation {
  readonly text: string
  /** undefined: it holds; else what was seen instead, in words. */
  readonly judge: (seen: Seen) => string | undefined
  /** What was seen, for a table: `0`, `1.8 s`. */
  readonly figure?: (seen: Seen) => string
  /** Of one about times. */
  readonly limitMs?: number
}

type Comparison = '==' | '<' | '<=' | '>' | '>='

const COUNTS = { lost: 'lost', duplicates: 'duplicates', messages: 'messages' } as const
const COUNT = /^(?<what>lost|duplicates|messages) (?<comparison>==|<=?|>=?) (?<value>\d+)$/
const QUANTILE = /^p(?<percent>\d{1,2}(?:\.\d+)?)\(delivery(?<online>\|online)?\) (?<comparison><=?) (?<value>\S+)$/
const EQUAL = /^equal within (?<value>\S+)$/
const FORMS = 'lost == 0, duplicates == 0, messages >= 100, order == causal, p99(delivery) < 5s, p99(delivery|online) < 3s, equal within 60s'

/** @throws UsageError when it is none of the forms */
export function parseExpectation (line: string): Expectation {
  const text = line.trim().replace(/\s+/g, ' ')
  return countExpectation(text) ?? orderExpectation(text) ?? quantileExpectation(text) ?? equalExpectation(text) ?? unknown(text)
}

function countExpectation (text: string): Expectation | undefined {
  const { what, comparison, value } = COUNT.exec(text)?.groups ?? {}
  if (what === undefined) return undefined
  const name = COUNTS[what as keyof typeof COUNTS]
  return { text, figure: seen => countText(seen[name]), judge: seen => holds(seen[name], comparison as Comparison, Number(value)) ? undefined : `${name} was ${seen[name]}` }
}

/** Order is causal where parents stand before children; two sides that hold the same then show the same. */
function orderExpectation (text: string): Expectation | undefined {
  if (text !== 'order == causal') return undefined
  return { text, figure: ({ reordered }) => reordered === 0 ? 'the same on both sides' : `${countText(reordered)} in another order`, judge: ({ reordered }) => reordered === 0 ? undefined : `${reordered} ${reordered === 1 ? 'conversation was' : 'conversations were'} in another order on the other side` }
}

function quantileExpectation (text: string): Expectation | undefined {
  const { percent, online, comparison, value } = QUANTILE.exec(text)?.groups ?? {}
  if (percent === undefined || value === undefined) return undefined
  const limitMs = parseDuration(value, text)
  return {
    text,
    limitMs,
    figure: ({ deliveryMs, onlineDeliveryMs }) => tookText(quantile(online === undefined ? deliveryMs : onlineDeliveryMs, Number(percent) / 100)),
    judge: ({ deliveryMs, onlineDeliveryMs }) => {
      const sample = online === undefined ? deliveryMs : onlineDeliveryMs
      const quantileMs = quantile(sample, Number(percent) / 100)
      if (quantileMs === undefined) return 'no message was delivered that would count'
      return holds(quantileMs, comparison as Comparison, limitMs) ? undefined : `it was ${durationText(quantileMs)}, of ${sample.length} messages`
    }
  }
}

function equalExpectation (text: string): Expectation | undefined {
  const { value } = EQUAL.exec(text)?.groups ?? {}
  if (value === undefined) return undefined
  const limitMs = parseDuration(value, text)
  return {
    text,
    figure: ({ settleMs, lost, reordered }) => lost + reordered > 0 ? 'never' : tookText(settleMs),
    judge: ({ settleMs, lost, reordered }) => {
      if (lost + reordered > 0) return 'both sides never became equal'
      return settleMs <= limitMs ? undefined : `it took ${durationText(settleMs)}`
    }
  }
}

function tookText (tookMs: number | undefined): string { return tookMs === undefined ? 'no delivery' : latencyText(tookMs) }

function unknown (text: string): never {
  throw new UsageError(`nothing can be expected like "${text}"`, `For example: ${FORMS}`)
}

function holds (value: number, comparison: Comparison, limit: number): boolean {
  switch (comparison) {
    case '==': return value === limit
    case '<': return value < limit
    case '<=': return value <= limit
    case '>': return value > limit
    case '>=': return value >= limit
  }
}

/** The nearest rank: a value that was seen. undefined: none was. */
export function quantile (values: readonly number[], share: number): number | undefined {
  const sorted = [...values].sort((left, right) => left - right)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
}
