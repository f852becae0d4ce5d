/** Yes or no, asked at a terminal. Whatever is asked here can also be said by an option. */
import { createInterface } from 'node:readline/promises'

export function isAsking (): boolean {
  return process.stdin.isTTY && process.stderr.isTTY
}

/** Anything but yes is no. */
export async function confirm (question: string): Promise<boolean> {
  const editor = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^y(es)?$/i.test((await editor.question(`${question} [y/N] `)).trim())
  } finally {
    editor.close()
  }
}
