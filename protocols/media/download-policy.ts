/** What is fetched without being asked for. Decided by size, by who sent it, and by what the line costs; whatever is left waits for a person. */

export interface DownloadPolicy {
  /** Of a blob; 0: nothing comes by itself. */
  readonly autoBytesMax: number
  /** Only from contacts whose safety number was compared. */
  readonly isVerifiedOnly: boolean
  /** The line costs by the byte. */
  readonly isMetered: boolean
}

/** A photo, a voice note, a short film; not an archive. */
const AUTO_BYTES_MAX = 32 * 1024 * 1024
/** On a line that costs: a voice note of some minutes, which is there to be played at once. */
const METERED_VOICE_BYTES_MAX = 1024 * 1024

export const DOWNLOAD_POLICY: DownloadPolicy = { autoBytesMax: AUTO_BYTES_MAX, isVerifiedOnly: false, isMetered: false }

export interface Arriving {
  readonly blobBytes: number
  readonly isVoice: boolean
  /** Accepted as a contact. */
  readonly isContact: boolean
  readonly isVerified: boolean
}

export function isFetchedAtOnce ({ blobBytes, isVoice, isContact, isVerified }: Arriving, { autoBytesMax, isVerifiedOnly, isMetered }: DownloadPolicy): boolean {
  if (!isContact || (isVerifiedOnly && !isVerified)) return false
  if (isMetered) return isVoice && blobBytes <= Math.min(autoBytesMax, METERED_VOICE_BYTES_MAX)
  return blobBytes <= autoBytesMax
}
