/**
 * Faults: what the outside world may do to us. Thrown once, caught at a boundary, never for a refusal that a protocol
 * foresees (those are values). No message carries anything private: neither text, keys, addresses nor names of people.
 */

/** The exit codes of the command line, which are also the classes of every error that a person can meet. */
export const EXIT = {
  ok: 0,
  unexpected: 1,
  usage: 2,
  unreachable: 3,
  untrusted: 4,
  notFound: 5,
  timeout: 6,
  refused: 7,
  locked: 8,
  storage: 9,
  partial: 10,
  assertion: 11,
  interrupted: 130
} as const

export type ExitCode = typeof EXIT[keyof typeof EXIT]

/**
 * The base of every error that reaches a person: what failed, and in `hint` what is safe and what to do next.
 * `code` is stable and machine-readable; `exit` is the command line's exit code.
 */
export class SkeinError extends Error {
  override name = 'SkeinError'
  readonly code: string
  readonly exit: ExitCode
  readonly hint: string | undefined
  constructor (message: string, options: { readonly code: string, readonly exit: ExitCode, readonly hint?: string | undefined, readonly cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = options.code
    this.exit = options.exit
    this.hint = options.hint
  }
}

/** Bytes or text from outside that break a rule of their format. */
export class MalformedError extends SkeinError {
  override name = 'MalformedError'
  readonly what: string
  readonly rule: string
  constructor (what: string, rule: string) {
    super(`${what}: ${rule}`, { code: 'malformed', exit: EXIT.usage })
    this.what = what
    this.rule = rule
  }
}

/** A request that is wrong in itself: unknown option, impossible value. */
export class UsageError extends SkeinError {
  override name = 'UsageError'
  constructor (message: string, hint?: string) { super(message, { code: 'usage', exit: EXIT.usage, hint }) }
}

/** Nobody answers at any address we know. */
export class UnreachableError extends SkeinError {
  override name = 'UnreachableError'
  constructor (message: string, hint?: string, cause?: unknown) { super(message, { code: 'unreachable', exit: EXIT.unreachable, hint, cause }) }
}

/** A key is not the one we trust: never ignored, never silent. */
export class UntrustedError extends SkeinError {
  override name = 'UntrustedError'
  constructor (message: string, hint?: string) { super(message, { code: 'untrusted', exit: EXIT.untrusted, hint }) }
}

export class NotFoundError extends SkeinError {
  override name = 'NotFoundError'
  constructor (message: string, hint?: string) { super(message, { code: 'not_found', exit: EXIT.notFound, hint }) }
}

/** A state that was asked for did not come in time. What was queued stays queued. */
export class TimeoutError extends SkeinError {
  override name = 'TimeoutError'
  constructor (message: string, hint?: string) { super(message, { code: 'timeout', exit: EXIT.timeout, hint }) }
}

/** A limit, quota or policy says no. */
export class RefusedError extends SkeinError {
  override name = 'RefusedError'
  constructor (message: string, hint?: string) { super(message, { code: 'refused', exit: EXIT.refused, hint }) }
}

/** The account is in use by another process, or the node is not in the state that the request needs. */
export class LockedError extends SkeinError {
  override name = 'LockedError'
  constructor (message: string, hint?: string) { super(message, { code: 'locked', exit: EXIT.locked, hint }) }
}

/** The disk or what stands on it: full, read-only, damaged, not openable with this key. */
export class StorageError extends SkeinError {
  override name = 'StorageError'
  constructor (message: string, hint?: string, cause?: unknown) { super(message, { code: 'storage', exit: EXIT.storage, hint, cause }) }
}

/** libp2p and native code reject with events and strings, too. */
export function asError (thrown: unknown): Error {
  if (thrown instanceof Error) return thrown
  if (typeof thrown === 'object' && thrown !== null && 'error' in thrown && thrown.error instanceof Error) return thrown.error
  return new Error(typeof thrown === 'string' ? thrown : 'unknown fault')
}
