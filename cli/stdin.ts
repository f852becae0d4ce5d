/** Text from standard input, whole. */
import { RefusedError, UsageError } from '../protocols/core/errors.ts'
import { TEXT_BYTES_MAX } from '../protocols/core/limits.ts'

/**
 * The text that a command was given: as an argument, or on standard input when that is `-` or left out.
 * @throws UsageError when it was left out and standard input is a terminal, and what readStdin throws
 */
export async function textFrom (argument: string | undefined): Promise<string> {
  if (argument !== undefined && argument !== '-') return argument
  if (argument === undefined && process.stdin.isTTY) throw new UsageError('there is no text', 'Give it as an argument, in quotes; or pipe it in.')
  return await readStdin('the text')
}

/**
 * All of standard input, without the one line end that `echo` and editors put behind a text.
 * @throws UsageError when it is not UTF-8, RefusedError when it is longer than any text may be
 */
export async function readStdin (what: string): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength
    // One more for the line end.
    if (bytes > TEXT_BYTES_MAX + 2) throw new RefusedError(`${what} on standard input is longer than ${TEXT_BYTES_MAX.toLocaleString('en')} bytes`, 'Nothing was sent. Send it in parts.')
    chunks.push(chunk)
  }
  return decodeUtf8(Buffer.concat(chunks), what).replace(/\r?\n$/, '')
}

function decodeUtf8 (bytes: Buffer, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new UsageError(`${what} on standard input is not UTF-8`, 'Nothing was sent. Convert it, for example with iconv.')
  }
}
