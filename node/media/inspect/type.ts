/**
 * What a file is, by its content; the door to file-type. A type is a hint to whoever shows the file, so nothing that a program might run or
 * a browser might render as a page is called a picture.
 */
import { open } from 'node:fs/promises'
import { fileTypeFromFile } from 'file-type'
import { UNKNOWN } from './job.ts'

const TEXT = 'text/plain'
/** So much of a file tells whether it is text. */
const SAMPLE_BYTES = 4_096
/** Pages and programs that begin like something else, or are found by names of their parts. */
const NEVER = /^(image\/svg|text\/|application\/(xhtml|javascript|ecmascript))/
/** Two letters make a BMP, six a GIF: a page or a program may begin with them, and is text all the same. */
const MEDIA = /^(image|audio|video)\//
const TYPE_BYTES_MAX = 127

export async function typeOf (path: string): Promise<string> {
  const found = await guess(path)
  const isPossible = found !== undefined && found.length <= TYPE_BYTES_MAX && !NEVER.test(found)
  if (isPossible && !MEDIA.test(found)) return found
  if (await isText(path)) return TEXT
  return isPossible ? found : UNKNOWN
}

/** Its parameters (`; codecs=opus`) say more than a hint needs. */
async function guess (path: string): Promise<string | undefined> {
  try {
    return (await fileTypeFromFile(path))?.mime.split(';')[0]?.trim()
  } catch {
    // It throws whatever its parsers throw at what is damaged: then the type is not known, which is an answer.
    return undefined
  }
}

/** UTF-8 without control characters besides those of a line: what a terminal obeys is not text. */
async function isText (path: string): Promise<boolean> {
  await using file = await open(path, 'r')
  const { buffer, bytesRead } = await file.read(new Uint8Array(SAMPLE_BYTES), 0, SAMPLE_BYTES, 0)
  if (bytesRead === 0) return false
  const isWhole = bytesRead < SAMPLE_BYTES
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(0, bytesRead), { stream: !isWhole })
    // eslint-disable-next-line no-control-regex -- control characters are what is looked for
    return !/[\u0000-\u0008\u000b\u000e-\u001f\u007f]/.test(text)
  } catch (thrown) {
    if (thrown instanceof TypeError) return false
    throw thrown
  }
}
