/** `skein relay top`: the figures of the relay, live on a terminal; once with --json, --once or into a pipe. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Invocation } from '../../command.ts'
import { callRelay } from './control.ts'
import { statusLines } from './status.ts'

const BEAT_MS = 1_000
/** A screen of its own, so that what stood there comes back; lines that are too long are cut and not wrapped. */
const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l'
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l'
const HOME = '\u001b[H'
const CLEAR_LINE = '\u001b[K'
const CLEAR_BELOW = '\u001b[J'

export async function top (invocation: Invocation): Promise<void> {
  const { output, flags } = invocation
  const first = await callRelay(invocation, 'relay.status', {})
  if (output.isJson || !output.isTerminal || flags.isOn('once')) {
    await output.result(first, statusLines(first, output.look).join('\n'))
    return
  }
  await output.raw(ENTER)
  try {
    await paintUntilInterrupted(invocation)
  } finally {
    await output.raw(LEAVE)
  }
}

async function paintUntilInterrupted (invocation: Invocation): Promise<void> {
  const { output, interrupted } = invocation
  for (;;) {
    const view = await callRelay(invocation, 'relay.status', {})
    const look = { ...output.look, nowMs: Date.now() }
    const lines = [...statusLines(view, look), '', look.dim('Every second. Ctrl-C leaves.')].slice(0, rowsOf(process.stdout))
    await output.raw(`${HOME}${lines.map(line => `${line}${CLEAR_LINE}`).join('\n')}${CLEAR_BELOW}`)
    await delay(BEAT_MS, undefined, { signal: interrupted })
  }
}

/** Some terminals do not know how high they are. */
function rowsOf ({ rows }: { readonly rows: number }): number {
  return rows > 0 ? rows : Infinity
}
