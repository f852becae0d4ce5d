/**
 * The envelope of every answer, and how a fault becomes one. Law: docs/protocols/local.md, "Answers" and "Errors".
 */
import { EXIT, SkeinError } from '../../protocols/core/errors.ts'
import type { ExitCode } from '../../protocols/core/errors.ts'
import type { ErrorView } from '../../protocols/local/operations.ts'

export interface Success<Result> { readonly schema: string, readonly ok: true, readonly data: Result }
export interface Failure { readonly schema: string, readonly ok: false, readonly error: ErrorView }

export function success<Result> (operation: string, result: Result): Success<Result> {
  return { schema: schemaOf(operation), ok: true, data: result }
}

export function failure (operation: string, error: SkeinError): Failure {
  return { schema: schemaOf(operation), ok: false, error: errorView(error) }
}

function errorView ({ code, exit, message, hint }: SkeinError): ErrorView {
  return { code, exit, message, ...hint !== undefined && { hint } }
}

/** A bug reaches the caller as a sentence without detail: what its message holds nobody has checked. */
export function unexpectedFault (): SkeinError {
  return new SkeinError('something unexpected went wrong in the node', {
    code: 'unexpected',
    exit: EXIT.unexpected,
    hint: 'What was accepted before is safe. The node says more where it was started.'
  })
}

/** The HTTP status that a client which knows HTTP only makes the right thing of. */
export function httpStatus (exit: ExitCode): number {
  switch (exit) {
    case EXIT.ok: return 200
    case EXIT.usage: return 400
    case EXIT.refused: return 403
    case EXIT.notFound: return 404
    case EXIT.untrusted: return 409
    case EXIT.unreachable: return 502
    case EXIT.locked: return 503
    case EXIT.timeout: return 504
    case EXIT.unexpected:
    case EXIT.storage:
    case EXIT.partial:
    case EXIT.assertion:
    case EXIT.interrupted: return 500
  }
}

function schemaOf (operation: string): string {
  return `skein.${operation}/1`
}
