/** Everything that happened to a message: time, knot on its thread, what, and why. What waits now, what is still to come. */
import type { TraceStep } from '../../../protocols/local/schema.ts'
import { displaySafe } from '../../../protocols/core/text.ts'
import { cutTo, wrapText } from '../layout.ts'
import { conversationOf, knownMessage } from '../select.ts'
import type { ChatState, Overlay, Trace } from '../shape.ts'
import { clockTime, dayName, exactTime, isSameDay } from '../words.ts'
import type { PaintedPane } from './conversation.ts'
import { glyphsOf, type Glyphs } from './glyphs.ts'
import type { PaneSize } from './list.ts'
import { bodyText, oneLine } from './message.ts'
import { BLANK, line, span, type Row, type Tone } from './row.ts'

type TraceOverlay = Extract<Overlay, { readonly type: 'trace' }>

const TIME_COLUMNS = 12
/** Characters of an id in the command: enough to be unambiguous in practice, few enough to type. */
const ID_SHOWN = 12

export function traceRows (state: ChatState, overlay: TraceOverlay, size: PaneSize): PaintedPane {
  const all = allTraceRows(state, overlay, size.columns)
  const top = Math.max(0, Math.min(overlay.top, all.length - size.rows))
  return { rows: all.slice(top, top + size.rows), cursor: undefined, rule: undefined }
}

/** The rows of the whole trace: the reducer needs their number to stop scrolling at the end. */
export function allTraceRows (state: ChatState, { id, trace }: TraceOverlay, columns: number): Row[] {
  const message = trace?.message ?? knownMessage(state, id)
  const contact = message === undefined ? undefined : conversationOf(state, message.with)?.contact
  const way = message?.isOwn === false ? 'from' : 'to'
  const title = message === undefined ? '' : `"${cutTo(oneLine(bodyText(message)), Math.max(8, columns - 30))}" ${way} ${displaySafe(contact?.label ?? message.fromLabel)}`
  const head: Row[] = wrapped(title, columns, 'bold')
  if (trace === undefined) return head
  const glyphs = glyphsOf(state.glyphs)
  const { steps, next } = withDevices(trace)
  return [
    ...head, ...wrapped(displaySafe(trace.headline), columns, 'plain'), BLANK,
    ...steps.flatMap((step, index) => [...dayRow(state, trace, index), ...stepRows(step, { time: exactTime(Date.parse(step.at)), ...sign(step, glyphs) }, columns)]),
    ...next.flatMap((step, index) => stepRows(step, nextSign(state, step, index), columns)),
    BLANK, ...wrapped(`The same in a shell: skein msg trace ${id.slice(0, ID_SHOWN)}`, columns, 'dim')
  ]
}

/** Where several devices are concerned, each row says which one. */
function withDevices ({ steps, next }: Trace): { readonly steps: readonly TraceStep[], readonly next: readonly TraceStep[] } {
  const devices = new Set([...steps, ...next].flatMap(({ device }) => device === undefined ? [] : [device]))
  if (devices.size < 2) return { steps, next }
  const named = (step: TraceStep): TraceStep => step.device === undefined ? step : { ...step, text: `${step.text}, device ${step.device.slice(0, DEVICE_SHOWN)}` }
  return { steps: steps.map(named), next: next.map(named) }
}

/** Characters of a device id that tell 16 devices apart. */
const DEVICE_SHOWN = 8

interface Sign { readonly time: string, readonly glyph: string, readonly tone: Tone }

function sign (step: TraceStep, glyphs: Glyphs): Pick<Sign, 'glyph' | 'tone'> {
  return { glyph: WRONG.has(step.step) ? glyphs.cross : glyphs.knot, tone: 'plain' }
}

/** Steps at which something ended or was turned down. In ink: a refusal there is not your failure. */
const WRONG: ReadonlySet<string> = new Set(['unreachable', 'unanswered', 'refused', 'undecryptable', 'failed', 'expired', 'cancelled'])

function nextSign (state: ChatState, step: TraceStep, index: number): Sign {
  const glyphs = glyphsOf(state.glyphs)
  const atMs = Date.parse(step.at)
  // Only the time of a retry is a plan; that of a delivery is when it would be given up.
  const time = step.step === 'retry' && atMs > state.nowMs ? `at ${clockTime(atMs)}` : index === 0 ? 'now' : ''
  return index === 0 ? { time, glyph: glyphs.open, tone: 'accent' } : { time, glyph: glyphs.toCome, tone: 'dim' }
}

function dayRow (state: ChatState, { steps }: Trace, index: number): Row[] {
  const atMs = Date.parse(steps[index]?.at ?? '')
  const before = index === 0 ? state.nowMs : Date.parse(steps[index - 1]?.at ?? '')
  return isSameDay(before, atMs) ? [] : [line(`  ${dayName(atMs, state.nowMs)}`, 'dim')]
}

function stepRows (step: TraceStep, { time, glyph, tone }: Sign, columns: number): Row[] {
  const indent = TIME_COLUMNS + 7
  const room = Math.max(12, columns - indent - 2)
  const what = /^(when|if) /.test(step.text) ? `${step.step}, ${step.text}` : step.text
  const said = step.cause === undefined || step.cause === '' ? what : `${what}   ${step.cause}`
  return wrapText(displaySafe(said), room).map((row, index): Row => index === 0
    ? [span(`  ${time.padEnd(TIME_COLUMNS)}  `, 'dim'), span(`${glyph}  `, tone), span(row.shown, tone)]
    : [span(' '.repeat(indent)), span(row.shown, tone)])
}

function wrapped (text: string, columns: number, tone: Tone): Row[] {
  return wrapText(text, columns - 4).map(row => line(`  ${row.shown}`, tone))
}
