/** Questions at a terminal. Whatever is asked here can also be said by an option. */
import { createInterface } from 'node:readline/promises'
import { interruption } from './failure.ts'

export function isAsking (): boolean {
  return process.stdin.isTTY && process.stderr.isTTY
}

/** Anything but yes is no. */
export async function confirm (question: string): Promise<boolean> {
  return /^y(es)?$/i.test(await askLine(`${question} [y/N] `))
}

/** What is typed, without spaces around it. @throws SkeinError (interrupted) on Ctrl-C, and when the terminal is closed */
export async function askLine (question: string): Promise<string> {
  const editor = createInterface({ input: process.stdin, output: process.stderr })
  const interrupted = Promise.withResolvers<never>()
  // Left to itself, a question that is interrupted never ends.
  for (const event of ['SIGINT', 'close']) editor.once(event, () => interrupted.reject(interruption()))
  try {
    return (await Promise.race([editor.question(question), interrupted.promise])).trim()
  } finally {
    // It is also closed when all went well; nobody waits for that.
    interrupted.promise.catch(() => undefined)
    editor.close()
  }
}
