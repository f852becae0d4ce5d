/** How commands fail beside the errors that everything else knows. */
import { EXIT, SkeinError } from '../protocols/core/errors.ts'

/** A command that got somewhere but not to its end: what it did stands in `data`. */
export class UnfinishedError extends SkeinError {
  override name = 'UnfinishedError'
  readonly data: object
  constructor (fault: SkeinError, data: object) {
    super(fault.message, { code: fault.code, exit: fault.exit, hint: fault.hint, cause: fault })
    this.data = data
  }
}

/** A command that runs another one ends as that one did, which has said why. */
export class PassedOnError extends Error {
  override name = 'PassedOnError'
  readonly exit: number
  constructor (exit: number) {
    super(`the command ended with ${exit}`)
    this.exit = exit
  }
}

export function interruption (): SkeinError {
  return new SkeinError('interrupted', { code: 'interrupted', exit: EXIT.interrupted, hint: 'What was accepted before is safe.' })
}
