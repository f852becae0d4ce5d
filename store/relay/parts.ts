/** What each writer of a relay's tables works with. */
import type { Database } from '../database.ts'
import type { DiskSpace } from './space.ts'
import type { RunningTotals } from './totals.ts'
import type { RelayReader } from './types.ts'

export interface WriterParts {
  readonly database: Database
  readonly read: RelayReader
  readonly space: DiskSpace
  readonly totals: RunningTotals
  /** Ids of items that have gone, remembered for one door. */
  readonly rememberedMax: number
}
