/** Files of messages as the local API shows them. */
import { displayFileName } from '../../protocols/media/names.ts'
import { rootText, type BlobRoot } from '../../protocols/media/root.ts'
import type { AttachmentView } from '../../protocols/local/schema.ts'
import type { Reader } from '../../store/reader.ts'
import type { AttachmentPlace, BlobState, Message, StoredBlob } from '../../store/types.ts'
import type { TransferView } from '../media/mover.ts'
import { leafCount } from '../turn/media.ts'

const STATES: Readonly<Record<BlobState, AttachmentView['state']>> = { known: 'waiting', wanted: 'fetching', here: 'here', gone: 'gone', dropped: 'gone' }
/** A hint of the author's, and so his words: what is no media type is not shown as one (RFC 6838, 4.2). */
const MEDIA_TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]*\/[a-z0-9][a-z0-9!#$&^_.+-]*$/i
const UNKNOWN_TYPE = 'application/octet-stream'

export interface AttachmentParts {
  readonly reader: Reader
  /** How a blob fares on its way, now; undefined: this node moves none. */
  readonly transfer: (root: BlobRoot) => TransferView | undefined
}

export function attachmentView ({ attachment }: Pick<AttachmentPlace, 'attachment'>, message: Pick<Message, 'isOwn' | 'contact'>, { reader, transfer }: AttachmentParts): AttachmentView {
  const { root, name, bytes, type, width, height, durationMs, isVoice, thumbhash } = attachment
  const blob = reader.blobs.byRoot(root)
  const moving = transfer(root)
  return {
    cid: rootText(root),
    name: displayFileName(name),
    bytes,
    type: MEDIA_TYPE.test(type) ? type : UNKNOWN_TYPE,
    ...stateOf(blob, attachment.blobBytes, moving?.download),
    ...width > 0 && height > 0 && { width, height },
    ...durationMs > 0 && { durationMs },
    ...isVoice && { isVoice },
    ...thumbhash.byteLength > 0 && { thumbhash: Buffer.from(thumbhash).toString('base64') },
    ...message.isOwn && copiesOf(attachment, message.contact, reader),
    ...message.isOwn && uploadOf(moving, message.contact)
  }
}

function stateOf (blob: StoredBlob | undefined, blobBytes: number, download: TransferView['download']): Pick<AttachmentView, 'state' | 'parts' | 'partsHeld' | 'isPinned' | 'detail'> {
  const parts = leafCount(blobBytes)
  if (blob === undefined) return { state: 'gone', parts, partsHeld: 0, isPinned: false }
  const detail = download?.detail ?? blob.detail
  // The row is behind while a blob is on its way: it is written now and then.
  const partsHeld = download?.at === 'moving' ? download.leavesHeld : blob.leavesHeld
  return { state: STATES[blob.state], parts, partsHeld, isPinned: blob.isPinned, ...detail !== undefined && { detail } }
}

function copiesOf ({ root }: AttachmentPlace['attachment'], contact: number, reader: Reader): Pick<AttachmentView, 'copies' | 'copiesOf' | 'keepUntil' | 'isFetched'> {
  const isFetched = reader.blobs.recipients(root).some(recipient => recipient.contact === contact && recipient.fetchedAtMs !== undefined)
  const asked = reader.blobCopies.ofBlob(root).filter(copy => copy.contact === contact)
  const stored = asked.filter(({ state }) => state === 'stored')
  const keepUntilMs = Math.min(...stored.flatMap(({ keepUntilMs }) => keepUntilMs ?? []))
  return {
    isFetched,
    ...asked.length > 0 && { copies: stored.length, copiesOf: asked.length },
    ...Number.isFinite(keepUntilMs) && { keepUntil: new Date(keepUntilMs).toISOString() }
  }
}

/** What is known of the way to relays beyond the rows: how far it is, and how much is enough. */
function uploadOf (moving: TransferView | undefined, contact: number): Pick<AttachmentView, 'copies' | 'copiesOf' | 'copiesEnough' | 'partsStored' | 'keepUntil' | 'detail'> {
  const progress = moving?.uploads.find(upload => upload.contact === contact)?.progress
  if (progress === undefined || progress.of === 0) return {}
  const { at, stored, of, enough, leavesStored, keepUntilMs, relays } = progress
  const detail = at === 'stored' ? undefined : relays.find(relay => relay.detail !== undefined)?.detail
  return { copies: stored, copiesOf: of, copiesEnough: enough, partsStored: leavesStored, ...keepUntilMs > 0 && { keepUntil: new Date(keepUntilMs).toISOString() }, ...detail !== undefined && { detail } }
}
