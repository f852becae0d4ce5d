/** One more repetition with the profiler on, and what it saw. */
import { mkdir } from 'node:fs/promises'
import { ownTimes } from './profiling.ts'
import type { SkeinSides } from './skein-sides.ts'
import { IN_FLIGHT, type Run } from './suite.ts'

/** Functions that are told of. */
const SHOWN = 45

export async function tellProfile ({ note }: Run, { skein, folder, name, count }: { readonly skein: SkeinSides, readonly folder: string, readonly name: string, readonly count: number }): Promise<void> {
  await mkdir(folder, { recursive: true })
  const files = await skein.profile({ count, inFlight: IN_FLIGHT }, { folder, name })
  for (const path of [files.sender, files.taker]) note(await ownTimesText(path, { count, of: 'message' }))
}

/** What a profile holds, as text: microseconds for each of `count`. */
export async function ownTimesText (path: string, { count, of }: { readonly count: number, readonly of: string }): Promise<string> {
  const times = await ownTimes(path)
  const totalUs = times.reduce((sum, { us }) => sum + us, 0)
  const lines = times.slice(0, SHOWN).map(({ what, us }) => `${(us / count).toFixed(2).padStart(8)}  ${(us / totalUs * 100).toFixed(1).padStart(5)} %  ${what}`)
  return [`${path}: ${(totalUs / count).toFixed(1)} µs per ${of}`, ...lines].join('\n')
}
