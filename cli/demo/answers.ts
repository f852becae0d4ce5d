/** What Bob says to what Ana writes, in the conversation at the end of the demo. Only words: nothing is done here. */
import { cut } from '../words.ts'

export interface Facts {
  /** When Ana wrote it and when Bob had it on disk, milliseconds since 1970. */
  readonly sentAtMs: number
  readonly receivedAtMs: number
  /** The clock time at which he had it. */
  readonly receivedAt: string
  /** Messages of Ana that came here, this one included. */
  readonly count: number
  /** Where Bob's node listens. */
  readonly address: string
  /** The first groups of the number that both see. */
  readonly safetyNumber: string
}

export interface Answer {
  readonly emoji?: string
  readonly text?: string
  /** Bob stops his node for this long, after he has said so. */
  readonly awayMs?: number
}

/** Long enough to write something and to look at its trace. */
const AWAY_MS = 15_000
const ECHO_CHARACTERS_MAX = 200
/** Nothing on its way takes this long: the message waited for Bob. */
const WAITED_MS_MIN = 1_500

interface Topic { readonly about: RegExp, readonly answer: (facts: Facts) => Answer }

/** The first that fits answers. */
const TOPICS: readonly Topic[] = [
  { about: /\b(go away|leave|go offline|offline|stop your|sleep|good ?night|bye)\b/i, answer: () => ({ text: `I stop my node for ${AWAY_MS / 1000} seconds. Write something meanwhile: it waits on your disk, and its trace says so.`, awayMs: AWAY_MS }) },
  { about: /\b(where|trace|arrive|arrived|did you get|delivered|ticks?|lost)\b/i, answer: where },
  { about: /\b(who can|read this|read it|secret|private|secure|encrypt\w*|spy|safety)\b/i, answer: ({ safetyNumber }) => ({ text: `You and I. It is sealed before it leaves your node, and opened in mine. Compare our safety number, it begins with ${safetyNumber}: skein contact verify` }) },
  { about: /\b(server|relay|company|cloud|middle|direct|address|how does)\b/i, answer: ({ address }) => ({ text: `There is nothing in the middle. My node listens on ${address}, and yours talks to it.` }) },
  { about: /\b(hello|hi|hey|hallo|good (morning|evening|day))\b/i, answer: () => ({ text: 'Hello Ana. Ask me where your message is, who can read it, or tell me to go away.' }) },
  { about: /\b(thanks|thank you|thx)\b/i, answer: () => ({ emoji: '♥' }) },
  { about: /\?\s*$|\bhelp\b/i, answer: () => ({ text: 'I know three things: where is my message, who can read this, go away.' }) }
]

export function answerTo (text: string, facts: Facts): Answer {
  const waitedMs = facts.receivedAtMs - facts.sentAtMs
  if (waitedMs > WAITED_MS_MIN) return { text: `I am back. "${cut(text)}" waited ${(waitedMs / 1000).toFixed(1)} s on your disk, and is here once.` }
  const topic = TOPICS.find(({ about }) => about.test(text))
  return topic === undefined ? echo(text) : topic.answer(facts)
}

function where ({ sentAtMs, receivedAtMs, receivedAt, count }: Facts): Answer {
  const took = Math.max(0, receivedAtMs - sentAtMs)
  return { text: `On my disk since ${receivedAt}, ${took} ms after you wrote it, and it is the ${ordinal(count)} that came. Your node knows as much: press Tab, then t.` }
}

function echo (text: string): Answer {
  return { emoji: '👍', text: `You wrote: ${cut(text, ECHO_CHARACTERS_MAX)}` }
}

function ordinal (count: number): string {
  const isTeen = count % 100 >= 11 && count % 100 <= 13
  return `${count}${isTeen ? 'th' : ['th', 'st', 'nd', 'rd'][count % 10] ?? 'th'}`
}
