/**
 * What a failed decrypt means. libsignal tells "no session", "unknown prekey", "bad MAC" and an exception of one of our own
 * stores apart only in its texts, which are no interface: so the first two are found out beforehand or in the stores, and
 * error codes settle the rest. Law: docs/protocols/session.md, "When decrypting fails".
 */
import { CiphertextMessageType, DecryptionErrorMessage, ErrorCode, LibSignalErrorBase } from '@signalapp/libsignal-client'
import type { Decrypted, DecryptFailure, Sealed } from '../ports.ts'
import { LIBSIGNAL_DEVICE, owned } from './boundary.ts'
import { PrekeyRefusal } from './prekeys.ts'

/**
 * @param thrown what libsignal threw
 * @param storeFault what our own prekey store threw meanwhile, if it did
 * @throws what our own store threw when it is no refusal: the disk's faults and our bugs are not the sender's
 */
export function reasonOf (thrown: unknown, storeFault: Error | undefined): DecryptFailure {
  if (storeFault instanceof PrekeyRefusal) return storeFault.reason
  if (storeFault !== undefined) throw storeFault
  // A panic inside libsignal arrives as a plain Error. Whatever these bytes did to it must not stop everybody else's.
  if (!(thrown instanceof LibSignalErrorBase)) return 'broken'
  if (thrown.code === ErrorCode.DuplicatedMessage) return 'duplicate'
  return thrown.code === ErrorCode.UntrustedIdentity ? 'untrusted' : 'broken'
}

/** With what the sender needs to see which of its sessions failed, unless it is nobody that we answer. */
export function failed (reason: DecryptFailure, sealed: Sealed): Decrypted {
  const decryptionError = reason === 'untrusted' ? undefined : decryptionErrorFor(sealed)
  return { type: 'failed', reason, ...(decryptionError !== undefined && { decryptionError }) }
}

function ciphertextTypeOf (sealed: Sealed): CiphertextMessageType {
  return sealed.kind === 'prekey' ? CiphertextMessageType.PreKey : CiphertextMessageType.Whisper
}

/** libsignal DecryptionErrorMessage, serialised: names the ratchet key. Its time is 0: the retry request names the envelope. */
function decryptionErrorFor (sealed: Sealed): Uint8Array | undefined {
  try {
    return DecryptionErrorMessage.forOriginal(owned(sealed.body), ciphertextTypeOf(sealed), 0, LIBSIGNAL_DEVICE).serialize()
  } catch (thrown) {
    if (thrown instanceof LibSignalErrorBase) return undefined
    throw thrown
  }
}
