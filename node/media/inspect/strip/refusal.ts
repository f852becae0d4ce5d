/** What a sender reads when metadata cannot be removed: what cannot be done, what that may tell, what can be done. */
import type { StripResult } from '../inspection.ts'

type Refused = Extract<StripResult, { readonly at: 'refused' }>

export function refusal (type: string, why: Refused['why']): Refused {
  const cause = {
    format: `Metadata cannot be removed from ${type} here.`,
    damaged: 'The file is damaged or made in an unknown way, so its metadata cannot be removed.',
    'too large': 'Removing the metadata would take too much memory.',
    'too slow': 'Removing the metadata took too long.',
    crashed: 'Removing the metadata failed.'
  }[why]
  return { at: 'refused', type, why, risk: `${cause} It may tell where and when the picture was taken, and with what. To send it all the same: --original.` }
}
