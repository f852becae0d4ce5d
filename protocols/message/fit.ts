/** Which previews of its files a message can carry: all attachments of one have a limit, and the text beside them another. */
import { ATTACHMENTS_BYTES_MAX, TEXT_BYTES_MAX } from '../core/limits.ts'
import { utf8Bytes } from '../core/text.ts'
import { encodeAttachment } from './attachment.ts'
import type { Attachment } from './content.ts'

/**
 * Thumbnails are left out, the last file's first, until the rest fits: the placeholders stay, and the files themselves bring the pictures.
 * @returns undefined when it does not fit without any: then the text is too long
 */
export function fitAttachments (attachments: readonly Attachment[], text: string): readonly Attachment[] | undefined {
  const roomBytes = Math.min(ATTACHMENTS_BYTES_MAX, TEXT_BYTES_MAX - utf8Bytes(text))
  const fitted = [...attachments]
  for (let index = fitted.length; bytesOf(fitted) > roomBytes; index--) {
    const bare = fitted[index - 1]
    if (bare === undefined) return undefined
    fitted[index - 1] = { ...bare, thumbnail: NOTHING }
  }
  return fitted
}

const NOTHING: Uint8Array = new Uint8Array(0)

function bytesOf (attachments: readonly Attachment[]): number {
  return attachments.reduce((sum, attachment) => sum + encodeAttachment(attachment).byteLength, 0)
}
