/** What waits for the next turn, and how much of it one turn takes. */
import { idKey, type ContentId, type DeviceId } from '../../protocols/core/ids.ts'
import { PACK_CONTENTS_MAX } from '../../protocols/core/limits.ts'
import type { Writer } from '../../store/writer.ts'
import type { Draft } from './compose.ts'
import type { Arrival } from './open.ts'
import type { Round } from './round.ts'
import type { Settlement } from './settle.ts'

/**
 * Work of one kind in one turn: enough for a full batch each way, few enough that a turn stays below some 30 ms. Of drafts it is
 * one full envelope, so that the other side works on it while we make the next.
 */
export const WORK_MAX = 256
/** Devices whose waiting contents are sealed in one turn. */
const SEAL_DEVICES_MAX = 16

/** Anything else that writes. `prepare` may use the sealer: nobody else does meanwhile. */
export interface Task {
  readonly prepare?: () => Promise<void> | void
  readonly write: (writer: Writer, round: Round) => void
  readonly onDone: () => void
  readonly onFailed: (error: Error) => void
}

export interface Drafted {
  readonly draft: Draft
  readonly onDone: (id: ContentId) => void
  readonly onFailed: (error: Error) => void
}

/** One turn's share. */
export interface Work {
  readonly arrivals: readonly Arrival[]
  readonly drafts: readonly Drafted[]
  readonly tasks: readonly Task[]
  readonly settlements: readonly Settlement[]
  /** Devices whose waiting contents can be sealed. */
  readonly devices: readonly DeviceId[]
}

export class WorkQueue {
  readonly arrivals: Arrival[] = []
  readonly drafts: Drafted[] = []
  readonly tasks: Task[] = []
  readonly settlements: Settlement[] = []
  readonly #devices = new Map<string, DeviceId>()

  isEmpty (): boolean {
    return this.arrivals.length + this.drafts.length + this.tasks.length + this.settlements.length + this.#devices.size === 0
  }

  seal (device: DeviceId): void {
    this.#devices.set(idKey(device), device)
  }

  /** Takes the next turn's share out. */
  take (): Work {
    const devices = [...this.#devices.values()].slice(0, SEAL_DEVICES_MAX)
    for (const device of devices) this.#devices.delete(idKey(device))
    return {
      arrivals: this.arrivals.splice(0, WORK_MAX),
      drafts: this.drafts.splice(0, PACK_CONTENTS_MAX),
      tasks: this.tasks.splice(0, WORK_MAX),
      settlements: this.settlements.splice(0, WORK_MAX * 4),
      devices
    }
  }
}

/** Each item by itself: which of them it is that fails, only trying them apart tells. */
export function singles ({ arrivals, drafts, tasks, settlements, devices }: Work): Work[] {
  const none: Work = { arrivals: [], drafts: [], tasks: [], settlements: [], devices: [] }
  return [
    ...arrivals.map(arrival => ({ ...none, arrivals: [arrival] })),
    ...drafts.map(draft => ({ ...none, drafts: [draft] })),
    ...tasks.map(task => ({ ...none, tasks: [task] })),
    ...settlements.map(settlement => ({ ...none, settlements: [settlement] })),
    ...devices.map(device => ({ ...none, devices: [device] }))
  ]
}
