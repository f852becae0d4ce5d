/** What a running relay offers to whoever operates it. The dashboard reads it, the control socket also changes things. */
import type { Signer } from '../../ports.ts'
import type { RelayConfig } from '../config.ts'
import type { RelayStats } from '../stats.ts'

export interface MailboxView {
  /** The relay's own name of it, `m-3f9c…`. */
  readonly name: string
  /** Of its owner's device: what `block` takes. */
  readonly peerId: string
  readonly items: number
  readonly bytes: number
  /** undefined: nothing waits. */
  readonly oldestAtMs: number | undefined
  /** When its first envelope expires; undefined: nothing waits. */
  readonly nextExpiryAtMs: number | undefined
  /** To the day. */
  readonly lastSeenAtMs: number
  readonly isBlocked: boolean
}

export interface Collected {
  /** Envelopes that had expired and are gone now. */
  readonly expired: number
  /** Given back to the file system. */
  readonly releasedBytes: number
}

export interface RelayOperator {
  readonly peerId: string
  readonly signer: Signer
  /** The rules in force. */
  readonly config: () => RelayConfig
  readonly stats: () => RelayStats
  /** The largest first, or those that are stuck. */
  readonly mailboxes: (options: { readonly isStuck: boolean, readonly limit: number }) => readonly MailboxView[]
  /** Whether there is such a mailbox. Durable when it resolves. */
  readonly block: (peerId: string, isBlocked: boolean) => Promise<boolean>
  /** Removes what has expired and gives free pages back, in slices. */
  readonly collectGarbage: () => Promise<Collected>
  /** Closes for good, or opens again: owners are told, nobody new is taken. Durable when it resolves; how many were told. */
  readonly drain: (isDraining: boolean) => Promise<number>
  /** Other rules from now on. */
  readonly configure: (config: RelayConfig) => void
}
