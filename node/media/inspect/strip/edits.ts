/** Changes of a file that move nothing: as many bytes stand there afterwards. */
import { MalformedError } from '../../../../protocols/core/errors.ts'
import type { Removed } from '../inspection.ts'
import type { Plan } from './plan.ts'

/** Bytes from a place on: these, and zeros up to `to`. */
export interface Edit { readonly from: number, readonly to: number, readonly bytes: Uint8Array, readonly removes: readonly Removed[] }

/** Edits that cover each other are those of a file that points at the same bytes twice: it is not one that a camera made. */
export function applyEdits (edits: readonly Edit[], { plan, end }: { readonly plan: Plan, readonly end: number }): void {
  let at = 0
  for (const { from, to, bytes, removes } of edits.toSorted((a, b) => a.from - b.from)) {
    if (from < at || to > end || from + bytes.length > to) throw new MalformedError('film', 'its parts do not overlap')
    plan.keep(at, from)
    if (bytes.length > 0) plan.put(bytes)
    plan.zeros(to - from - bytes.length)
    for (const kind of removes) plan.removed.add(kind)
    at = to
  }
  plan.keep(at, end)
}
