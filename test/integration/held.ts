/** Accounts that are open in a process of their own (holder.ts). */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export interface Held extends AsyncDisposable {
  readonly child: ChildProcess
  /** The first line that it printed. */
  readonly said: Readonly<Record<string, unknown>>
  /** What else it printed, on both streams. */
  readonly printed: () => string
}

export async function hold (home: string, env: Readonly<Record<string, string>> = {}): Promise<Held> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'holder.ts'), home], { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } })
  const rest: string[] = []
  child.stderr.setEncoding('utf8').on('data', (text: string) => { rest.push(text) })
  const lines = createInterface({ input: child.stdout })
  const [line] = await once(lines, 'line') as [string]
  lines.on('line', text => { rest.push(text) })
  return {
    child,
    said: JSON.parse(line) as Record<string, unknown>,
    printed: () => rest.join('\n'),
    [Symbol.asyncDispose]: async () => {
      const ended = exitCode(child)
      child.kill('SIGKILL')
      await ended
    }
  }
}

/** When the process has ended and all that it printed is here. */
export async function exitCode (child: ChildProcess): Promise<number | null> {
  if (child.stdout?.closed !== true) await once(child, 'close')
  return child.exitCode
}
