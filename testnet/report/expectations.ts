/** What was expected and what was seen, as a record has it. */
import { countText } from '../../protocols/core/quantity.ts'
import type { Verdict } from '../prove/checker.ts'
import type { Expectation, Seen } from '../scenario/expectation.ts'
import type { ExpectationRecord } from './record.ts'

export function expectationRecord ({ text, judge, figure, limitMs }: Expectation, seen: Seen): ExpectationRecord {
  const instead = judge(seen)
  return { text, holds: instead === undefined, seen: figure?.(seen) ?? instead ?? 'it holds', limitMs: limitMs ?? null }
}

/** What a proof is about, in the words of scenarios. */
export function promisesOf ({ lost, duplicated, reordered, undecryptable }: Verdict): ExpectationRecord[] {
  return [
    { text: 'lost == 0', holds: lost.length === 0, seen: countText(lost.length), limitMs: null },
    { text: 'duplicates == 0', holds: duplicated.length === 0, seen: countText(duplicated.length), limitMs: null },
    { text: 'order == causal', holds: reordered.length === 0, seen: reordered.length === 0 ? 'the same on both sides' : `${countText(reordered.length)} in another order`, limitMs: null },
    { text: 'undecryptable == 0', holds: undecryptable.length === 0, seen: countText(undecryptable.length), limitMs: null }
  ]
}
