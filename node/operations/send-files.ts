/** Messages with files: what was taken in goes into a message. */
import { isAbsolute } from 'node:path'
import { RefusedError, UsageError } from '../../protocols/core/errors.ts'
import { TEXT_BYTES_MAX } from '../../protocols/core/limits.ts'
import { checkText } from '../../protocols/core/text.ts'
import { displayFileName } from '../../protocols/media/names.ts'
import { rootText } from '../../protocols/media/root.ts'
import type { Attachment } from '../../protocols/message/content.ts'
import { fitAttachments } from '../../protocols/message/fit.ts'
import type { Params, Result } from '../../protocols/local/operations.ts'
import type { Message } from '../../store/types.ts'
import type { FileDesk } from '../media/desk.ts'
import type { DraftBody } from '../turn/compose.ts'

type FileGiven = NonNullable<Params<'send'>['attachments']>[number]

/** Files that are on this machine's disk as blobs, and what the desk calls them. */
export interface TakenFiles { readonly takes: readonly string[], readonly attachments: readonly Attachment[] }

/** Takes in what is not yet. When one of them fails, those that were begun for this call are dropped. */
export async function takenFiles (given: readonly FileGiven[], desk: FileDesk | undefined): Promise<TakenFiles> {
  if (desk === undefined) throw new RefusedError('this node keeps no files')
  const begun: string[] = []
  try {
    const takes = given.map(file => {
      if (file.take !== undefined) return file.take
      const take = desk.take({ path: pathOf(file), name: file.name, isOriginal: file.original ?? false })
      begun.push(take)
      return take
    })
    const attachments: Attachment[] = []
    for (const take of takes) attachments.push(await desk.attachment(take))
    return { takes, attachments }
  } catch (error) {
    for (const take of begun) await desk.drop(take)
    throw error
  }
}

function pathOf ({ path }: FileGiven): string {
  if (path === undefined) throw new UsageError('a file is given by its path, or as it was taken in')
  if (!isAbsolute(path)) throw new UsageError('a path must be absolute: the node stands in another folder')
  return path
}

/** @throws RefusedError when text and files do not fit one message */
export function mediaBody (text: string, attachments: readonly Attachment[], replyTo: Message | undefined): DraftBody {
  const fitted = fitAttachments(attachments, text)
  if (fitted === undefined) throw new RefusedError('the text is too long for a message with files', 'Nothing was sent. Send the text by itself.')
  return { type: 'media', text: text === '' ? '' : checkText(text, TEXT_BYTES_MAX, 'text'), replyTo: replyTo?.id, attachments: fitted }
}

export function sentFiles (attachments: readonly Attachment[]): NonNullable<Result<'send'>['attachments']> {
  return attachments.map(({ root, name, bytes, type }) => ({ cid: rootText(root), name: displayFileName(name), bytes, type }))
}
