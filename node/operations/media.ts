/** Files: taken in to be sent, fetched, listed, kept and let go. */
import { isAbsolute } from 'node:path'
import { NotFoundError, RefusedError, UsageError } from '../../protocols/core/errors.ts'
import { idText } from '../../protocols/core/ids.ts'
import { paddedBytes } from '../../protocols/media/padding.ts'
import { BLOB_LAYOUT, ciphertextBytes } from '../../protocols/media/segments.ts'
import type { BlobRoot } from '../../protocols/media/root.ts'
import type { Result } from '../../protocols/local/operations.ts'
import type { Reader } from '../../store/reader.ts'
import type { AttachmentPlace, Message, StoredBlob } from '../../store/types.ts'
import { labelOf, resolveContact } from '../contacts/resolve.ts'
import type { Feed } from '../feed.ts'
import { rootTexts } from '../media/keeper.ts'
import type { Media } from '../media/media.ts'
import { saveAttachment } from '../media/saving.ts'
import type { Clock, Random } from '../ports.ts'
import { tellAttachments } from '../turn/media.ts'
import type { Turn } from '../turn/turn.ts'
import { attachmentView } from './attachments.ts'
import { findMessage } from './find.ts'
import type { Handlers } from './handlers.ts'
import { instant } from './views.ts'

const LIST_DEFAULT = 50

/** What a node that keeps files has for them. */
export interface MediaOperationParts {
  readonly reader: Reader
  readonly turn: Turn
  readonly feed: Feed
  readonly clock: Clock
  readonly random: Random
  readonly media: Media
}

export type MediaName = 'media.take' | 'media.taken' | 'media.drop' | 'media.offers' | 'media.get' | 'media.list' | 'media.gc' | 'media.pin'

export function mediaOperations (parts: MediaOperationParts): Handlers<MediaName> {
  const { reader, media: { desk, keeper, world } } = parts
  return {
    'media.take': ({ path, name, original = false }) => ({ take: desk.take({ path: absolute(path), name, isOriginal: original }) }),
    'media.taken': async ({ take, waitMs = 0 }) => {
      const { bytesDone, bytes, notes, attachment } = await desk.progress(take, waitMs)
      return { isDone: attachment !== undefined, bytesDone, bytes, notes: [...notes], ...attachment !== undefined && { blobBytes: attachment.blobBytes } }
    },
    'media.drop': async ({ take }) => {
      await desk.drop(take)
      return {}
    },
    'media.offers': async ({ to, bytes }) => await offers(resolveContact(to, reader).contact, bytes, parts),
    'media.get': async ({ id, place = 1, folder, waitMs = 0 }) => {
      const message = findMessage(id, reader)
      return await fetchAndSave(message, placeOf(message, place, reader), { folder: folder === undefined ? world.folder : absolute(folder), waitMs, parts })
    },
    'media.list': ({ with: who, limit = LIST_DEFAULT }) => list(who === undefined ? undefined : resolveContact(who, reader).contact, limit, parts),
    'media.gc': async ({ dryRun = false, all = false }) => {
      const bytesMax = all ? 0 : world.bytesMax
      const plan = dryRun ? keeper.plan(bytesMax) : await keeper.letGo(bytesMax)
      return { files: plan.evicted.length, bytes: plan.bytesHeld - plan.bytesAfter, bytesHeld: plan.bytesAfter, cids: rootTexts(plan) }
    },
    'media.pin': async ({ id, isPinned }) => {
      const message = findMessage(id, reader)
      const places = reader.attachments.ofMessage(message.id)
      if (places.length === 0) throw noFiles()
      return await parts.turn.write((writer, round) => {
        const pinned = places.filter(({ attachment: { root } }) => writer.blobs.pin(root, isPinned))
        for (const { attachment: { root } } of pinned) tellAttachments(root, { writer, round })
        return { files: pinned.length }
      })
    }
  }
}

function absolute (path: string): string {
  if (!isAbsolute(path)) throw new UsageError('a path must be absolute: the node stands in another folder')
  return path
}

function noFiles (): NotFoundError { return new NotFoundError('there are no files with this message') }

function placeOf (message: Message, place: number, reader: Reader): AttachmentPlace {
  const places = reader.attachments.ofMessage(message.id)
  const found = places[place - 1]
  if (found !== undefined) return found
  throw places.length === 0 ? noFiles() : new NotFoundError(`the message has ${places.length} ${places.length === 1 ? 'file' : 'files'}`)
}

