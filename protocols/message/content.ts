/**
 * What one device tells another, as the program sees it. Many contents fold into one message: a text makes it, edits, a
 * deletion and reactions change it, receipts say where it is. The wire form is content.proto; decode-content.ts and
 * encode-content.ts are the way between. Law: docs/protocols/message.md.
 */
import type { SignedStatement } from '../account/wire.ts'
import type { ContentId } from '../core/ids.ts'

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

export type WritableBody = TextBody | EditBody | DeletionBody | ReactionBody | ReceiptBody | RequestBody | AcceptBody | ProfileBody

/** What can be written: everything that we understand. */
export type WritableContent = Stamp & WritableBody
export type Content = Stamp & (WritableBody | UnsupportedBody)
