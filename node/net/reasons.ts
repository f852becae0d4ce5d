/**
 * Why a peer cannot be reached, in words for people. libp2p rejects with errors of many makes, with events and with
 * collections of both; what they say names addresses, which belong into no message.
 */
import { UnreachableError, asError } from '../../protocols/core/errors.ts'

/** What `error` says, as the error of the port. */
export function unreachable (error: unknown): UnreachableError {
  return new UnreachableError(`${PREFIX}${reasonsOf(error).join(', ')}`, undefined, error)
}

/** The same, as a clause. */
export function reasonOf (error: unknown): string { return reasonsOf(error).join(', ') }

/** Whether a stream failed because its connection had ended: libp2p then rejects with a close event without any error. */
export function isOfEndedConnection (error: unknown): boolean {
  if (error instanceof Error) return /^(ConnectionClosed|MuxerClosed)Error$/.test(error.name)
  return error instanceof Event && error.type === 'close' && !('error' in error && error.error instanceof Error)
}

const PREFIX = 'the peer cannot be reached: '

/** By name or code of an error, else by what its text contains: Noise and the dialler tell some causes in text only. */
const REASONS: ReadonlyArray<readonly [sign: RegExp, reason: string]> = [
  [/ECONNREFUSED/, 'connection refused'],
  [/does not match expected remote identity key/, 'a different peer answered'],
  [/UnsupportedProtocolError/, 'the peer does not speak this protocol'],
  [/TimeoutError|AbortError|ETIMEDOUT|operation was aborted/, 'no answer in time'],
  [/NoValidAddressesError/, 'no address that can be dialled'],
  [/dial self/i, 'the address is our own'],
  [/EHOSTUNREACH|ENETUNREACH|ENETDOWN|EADDRNOTAVAIL/, 'no route to the address'],
  [/ENOTFOUND|EAI_AGAIN/, 'the name of the host is not known'],
  [/refused after negotiation/, 'the peer takes no more streams'],
  [/TooMany\w*StreamsError/, 'too many streams are open'],
  [/ECONNRESET|EPIPE|Reset|Closed|State|Unexpected server response|EncryptionFailed|UnexpectedEOF/, 'the connection was broken off']
]

function reasonsOf (error: unknown): string[] {
  if (error instanceof AggregateError) return [...new Set(error.errors.flatMap(reasonsOf))]
  // One of ours: its text says it already.
  if (error instanceof UnreachableError) return [error.message.replace(PREFIX, '')]
  const fault = asError(error)
  const code = 'code' in fault ? String(fault.code) : ''
  const text = `${fault.name} ${code} ${fault.message}`
  return [REASONS.find(([sign]) => sign.test(text))?.[1] ?? 'the connection failed']
}
