/** The rows of the account database as the program sees them. Ids are bytes; times are milliseconds since 1970. */
import type { BlobRoot } from '../protocols/media/root.ts'
import type { Attachment } from '../protocols/message/content.ts'
import type { AccountId, ContentId, DeviceId, EnvelopeId } from '../protocols/core/ids.ts'

export type AcceptPolicy = 'ask' | 'all'
export type TrustPolicy = 'first-use' | 'verified-only'

export interface Own {
  readonly accountId: AccountId
  readonly deviceId: DeviceId
  readonly name: string
  readonly nameChangedAtMs: number
  /** SignedStatement, encoded. */
  readonly statement: Uint8Array
  /** Ed25519 secret key, 32 bytes. */
  readonly signingKey: Uint8Array
  /** libsignal IdentityKeyPair, serialised. */
  readonly identityKey: Uint8Array
  readonly registrationId: number
  /** libp2p private key, protobuf. */
  readonly networkKey: Uint8Array
  readonly acceptPolicy: AcceptPolicy
  readonly trustPolicy: TrustPolicy
  readonly sendsReadReceipts: boolean
  readonly createdAtMs: number
}

/**
 * requested: we asked, they have not answered · pending: they asked, held apart · accepted · blocked: nothing gets in ·
 * removed: history stays, nothing is sent.
 */
export type Standing = 'requested' | 'pending' | 'accepted' | 'blocked' | 'removed'

export interface Contact {
  readonly contact: number
  readonly accountId: AccountId
  readonly alias: string | undefined
  readonly name: string | undefined
  readonly profileVersion: number
  readonly standing: Standing
  readonly statement: Uint8Array | undefined
  readonly epoch: number
  readonly seq: number
  readonly statementHash: Uint8Array | undefined
  readonly isKeyChanged: boolean
  readonly verifiedEpoch: number | undefined
  readonly inviteToken: Uint8Array | undefined
  readonly toldProfile: number
  readonly createdAtMs: number
  /** Behind our aliases for them, 32 bytes: they alone are told. Made once they may reach us. */
  readonly aliasSecret: Uint8Array | undefined
  /** Behind their aliases for us, 32 bytes; undefined: they have not told us. */
  readonly theirAliasSecret: Uint8Array | undefined
  /** Names and signs their directory record, Ed25519 public key. */
  readonly recordKey: Uint8Array | undefined
  /** Opens their directory record, 32 bytes. */
  readonly readKey: Uint8Array | undefined
}

export interface Device {
  readonly deviceId: DeviceId
  readonly contact: number
  readonly identityKey: Uint8Array
  readonly registrationId: number
  readonly peerId: string
  readonly addresses: readonly string[]
  readonly isListed: boolean
}

/** `isRelay`: a relay where the invite's token opens a gate, else a device of the inviter. */
export interface Hint { readonly peerId: string, readonly address: string, readonly isRelay: boolean }

/** used: in our signed statement · leaving: emptied and given up once it answers. */
export type RelayStanding = 'used' | 'leaving'

/** A relay where our own device has a mailbox. */
export interface OwnRelay {
  /** libp2p PeerId, text form. */
  readonly peerId: string
  readonly standing: RelayStanding
  /** What it calls itself; may be empty. */
  readonly name: string
  /** Admits us where the relay asks for a code. */
  readonly code: string | undefined
  readonly addedAtMs: number
  /** When our mailbox there was last open. */
  readonly openedAtMs: number | undefined
  /** Multiaddrs, best first. */
  readonly addresses: readonly string[]
}

/** Prekeys that were brought to a relay together: ranges of ids. */
export interface Shard {
  readonly relay: string
  /** Counts from 1 for each relay. */
  readonly upload: number
  readonly signedPrekey: number
  readonly lastResort: number
  readonly firstOneTime: number
  readonly firstKem: number
  /** One-time keys of each kind. */
  readonly count: number
  /** An encoded ShardUpload; undefined: the relay has confirmed it. */
  readonly bytes: Uint8Array | undefined
}

