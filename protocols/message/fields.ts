/** The field numbers of content.proto, as tags: number and wire type in one, as they stand before each value. */

/** A number. */
const VARINT = 0
/** Bytes, text or a nested message, after their length. */
const LENGTH_DELIMITED = 2

function varint (number: number): number { return number << 3 | VARINT }
function delimited (number: number): number { return number << 3 | LENGTH_DELIMITED }

export const PACK_TAGS = { content: delimited(1), senderStatement: delimited(2) } as const

export const STAMP_TAGS = { id: delimited(1), counter: varint(2), hlcUs: varint(3), parent: delimited(4), sentAtMs: varint(5) } as const

export const BODY_TAGS = {
  text: delimited(10),
  edit: delimited(11),
  deletion: delimited(12),
  reaction: delimited(13),
  receipt: delimited(14),
  request: delimited(15),
  accept: delimited(16),
  profile: delimited(17),
  media: delimited(18),
  blobNotice: delimited(64)
} as const

export const TEXT_TAGS = { text: delimited(1), replyTo: delimited(2) } as const
export const EDIT_TAGS = { target: delimited(1), text: delimited(2) } as const
export const DELETION_TAGS = { target: delimited(1) } as const
export const REACTION_TAGS = { target: delimited(1), emoji: delimited(2) } as const
export const RECEIPT_TAGS = { kind: varint(1), id: delimited(2) } as const
export const REQUEST_TAGS = { name: delimited(1), text: delimited(2), address: delimited(3), token: delimited(4), reach: delimited(5) } as const
export const ACCEPT_TAGS = { name: delimited(1), address: delimited(2), reach: delimited(3) } as const
export const PROFILE_TAGS = { name: delimited(1), address: delimited(2), versionMs: varint(3), reach: delimited(4) } as const

export const MEDIA_TAGS = { text: delimited(1), replyTo: delimited(2), attachment: delimited(3) } as const
export const ATTACHMENT_TAGS = {
  root: delimited(1),
  key: delimited(2),
  readKey: delimited(3),
  bytes: varint(4),
  blobBytes: varint(5),
  sha256: delimited(6),
  name: delimited(7),
  type: delimited(8),
  width: varint(9),
  height: varint(10),
  durationMs: varint(11),
  thumbhash: delimited(12),
  thumbnail: delimited(13),
  isVoice: varint(14),
  keepUntilMs: varint(15),
  holder: delimited(16)
} as const
export const BLOB_NOTICE_TAGS = { root: delimited(1), kind: varint(2) } as const

export const RECEIPT_KINDS = { delivered: 1, read: 2 } as const
export const BLOB_NOTICE_KINDS = { fetched: 1, missing: 2, gone: 3 } as const

/**
 * An unknown field of a content below this number changes what the content means, so we must not show it as if we understood:
 * a group's text is no message to one person. From here on, newer versions put what older ones may ignore.
 */
export const QUIET_FIELD_MIN = 64
