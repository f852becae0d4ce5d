/** Reading the other side's complaint that it could not decrypt. Law: docs/protocols/session.md, "Retry". */
import { DecryptionErrorMessage, LibSignalErrorBase } from '@signalapp/libsignal-client'
import type { SessionRecord } from '@signalapp/libsignal-client'
import { owned } from './boundary.ts'

/**
 * Whether `complaint` is about the state that we encrypt with now. Complaints come late and several at a time; only the
 * first one may end a session, or the replacement would be ended by the complaints about what it replaced.
 * One that cannot be read, or names no ratchet key, is about nothing that we know.
 */
export function isAboutCurrentState (session: SessionRecord | undefined, complaint: Uint8Array): boolean {
  const ratchetKey = read(complaint)?.ratchetKey()
  return ratchetKey !== undefined && session?.currentRatchetKeyMatches(ratchetKey) === true
}

function read (complaint: Uint8Array): DecryptionErrorMessage | undefined {
  try {
    return DecryptionErrorMessage.deserialize(owned(complaint))
  } catch (thrown) {
    if (thrown instanceof LibSignalErrorBase) return undefined
    throw thrown
  }
}