export interface Invite {
  readonly token: Uint8Array
  readonly kind: 'once' | 'long-term'
  readonly createdAtMs: number
  readonly expiresAtMs: number | undefined
  readonly usedAtMs: number | undefined
  readonly isRevoked: boolean
}

export interface Request {
  readonly contact: number
  readonly requestId: ContentId
  readonly name: string
  readonly text: string
  readonly inviteToken: Uint8Array | undefined
  readonly receivedAtMs: number
}

export interface Conversation {
  readonly contact: number
  readonly counter: number
  readonly hlcUs: number
  readonly heads: readonly ContentId[]
  readonly unread: number
  readonly lastRow: number
}

/** Of an own message; see GLOSSARY, "state". The numbers are stored. */
export const OWN_STATE = { queued: 0, stored: 1, delivered: 2, read: 3, failed: 4, expired: 5, cancelled: 6 } as const
/** Of somebody else's message. */
export const THEIR_STATE = { unread: 10, read: 11 } as const
export type OwnState = keyof typeof OWN_STATE
export type TheirState = keyof typeof THEIR_STATE

export const MESSAGE_KIND = { text: 0, unsupported: 1, media: 2 } as const

export interface Message {
  readonly row: number
  readonly id: ContentId
  readonly contact: number
  readonly isOwn: boolean
  readonly counter: number
  readonly hlcUs: number
  readonly positionUs: number
  readonly parents: readonly ContentId[]
  readonly missing: number
  readonly sentAtMs: number
  readonly receivedAtMs: number
  readonly kind: number
  readonly text: string
  readonly original: string | undefined
  readonly replyTo: ContentId | undefined
  readonly isDeleted: boolean
  readonly editedAtMs: number | undefined
  /** Contact number (0: us) to emoji. */
  readonly reactions: Readonly<Record<string, string>>
  readonly state: OwnState | TheirState
  readonly stateAtMs: number
  readonly deliveredAtMs: number | undefined
  readonly reason: string | undefined
}

export type NewMessage = Pick<Message, 'id' | 'contact' | 'isOwn' | 'counter' | 'hlcUs' | 'positionUs' | 'parents' | 'missing' |
  'sentAtMs' | 'receivedAtMs' | 'kind' | 'text' | 'replyTo' | 'state'>

export const CHANGE_KIND = { edit: 1, deletion: 2, reaction: 3 } as const
export type ChangeKind = keyof typeof CHANGE_KIND

export interface Change {
  readonly id: ContentId
  readonly target: ContentId
  readonly contact: number
  /** 0: us, else the contact. */
  readonly author: number
  readonly kind: ChangeKind
  readonly hlcUs: number
  readonly counter: number
  readonly parents: readonly ContentId[]
  readonly sentAtMs: number
  /** Edit: the new text. Reaction: the emoji, empty to take it back. Deletion: empty. */
  readonly body: string
}

/**
 * What an envelope holds, by reference: its contents are made again from the tables when it is sealed, and when the other
 * side asks for it again. For 'delivered' and 'read' the id is the message's; 'request', 'accept' and 'profile' are made
 * from the state of the moment; 'retry' names the envelope that could not be decrypted. The notices about a blob name it by the first
 * 16 bytes of its root's hash.
 */
export interface Ref { readonly kind: RefKind, readonly id: Uint8Array }
export type RefKind = 'text' | 'change' | 'delivered' | 'read' | 'request' | 'accept' | 'profile' | 'retry' | 'blobFetched' | 'blobMissing' | 'blobGone'

export const OUTBOX_STATE = { waiting: 0, sealed: 1, delivered: 2, refused: 3, expired: 4, cancelled: 5 } as const
export type OutboxState = keyof typeof OUTBOX_STATE

/**
 * Stands for a device that is not known yet: contents for a contact that has not accepted our request wait under it and are
 * handed to the real devices on acceptance.
 */
export const UNADDRESSED = new Uint8Array(16) as DeviceId

/** libsignal's numbers, and 8 for its plaintext form. */
export const CIPHER_KIND = { whisper: 2, prekey: 3, plaintext: 8 } as const
export type OutboxCipherKind = keyof typeof CIPHER_KIND

