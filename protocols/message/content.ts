/**
 * What one device tells another, as the program sees it. Many contents fold into one message: a text makes it, edits, a
 * deletion and reactions change it, receipts say where it is. The wire form is content.proto; decode-content.ts and
 * encode-content.ts are the way between. Law: docs/protocols/message.md.
 */
import type { SignedStatement } from '../account/wire.ts'
import type { ContentId } from '../core/ids.ts'
import type { BlobRoot } from '../media/root.ts'

/** Carried by every content, whatever it says. */
export interface Stamp {
  readonly id: ContentId
  /** The sending device's own count in this conversation, from 1. 0: not counted, as receipts and what precedes a conversation. */
  readonly counter: number
  /** Hybrid logical clock of the author, microseconds since 1970, at most HLC_US_MAX (clock.ts). */
  readonly hlcUs: number
  /** The latest messages that the author had seen: at most PARENTS_MAX, distinct, never the content itself. */
  readonly parents: readonly ContentId[]
  /** Wall clock of the author, milliseconds since 1970: shown, never compared. 0: not known. */
  readonly sentAtMs: number
}

/** Makes a message. */
export interface TextBody {
  readonly type: 'text'
  /** 1 to TEXT_BYTES_MAX bytes of UTF-8. */
  readonly text: string
  readonly replyTo?: ContentId | undefined
}

/** A file that lies elsewhere as a blob: where, how it is opened, and what can be shown before it is here. */
export interface Attachment {
  readonly root: BlobRoot
  /** Of the encryption, 32 bytes: of this blob alone. */
  readonly key: Uint8Array
  /** Whoever shows it may fetch the blob, 32 bytes. */
  readonly readKey: Uint8Array
  /** Of the file. */
  readonly bytes: number
  /** Of the ciphertext, padding included. */
  readonly blobBytes: number
  /** Of the file. */
  readonly sha256: Uint8Array
  /** As its author calls it, at most ATTACHMENT_NAME_BYTES_MAX: cleaned where it is shown, and no path (protocols/media/names.ts). */
  readonly name: string
  /** Media type as the author's node saw it; a hint. */
  readonly type: string
  /** Pixels, as shown; 0: not known. */
  readonly width: number
  readonly height: number
  /** 0: not known. */
  readonly durationMs: number
  /** A blurred placeholder; empty: none. */
  readonly thumbhash: Uint8Array
  /** WebP or JPEG; empty: none. */
  readonly thumbnail: Uint8Array
  readonly isVoice: boolean
  /** Until when relays have promised to keep it, as far as the author knew; 0: nothing is promised. */
  readonly keepUntilMs: number
  /** Multiaddrs of relays that keep it and are not the recipient's own. */
  readonly holders: readonly string[]
}

/** Makes a message, too: with files. */
export interface MediaBody {
  readonly type: 'media'
  /** May be empty. With the attachments at most TEXT_BYTES_MAX. */
  readonly text: string
  readonly replyTo?: ContentId | undefined
  /** 1 to ATTACHMENTS_MAX. */
  readonly attachments: readonly Attachment[]
}

/** fetched: the recipient has all of it · missing: no holder has it, the sender is asked · gone: the sender has it no longer. */
export type BlobNoticeKind = 'fetched' | 'missing' | 'gone'

/** About a blob, and no message: an older reader may miss it. */
export interface BlobNoticeBody {
  readonly type: 'blobNotice'
  readonly root: BlobRoot
  readonly kind: BlobNoticeKind
}

export interface EditBody {
  readonly type: 'edit'
  readonly target: ContentId
  /** The whole new text, 1 to TEXT_BYTES_MAX bytes of UTF-8. */
  readonly text: string
}

export interface DeletionBody {
  readonly type: 'deletion'
  readonly target: ContentId
}

export interface ReactionBody {
  readonly type: 'reaction'
  readonly target: ContentId
  /** At most EMOJI_BYTES_MAX bytes of UTF-8; empty takes the reaction back. */
  readonly emoji: string
}

export type ReceiptKind = 'delivered' | 'read'

export interface ReceiptBody {
  readonly type: 'receipt'
  readonly kind: ReceiptKind
  /** Messages, 1 to RECEIPT_IDS_MAX. */
  readonly ids: readonly ContentId[]
}

/** How the author can be reached while its devices are away; told to one contact, and to no other. */
export interface Reach {
  /** The aliases at all relays of all devices of the author are made from it. */
  readonly aliasSecret: Uint8Array
  /** Of the author's directory record: its Ed25519 key, and the key that opens it. */
  readonly recordKey: Uint8Array
  readonly readKey: Uint8Array
  /** The author's device list, when the contact may not have it. */
  readonly statement?: SignedStatement | undefined
}

/** A stranger asks to become a contact. */
export interface RequestBody {
  readonly type: 'request'
  /** As `cleanName` leaves it; may be empty. */
  readonly name: string
  /** At most REQUEST_TEXT_BYTES_MAX bytes of UTF-8; may be empty. */
  readonly text: string
  /** Multiaddrs at which the sending device may be reached, at most ADDRESSES_MAX, best first. */
  readonly addresses: readonly string[]
  /** Of the invite that admits the request. */
  readonly token: Uint8Array | undefined
  readonly reach?: Reach | undefined
}

/** The answer to a request. A rejection has none: a stranger does not learn of it. */
export interface AcceptBody {
  readonly type: 'accept'
  readonly name: string
  readonly addresses: readonly string[]
  readonly reach?: Reach | undefined
}

/** Name and addresses have changed. */
export interface ProfileBody {
  readonly type: 'profile'
  readonly name: string
  readonly addresses: readonly string[]
  /** When its owner changed it, milliseconds since 1970: a lower version never replaces a higher one. */
  readonly versionMs: number
  readonly reach?: Reach | undefined
}

/** Of a newer version, or broken in itself: kept as a message that says so, since dropping it would be a silent loss. */
export interface UnsupportedBody {
  readonly type: 'unsupported'
}

export type WritableBody = TextBody | EditBody | DeletionBody | ReactionBody | ReceiptBody | RequestBody | AcceptBody | ProfileBody | MediaBody | BlobNoticeBody

/** What can be written: everything that we understand. */
export type WritableContent = Stamp & WritableBody
export type Content = Stamp & (WritableBody | UnsupportedBody)
