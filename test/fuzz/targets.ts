/** Every decoder that takes bytes or text from outside. A new decoder adds its target here, in a file named after its protocol. */
import { accountTargets } from './account.fuzz.ts'
import { coreTargets } from './core.fuzz.ts'
import { depositTargets } from './deposit.fuzz.ts'
import { directoryTargets } from './directory.fuzz.ts'
import { envelopeTargets } from './envelope.fuzz.ts'
import { mailboxTargets } from './mailbox.fuzz.ts'
import { mediaTargets } from './media.fuzz.ts'
import { messageTargets } from './message.fuzz.ts'
import { pathsTargets } from './paths.fuzz.ts'
import { prekeysTargets } from './prekeys.fuzz.ts'

export interface FuzzTarget {
  /** Protocol and message, as `deposit/DepositFrame`. */
  readonly name: string
  /** Takes arbitrary bytes: returns a value or throws MalformedError, in bounded time and memory. */
  readonly decode: (bytes: Uint8Array) => unknown
  /** Valid inputs, from which mutants are made. */
  readonly seeds: readonly Uint8Array[]
}

export const fuzzTargets: readonly FuzzTarget[] = [
  ...coreTargets,
  ...accountTargets,
  ...prekeysTargets,
  ...envelopeTargets,
  ...depositTargets,
  ...mailboxTargets,
  ...directoryTargets,
  ...mediaTargets,
  ...messageTargets,
  ...pathsTargets
]
