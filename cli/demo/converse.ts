/** The end of the demo on a terminal: the chat client as Ana, with a Bob who answers by himself. */
import { setTimeout as delay } from 'node:timers/promises'
import { runChat } from '../chat/chat.ts'
import { eventsFromNow } from '../commands/chat.ts'
import type { Output } from '../output.ts'
import { respond } from './responder.ts'
import type { Story } from './story.ts'

/** What was told so far can be read before the whole screen is used; a key shortens it. */
const READ_MS = 10_000

const WAYS_IN = ['where is my message', 'who can read this', 'go away'] as const

/** Until the person quits. @throws the reason of the interruption, and whatever the chat client throws */
export async function converse ({ ana, bob, tell, interrupted }: Story, output: Output): Promise<void> {
  const { look } = output
  const dot = look.isAscii ? ', ' : ' · '
  await tell.scene('Now you', `You are ${ana.name}, and ${bob.name} answers by himself.`)
  await tell.step('conversation', { who: ana.alias }, [
    `${look.bold('Ask him')}   ${WAYS_IN.join(dot)}`,
    `${look.bold('Keys')}      Enter sends${dot}Tab, t: where a message is${dot}? all keys${dot}Ctrl-C ends`
  ].join('\n'))
  await output.line(`\n   ${look.accent('Press Enter to begin.')} It begins by itself in ${READ_MS / 1000} seconds.`)
  await enterOrTime(interrupted)
  const over = new AbortController()
  const answering = respond({ ana, bob, signal: over.signal })
  try {
    await runChat({
      api: ana.api,
      follow: signal => eventsFromNow(ana.api, signal),
      who: bob.alias,
      stdin: process.stdin,
      stdout: process.stdout,
      ascii: look.isAscii,
      color: look.hasColor,
      clock: { now: () => Date.now() },
      interrupted
    })
  } finally {
    over.abort()
    await answering
  }
}

/** The line stays in the terminal's own editing: Ctrl-C means what it always does. */
async function enterOrTime (interrupted: AbortSignal): Promise<void> {
  const { stdin } = process
  const done = new AbortController()
  const enter = (): void => done.abort()
  stdin.once('data', enter)
  try {
    await delay(READ_MS, undefined, { signal: AbortSignal.any([interrupted, done.signal]) })
  } catch {
    interrupted.throwIfAborted()
  } finally {
    stdin.off('data', enter)
    stdin.pause()
  }
}
