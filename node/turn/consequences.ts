/** What follows from a turn, for those who come after it. */
import { StorageError } from '../../protocols/core/errors.ts'
import type { DeviceId, EnvelopeId } from '../../protocols/core/ids.ts'
import type { Sealer } from '../ports.ts'
import { refused, type Arrival, type Outcome } from './open.ts'
import { isUnaddressed } from './seal.ts'
import type { TakenOutcome } from './take.ts'

/** An envelope that was taken in. */
export interface Taken {
  readonly contact: number
  readonly envelopeId: EnvelopeId
  /** The relay that it came from; undefined: its author left it with us. */
  readonly relay: string | undefined
}

/** A full disk is looked at again after this long. */
export const STORAGE_RETRY_MS = 5_000
/** What we failed at stays at its relay and is tried again, in case the fault was ours. */
const FAULT_RETRY_MS = 60_000

/** What an arrival is answered that could not be written. */
export function outcomeOfFailed ({ via }: Arrival, error: Error): Outcome {
  if (error instanceof StorageError) return refused('storage', STORAGE_RETRY_MS)
  // Its author hears the refusal and tells its person; through a relay nobody would ever hear of it.
  return via === 'direct' ? refused('malformed') : refused('busy', FAULT_RETRY_MS)
}

/** What of an arrival the other relays should know. */
export function takenOf ({ arrival, opened, envelopeId }: TakenOutcome): Taken[] {
  if (opened.type !== 'contents' || envelopeId === undefined) return []
  return [{ contact: opened.from.contact, envelopeId, relay: arrival.via === 'relay' ? arrival.relay : undefined }]
}

/** Devices that something waits for and that there is no session with. */
export function sessionlessOf (parcels: ReadonlyArray<{ readonly deviceId: DeviceId }>, sealer: Sealer): DeviceId[] {
  return parcels.map(parcel => parcel.deviceId).filter(device => !isUnaddressed(device) && !sealer.hasSession(device))
}
