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
  return [
    ...head, ...wrapped(displaySafe(trace.headline), columns, 'plain'), BLANK,
    ...trace.steps.flatMap((step, index) => [...dayRow(state, trace, index), ...stepRows(step, { time: exactTime(Date.parse(step.at)), ...sign(step, glyphs) }, columns)]),
    ...trace.next.flatMap((step, index) => stepRows(step, nextSign(state, step, index), columns)),
    BLANK, ...wrapped(`The same in a shell: skein msg trace ${id.slice(0, ID_SHOWN)}`, columns, 'dim')
  ]
}

interface Sign { readonly time: string, readonly glyph: string, readonly tone: Tone }

function sign (step: TraceStep, glyphs: Glyphs): Pick<Sign, 'glyph' | 'tone'> {
  const isWrong = step.cause !== undefined || /refused|unreachable|failed|expired|cancelled/.test(step.step)
  return isWrong ? { glyph: glyphs.cross, tone: 'plain' } : { glyph: glyphs.knot, tone: 'plain' }
}

function nextSign (state: ChatState, step: TraceStep, index: number): Sign {
  const glyphs = glyphsOf(state.glyphs)
  const atMs = Date.parse(step.at)
  if (index === 0) return { time: 'now', glyph: glyphs.open, tone: 'accent' }
  return { time: atMs > state.nowMs ? clockTime(atMs) : '', glyph: glyphs.toCome, tone: 'dim' }
}

function dayRow (state: ChatState, { steps }: Trace, index: number): Row[] {
  const atMs = Date.parse(steps[index]?.at ?? '')
  const before = index === 0 ? state.nowMs : Date.parse(steps[index - 1]?.at ?? '')
  return isSameDay(before, atMs) ? [] : [line(`  ${dayName(atMs, state.nowMs)}`, 'dim')]
}

function stepRows (step: TraceStep, { time, glyph, tone }: Sign, columns: number): Row[] {
  const indent = TIME_COLUMNS + 7
  const room = Math.max(12, columns - indent - 2)
  const said = step.cause === undefined ? step.text : `${step.text}   ${step.cause}`
  return wrapText(displaySafe(said), room).map((row, index): Row => index === 0
    ? [span(`  ${time.padEnd(TIME_COLUMNS)}  `, 'dim'), span(`${glyph}  `, tone), span(row.shown, tone)]
    : [span(' '.repeat(indent)), span(row.shown, tone)])
}

function wrapped (text: string, columns: number, tone: Tone): Row[] {
  return wrapText(text, columns - 4).map(row => line(`  ${row.shown}`, tone))
}
