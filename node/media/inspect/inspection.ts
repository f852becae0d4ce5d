/**
 * What is found out about a file before it is sent, and what became of its metadata (docs/protocols/media.md, "What is in a file").
 * Every file is hostile until shown otherwise: whoever sends one may have it from a stranger.
 */

/** All that an attachment tells of a file besides its name. Fields that cannot be known are 0 or missing: nothing is guessed. */
export interface Inspection {
  /** Media type by content; `application/octet-stream` when it is none that we know. Never by name. */
  readonly type: string
  /** Of the file when it was looked at. */
  readonly bytes: number
  /** Pixels as shown (orientation applied), of pictures and videos; 0: not known, or more than 65,535. */
  readonly width: number
  readonly height: number
  /** 0: not known. */
  readonly durationMs: number
  /** A blurred placeholder, at most 64 bytes. */
  readonly thumbhash?: Uint8Array | undefined
  /** WebP, at most 8 KiB, without metadata. */
  readonly thumbnail?: Uint8Array | undefined
  /** It sounds like a voice note: Opus in Ogg, one channel, no title. Who records one knows better and says so. */
  readonly isVoice: boolean
  /** Why there is no thumbnail of what is a picture, or no duration of what is a recording. */
  readonly trouble?: Trouble | undefined
}

/**
 * `undecodable`: damaged, or of a kind that no decoder here reads. `too large`: more pixels, bytes or memory than are spent on a
 * preview. `too slow`: it took longer than a preview may. `crashed`: the decoder's process died of it.
 */
export type Trouble = 'undecodable' | 'too large' | 'too slow' | 'crashed'

/** What was removed. Words for people, in the order in which they matter to them. */
export type Removed =
  | 'location' | 'Exif' | 'XMP' | 'IPTC' | 'comment' | 'text' | 'embedded preview' | 'maker data' | 'provenance' | 'tags' | 'dates' | 'timed metadata' | 'appended data'

/** What became of the metadata of a file. Only `stripped` leaves a file at `outPath`. */
export type StripResult =
  /** A copy without it is at `outPath`; picture and sound are those of the source, bit for bit. Send the copy. */
  | { readonly at: 'stripped', readonly type: string, readonly removed: readonly Removed[], readonly bytes: number }
  /** There was none: send the file itself. */
  | { readonly at: 'clean', readonly type: string }
  /** Nothing is stripped from such files. `mayCarry` says in words what they may tell, when they may: to be shown, and no reason to stop. */
  | { readonly at: 'kept', readonly type: string, readonly mayCarry?: string | undefined }
  /** A picture or video whose metadata cannot be removed. Not to be sent unless its sender insists (`--original`); `risk` is the sentence to show. */
  | { readonly at: 'refused', readonly type: string, readonly why: 'format' | 'damaged' | 'too large' | 'too slow' | 'crashed', readonly risk: string }

export interface InspectOptions { readonly signal?: AbortSignal | undefined }

/**
 * Looks at files, one at a time, each in a process of its own. Throws NotFoundError, UsageError (no regular file) or StorageError when the
 * file cannot be read, and the signal's reason; never because of what is in the file.
 */
export interface Inspector {
  inspect: (path: string, options?: InspectOptions) => Promise<Inspection>
  /** `outPath` must not exist. Whatever happens, no unfinished file is left there. */
  strip: (path: string, outPath: string, options?: InspectOptions) => Promise<StripResult>
}

/** docs/protocols/media.md, "Attachment". */
export const THUMBNAIL_BYTES_MAX = 8 * 1024