export interface Outgoing {
  readonly row: number
  readonly deviceId: DeviceId
  readonly contact: number
  readonly refs: readonly Ref[]
  readonly envelopeId: EnvelopeId | undefined
  readonly cipherKind: OutboxCipherKind | undefined
  readonly ciphertext: Uint8Array | undefined
  readonly gateToken: Uint8Array | undefined
  readonly state: OutboxState
  readonly attempts: number
  readonly queuedAtMs: number
  readonly sealedAtMs: number | undefined
  readonly sentAtMs: number | undefined
  readonly settledAtMs: number | undefined
  readonly expiresAtMs: number
}

export const COPY_STATE = { waiting: 0, stored: 1, refused: 2 } as const
export type CopyStateName = keyof typeof COPY_STATE

/** Of an envelope at one of its recipient's relays. */
export interface Copy {
  readonly outbox: number
  /** PeerId. */
  readonly relay: string
  readonly depositId: EnvelopeId
  /** waiting: to be deposited, again perhaps. refused: for good. */
  readonly state: CopyStateName
  readonly attempts: number
  /** Both by our own clock. */
  readonly storedAtMs: number | undefined
  readonly expiresAtMs: number | undefined
  /** What went wrong last, in words. */
  readonly detail: string | undefined
  /** Evidence of protocols/deposit/custody.ts. */
  readonly evidence: Uint8Array | undefined
}

/** An attachment where it stands. */
export interface AttachmentPlace {
  readonly message: ContentId
  /** From 0, in the order of the message. */
  readonly place: number
  readonly attachment: Attachment
}

/**
 * known: named by a message and not asked for · wanted: to be fetched · here: all of it is on the disk · gone: no holder has it, the sender
 * neither · dropped: no message points to it any more, its files are to be removed. The numbers are stored.
 */
export const BLOB_STATE = { known: 0, wanted: 1, here: 2, gone: 3, dropped: 4 } as const
export type BlobState = keyof typeof BLOB_STATE

export interface StoredBlob {
  readonly root: BlobRoot
  readonly state: BlobState
  /** Of the ciphertext. */
  readonly blobBytes: number
  /** Verified and on the disk. */
  readonly leavesHeld: number
  readonly isPinned: boolean
  readonly addedAtMs: number
  readonly usedAtMs: number
  /** Of wanted and gone: what stands in the way, in words. */
  readonly detail: string | undefined
}

/** Somebody to whom we have sent a blob. */
export interface BlobRecipient {
  readonly root: BlobRoot
  readonly contact: number
  readonly addedAtMs: number
  readonly fetchedAtMs: number | undefined
}

export const BLOB_COPY_STATE = { waiting: 0, stored: 1, refused: 2, released: 3 } as const
export type BlobCopyState = keyof typeof BLOB_COPY_STATE

/** Of a blob at a relay of somebody to whom we have sent it. */
export interface BlobCopy {
  readonly root: BlobRoot
  readonly contact: number
  /** PeerId. */
  readonly relay: string
  /** waiting: to be brought, again perhaps. refused: for good. released: not needed any more, and the relay knows. */
  readonly state: BlobCopyState
  readonly attempts: number
  /** Leaves that the relay said to have. */
  readonly leavesStored: number
  /** By the relay's clock. */
  readonly keepUntilMs: number | undefined
  /** What went wrong last, in words. */
  readonly detail: string | undefined
  /** The relay's signed promise, or that it has stored all of it. */
  readonly evidence: Uint8Array | undefined
}

export interface Trace { readonly outbox: number, readonly atMs: number, readonly step: string, readonly detail: string }

export interface StoredEvent {
  readonly seq: number
  readonly atMs: number
  readonly type: string
  readonly contact: number
  readonly refs: readonly ContentId[]
  /** JSON or ''. */
  readonly detail: string
}

/**
 * A place in the feed: all rows before `seq` have been seen, and of row `seq` its first `offset` events (a row without refs is
 * one event). { seq: 0, offset: 0 } is the beginning; { seq: newestSeq + 1, offset: 0 } is now.
 */
export interface Cursor { readonly seq: number, readonly offset: number }

export interface Hook { readonly hook: number, readonly event: string, readonly command: string, readonly createdAtMs: number }