async function offers (contact: number, bytes: number, { media: { mover } }: MediaOperationParts): Promise<Result<'media.offers'>> {
  const blobBytes = ciphertextBytes(BLOB_LAYOUT, paddedBytes(bytes))
  const relays = await mover.offers(contact, blobBytes)
  return {
    blobBytes,
    relays: relays.map(({ relay, refusal, bytesMax, keepUntilMs }) => ({
      relay,
      takesIt: refusal === undefined,
      ...refusal !== undefined && { refusal },
      ...bytesMax !== undefined && { bytesMax },
      ...keepUntilMs !== undefined && { keepUntil: instant(keepUntilMs) }
    }))
  }
}

interface Fetching { readonly folder: string, readonly waitMs: number, readonly parts: MediaOperationParts }

async function fetchAndSave (message: Message, place: AttachmentPlace, { folder, waitMs, parts }: Fetching): Promise<Result<'media.get'>> {
  const { reader, random, clock, media } = parts
  const { attachment } = place
  const blob = await broughtHere(attachment.root, waitMs, parts)
  if (blob?.state !== 'here') return { attachment: attachmentView(place, message, { reader, transfer: root => media.mover.view(root) }), isDone: false }
  const leaves = await media.world.blobs.read(attachment.root)
  if (leaves === undefined) throw new NotFoundError('the file is not on this machine any more', 'Ask for it once more: it is fetched again.')
  try {
    const { path, bytes } = await saveAttachment(attachment, { folder, leaves, random, clock })
    await parts.turn.write((writer, round) => { writer.blobs.touch(attachment.root, round.nowMs) })
    return { attachment: attachmentView(place, message, { reader, transfer: root => media.mover.view(root) }), isDone: true, path, bytes, sha256: Buffer.from(attachment.sha256).toString('hex') }
  } finally {
    await leaves.close()
  }
}

/** Asked for, if it is not here, and waited for. @throws NotFoundError when nobody has it any more */
async function broughtHere (root: BlobRoot, waitMs: number, { reader, turn, feed, clock, media: { mover } }: MediaOperationParts): Promise<StoredBlob | undefined> {
  const before = reader.blobs.byRoot(root)
  if (before === undefined || before.state === 'here') return before
  if (before.state !== 'wanted') {
    await turn.write((writer, round) => {
      writer.blobs.setState(root, 'wanted')
      tellAttachments(root, { writer, round })
    })
  }
  mover.want(root)
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const isSettled = (): boolean => reader.blobs.byRoot(root)?.state !== 'wanted'
  const stopListening = feed.listen(() => { if (isSettled()) resolve(undefined) })
  const timer = clock.timer(waitMs, () => resolve(undefined))
  if (isSettled()) resolve(undefined)
  try {
    await promise
  } finally {
    stopListening()
    timer.cancel()
  }
  const after = reader.blobs.byRoot(root)
  if (after?.state === 'gone') throw new NotFoundError('nobody has the file any more', after.detail === undefined ? 'Ask its sender to send it again.' : `As far as is known: ${after.detail}. Ask its sender to send it again.`)
  return after
}

function list (contact: number | undefined, limit: number, { reader, media }: MediaOperationParts): Result<'media.list'> {
  const messages = reader.attachments.newest(contact, limit + 1).flatMap(id => reader.messages.byId(id) ?? [])
  const files = messages.slice(0, limit).flatMap(message => {
    const row = reader.contacts.byNumber(message.contact)
    return reader.attachments.ofMessage(message.id).map(place => ({
      message: idText(message.id),
      with: row === undefined ? '' : labelOf(row),
      isOwn: message.isOwn,
      at: instant(message.sentAtMs),
      attachment: attachmentView(place, message, { reader, transfer: root => media.mover.view(root) })
    }))
  })
  const bytesHeld = reader.blobs.inState('here').reduce((sum, { blobBytes }) => sum + blobBytes, 0)
  return { files, hasMore: messages.length > limit, bytesHeld, bytesMax: media.world.bytesMax }
}

/** For a node that keeps no files: the simulated one, and programs without a disk. */
export const NO_MEDIA: Handlers<MediaName> = {
  'media.take': refuse,
  'media.taken': refuse,
  'media.drop': refuse,
  'media.offers': refuse,
  'media.get': refuse,
  'media.list': refuse,
  'media.gc': refuse,
  'media.pin': refuse
}

function refuse (): never {
  throw new RefusedError('this node keeps no files')
}
