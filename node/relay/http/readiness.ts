/** Whether the relay can do its work, and whether it takes new users: for /readyz, the dashboard and the command line. */
import type { Closed, RelayStats } from '../stats.ts'

export interface Readiness {
  /** Deposits are taken and mail is handed out. */
  readonly isReady: boolean
  /** Why not, in words; empty when it is. */
  readonly reasons: readonly string[]
  /** Why nobody gets a new mailbox at the moment, in words; that alone does not make a relay unready: its users need it. */
  readonly closed: readonly string[]
}

export const CLOSED_WORDS: Readonly<Record<Closed, string>> = {
  draining: 'it is draining',
  load: 'the processor is too busy',
  memory: 'memory is short',
  disk: 'the file system is nearly full',
  cap: 'the cap on disk use is nearly reached',
  storage: 'the disk refuses writes',
  full: 'there are as many as the operator wants'
}

export function readinessOf ({ state, closed }: Pick<RelayStats, 'state' | 'closed'>): Readiness {
  const reasons = [
    ...state === 'starting' ? ['it is starting'] : [],
    ...state === 'stopping' ? ['it is stopping'] : [],
    ...state === 'draining' || closed.includes('draining') ? [CLOSED_WORDS.draining] : [],
    ...closed.includes('storage') ? [CLOSED_WORDS.storage] : []
  ]
  return { isReady: reasons.length === 0, reasons, closed: closed.map(reason => CLOSED_WORDS[reason]) }
}
