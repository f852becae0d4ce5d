/** Bob in the conversation at the end of the demo: a client of his node that reads, reacts and answers, and goes away when told. */
import { setTimeout as delay } from 'node:timers/promises'
import { SkeinError } from '../../protocols/core/errors.ts'
import type { EventView, MessageView } from '../../protocols/local/schema.ts'
import { exactTime } from '../chat/words.ts'
import { answerTo } from './answers.ts'
import type { Answer, Facts } from './answers.ts'
import type { Person } from './people.ts'

export interface ResponderOptions {
  readonly bob: Person
  readonly ana: Person
  /** Ends it. */
  readonly signal: AbortSignal
}

/** A person looks, then thinks: each mark of a message can be seen for a moment. */
const LOOK_MS = 600
const THINK_MS = 900
/** One question for new events; bounds how long the end takes. */
const EVENT_WAIT_MS = 1_000
const SAFETY_GROUPS = 3

/** Answers until the signal aborts. Rejects only for bugs. */
export async function respond (options: ResponderOptions): Promise<void> {
  const place: Place = { after: 'now', count: 0 }
  while (!options.signal.aborted) {
    const answered = await attempt(async () => { await answerNew(place, options) }, options.signal)
    // His node is away, or is just starting.
    if (!answered) await attempt(async () => { await pause(LOOK_MS, options.signal) }, options.signal)
  }
}

interface Place { after: string, count: number }

/** Whether it went well. The end cuts pauses and calls short: that is no bug, whatever they throw. */
async function attempt (act: () => Promise<void>, signal: AbortSignal): Promise<boolean> {
  try {
    await act()
    return true
  } catch (thrown) {
    if (!signal.aborted && !(thrown instanceof SkeinError)) throw thrown
    return false
  }
}

async function answerNew (place: Place, options: ResponderOptions): Promise<void> {
  const page = await options.bob.api.call('events.page', { after: place.after, waitMs: EVENT_WAIT_MS })
  for (const event of page.events) {
    place.after = event.cursor
    const message = newMessage(event)
    if (message === undefined) continue
    place.count += 1
    await answer(message, place.count, options)
  }
  place.after = page.cursor
}

function newMessage ({ type, message }: EventView): MessageView | undefined {
  return type === 'message.received' && message?.kind === 'text' && !message.deleted ? message : undefined
}

async function answer (message: MessageView, count: number, options: ResponderOptions): Promise<void> {
  const { bob, ana, signal } = options
  await pause(LOOK_MS, signal)
  await bob.api.call('mark-read', { with: ana.alias, upTo: message.id })
  const said = answerTo(message.text, await factsOf(message, count, options))
  await pause(THINK_MS, signal)
  await give(said, message, options)
  if (said.awayMs !== undefined) await goAway(said.awayMs, options)
}

async function factsOf ({ sentAt, receivedAt }: MessageView, count: number, { bob, ana }: ResponderOptions): Promise<Facts> {
  const [{ addresses }, { safetyNumber = '' }] = await Promise.all([bob.api.call('status', {}), bob.api.call('contact.show', { who: ana.alias })])
  const groups = safetyNumber.match(/\d{5}/g) ?? []
  return {
    sentAtMs: Date.parse(sentAt),
    receivedAtMs: Date.parse(receivedAt),
    receivedAt: exactTime(Date.parse(receivedAt)),
    count,
    address: addresses[0] ?? 'no address',
    safetyNumber: groups.slice(0, SAFETY_GROUPS).join(' ')
  }
}

async function give ({ emoji, text }: Answer, { id }: MessageView, { bob, ana }: ResponderOptions): Promise<void> {
  if (emoji !== undefined) await bob.api.call('react', { id, emoji })
  if (text !== undefined) await bob.api.call('send', { to: ana.alias, text })
}

/** What he has said just now must be out before he goes. */
async function goAway (awayMs: number, { bob, signal }: ResponderOptions): Promise<void> {
  await pause(LOOK_MS, signal)
  await bob.down()
  try {
    await pause(awayMs, signal)
  } finally {
    if (!signal.aborted) await bob.up()
  }
}

/** @throws AbortError when it ends meanwhile */
async function pause (ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal })
}
