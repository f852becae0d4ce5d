/** Ids that a reader of a test can tell apart, and that sort by their number. */
import { contentId, type ContentId } from '../../../protocols/core/ids.ts'

export function idOf (number: number): ContentId {
  const bytes = new Uint8Array(16)
  new DataView(bytes.buffer).setUint32(12, number)
  return contentId(bytes)
}
