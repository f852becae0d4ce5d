/**
 * The trace of a message as threads: each device of the other side is one, they part where the message is on its way to
 * several, and join where it waits for one of them. A knot happened, a cross went wrong, a ring is now, dots are to come.
 */
import { displaySafe } from '../protocols/core/text.ts'
import type { Result } from '../protocols/local/operations.ts'
import type { TraceStep } from '../protocols/local/schema.ts'
import { dayName, exactTime, isSameDay, shortTime } from './chat/words.ts'
import type { Look } from './look.ts'
import { attachmentLine } from './media.ts'
import { bodyOf, cut } from './words.ts'

export type Trace = Result<'message.trace'>

interface Signs {
  readonly knot: string
  readonly cross: string
  readonly ring: string
  readonly dots: string
  readonly thread: string
  readonly parts: readonly [first: string, next: string, last: string]
  readonly joins: readonly [first: string, next: string, last: string]
}

const SIGNS: Signs = { knot: '●', cross: '×', ring: '○', dots: '┊', thread: '│', parts: ['├', '┬', '┐'], joins: ['├', '┴', '┘'] }
const ASCII_SIGNS: Signs = { knot: '*', cross: 'x', ring: 'o', dots: ':', thread: '|', parts: ['|', '-', '\\'], joins: ['|', '-', '/'] }

/** More threads than this are drawn as one: the words say which device it is. */
const THREADS_MAX = 4
const WENT_WRONG = /refused|unreachable|failed|expired|cancelled|unanswered|undecryptable|postponed/
const TIME_WIDTH = 12

export interface TraceShape {
  readonly look: Look
  readonly label: string
  /** Whether the commands that can be used now are named below it. Default: true. */
  readonly hasFoot?: boolean
}

export function traceLines (trace: Trace, { look, label, hasFoot = true }: TraceShape): readonly string[] {
  const { message, headline, steps, next } = trace
  const signs = look.isAscii ? ASCII_SIGNS : SIGNS
  const threads = threadsOf(trace)
  const way = message.isOwn ? 'to' : 'from'
  const parted = threads.length > 1
  const firstOfDevice = steps.findIndex(({ device }) => device !== undefined && threads.includes(device))
  return [
    `${look.bold(`"${cut(bodyOf(message).replaceAll('\n', ' '))}"`)} ${way} ${displaySafe(label)}`,
    displaySafe(headline),
    ...message.deleted ? [] : (message.attachments ?? []).map(file => look.dim(`  ${attachmentLine(file, message.isOwn)}`)), '',
    ...steps.flatMap((step, index) => [
      ...dayLine(trace, index, look),
      ...parted && index === firstOfDevice ? [branch(signs.parts, threads.length)] : [],
      stepLine(step, { time: look.dim(exactTime(Date.parse(step.at))), sign: WENT_WRONG.test(step.step) ? signs.cross : signs.knot, threads, signs, isParted: parted && index >= firstOfDevice })
    ]),
    ...parted ? [branch(signs.joins, threads.length)] : [],
    ...next.map((step, index) => nextLine(step, { isNow: index === 0, look, signs, threads })),
    ...hasFoot ? footLines(trace) : []
  ]
}

/** The devices that the steps name, when they are few enough to draw. */
function threadsOf ({ steps }: Trace): readonly string[] {
  const devices = [...new Set(steps.flatMap(({ device }) => device ?? []))]
  return devices.length > THREADS_MAX ? [] : devices
}

function dayLine ({ steps }: Trace, index: number, look: Look): readonly string[] {
  const atMs = Date.parse(steps[index]?.at ?? '')
  const before = steps[index - 1]
  const beforeMs = before === undefined ? look.nowMs : Date.parse(before.at)
  return isSameDay(beforeMs, atMs) ? [] : [look.dim(`  ${dayName(atMs, look.nowMs)}`)]
}

interface StepShape {
  readonly time: string
  readonly sign: string
  readonly threads: readonly string[]
  readonly signs: Signs
  readonly isParted: boolean
}

function stepLine (step: TraceStep, { time, sign, threads, signs, isParted }: StepShape): string {
  const said = displaySafe(step.cause === undefined || step.cause === '' ? step.text : `${step.text}: ${step.cause}`)
  const column = isParted ? threads.indexOf(step.device ?? '') : 0
  const drawn = isParted ? threads.map((_, index) => index === Math.max(0, column) ? sign : signs.thread).join(' ') : sign
  return `  ${time}  ${drawn.padEnd(threadColumns(threads))}   ${said}`
}

interface NextShape { readonly isNow: boolean, readonly look: Look, readonly signs: Signs, readonly threads: readonly string[] }

function nextLine (step: TraceStep, { isNow, look, signs, threads }: NextShape): string {
  const atMs = Date.parse(step.at)
  const said = displaySafe(step.cause === undefined || step.cause === '' ? step.text : `${step.text}: ${step.cause}`)
  const when = atMs > look.nowMs ? `  ${step.step === 'retry' ? 'at' : 'until'} ${soonTime(atMs, look.nowMs)}` : ''
  const sign = (isNow ? signs.ring : signs.dots).padEnd(threadColumns(threads))
  return `  ${(isNow ? 'now' : '').padEnd(TIME_WIDTH)}  ${isNow ? look.accent(sign) : look.dim(sign)}   ${step.step === 'retry' ? said : `${step.step} ${said}`}${when}`
}

/** A time to come: today with its clock time, later with its date. */
function soonTime (atMs: number, nowMs: number): string {
  return isSameDay(atMs, nowMs) ? exactTime(atMs).slice(0, 8) : shortTime(atMs, atMs + 8 * 24 * 3_600_000)
}

function threadColumns (threads: readonly string[]): number {
  return Math.max(1, threads.length * 2 - 1)
}

/** `├─┬─┐`: where one thread becomes several, or several become one. */
function branch ([first, next, last]: Signs['parts'], count: number): string {
  const line = first === '|' ? '-' : '─'
  return `  ${' '.repeat(TIME_WIDTH)}  ${[first, ...Array.from({ length: count - 2 }, () => next), last].join(line)}`
}

/** What can be done now. */
function footLines ({ message: { id, state, isOwn, copies = 0 } }: Trace): readonly string[] {
  if (!isOwn) return []
  const command = (verb: string): string => `skein msg ${verb} ${id}`
  // What relays keep may be fetched at any moment: it cannot be taken back.
  if (state === 'queued' || state === 'stored') return ['', `Try again now: ${command('retry')}`, ...copies > 0 ? [] : [`Take it back:  ${command('cancel')}`]]
  return state === 'failed' || state === 'expired' ? ['', `Try again: ${command('retry')}`] : []
}
