/** Whether this computer can be asked for what needs rights or system programs; said before anything starts. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { EXIT, SkeinError } from '../protocols/core/errors.ts'

/** This computer cannot do it, whatever is asked in which way. */
export class UnfitError extends SkeinError {
  override name = 'UnfitError'
  constructor (message: string, hint?: string) { super(message, { code: 'unfit', exit: EXIT.unexpected, hint }) }
}

/** Where system programs are, for a shell that does not look there. */
const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`
export const SYSTEM_ENVIRONMENT: NodeJS.ProcessEnv = { ...process.env, PATH }

/** Why what needs Linux, root and these programs cannot be had here; undefined: nothing is known against it. */
export function whyNotAsRoot (commands: readonly string[]): string | undefined {
  if (process.platform !== 'linux') return 'it needs Linux'
  if (process.getuid?.() !== 0) return 'it needs root'
  const missing = commands.find(command => !PATH.split(':').some(folder => folder !== '' && existsSync(join(folder, command))))
  return missing === undefined ? undefined : `the command ${missing} is missing`
}
