/** How the demo tells what happens: numbered scenes for people, one object a step with `--json`. */
import { stripVTControlCharacters } from 'node:util'
import type { MessageView, TraceStep } from '../../protocols/local/schema.ts'
import type { Trace } from '../trace.ts'
import { traceLines } from '../trace.ts'
import type { Look } from '../look.ts'
import type { Output } from '../output.ts'
import { columnsOf, pad } from '../table.ts'
import { bodyOf, stateMark } from '../words.ts'

const STEP_SCHEMA = 'skein.demo.step/1'
const INDENT = '   '
/** Behind the name of a person. */
const NAME_WIDTH = 5
const STATE_WIDTH = 13
const REMARK_WIDTH = 48

type ToldState = 'queued' | 'stored' | 'delivered' | 'read'

export class Telling {
  readonly #output: Output
  #scenes = 0
  #title = ''

  constructor (output: Output) {
    this.#output = output
  }

  get look (): Look { return this.#output.look }

  /** Of the scene that is on. */
  get title (): string { return this.#title }

  /** A heading, and in one line what happens now. */
  async scene (title: string, what: string): Promise<void> {
    this.#scenes += 1
    this.#title = title
    await this.#output.line(`\n${this.look.bold(`${this.#scenes}  ${title}`)}\n${INDENT}${what}`)
  }

  /** One step: `facts` for programs, `text` for people. */
  async step (step: string, facts: object, text: string): Promise<void> {
    await this.#output.record(STEP_SCHEMA, { ok: true, step, ...facts }, text.split('\n').map(line => `${INDENT}${line}`.trimEnd()).join('\n'))
  }

  /** `ana  Leaving now`, with what it answers above it. */
  async message (step: string, who: string, { id, text, to, replyTo }: { readonly id: string, readonly text: string, readonly to: string, readonly replyTo?: MessageView }): Promise<void> {
    const quote = replyTo === undefined ? [] : [this.look.dim(`> ${bodyOf(replyTo)}`)]
    const lines = [...quote, ...text.split('\n')]
    await this.step(step, { from: who, to, id, text, ...replyTo !== undefined && { replyTo: replyTo.id } }, lines.map((line, index) => index === 0 ? this.line(who, line) : `${' '.repeat(NAME_WIDTH)}${line}`).join('\n'))
  }

  /** A person's line. */
  line (who: string, text: string): string {
    return `${this.look.bold(pad(who, NAME_WIDTH))}${text}`
  }

  /** Of something long that nobody reads to its end. */
  beginning (text: string, charactersMax: number): string {
    return `${text.slice(0, charactersMax)}${this.look.isAscii ? '...' : '…'}`
  }

  /** `✓✓ delivered  Bob's node has it on disk   13 ms`. */
  async state (id: string, state: ToldState, { remark, afterMs }: { readonly remark: string, readonly afterMs?: number | undefined }): Promise<void> {
    const mark = pad(stateWords(state, this.look), STATE_WIDTH)
    const took = afterMs === undefined ? '' : this.look.dim(afterMs < 1_000 ? `${afterMs} ms` : `${(afterMs / 1_000).toFixed(1)} s`)
    await this.step('state', { id, state, ...afterMs !== undefined && { afterMs }, text: remark },
      `${' '.repeat(NAME_WIDTH)}${state === 'read' ? this.look.accent(mark) : mark}  ${pad(remark, REMARK_WIDTH)}${took}`.trimEnd())
  }

  /** Without the commands below it: they would need the home of one of the two. */
  async trace (trace: Trace, label: string): Promise<void> {
    const { message, headline, steps, next } = trace
    const lines = traceLines(trace, { look: { ...this.look, nowMs: Date.now() }, label, hasFoot: false }).flatMap(line => this.#output.isTerminal ? wrapped(line, this.look.columns - INDENT.length) : [line])
    await this.step('trace', { id: message.id, state: message.state, text: headline, steps, next }, lines.join('\n'))
  }
}

/** The place of the words in a line of a trace: behind the time and the knot. */
const TRACE_WORDS = /^ {2}.{12} {2}\S {3}/

/** Breaks a line between words; what follows stands under the words of the first part. */
function wrapped (line: string, columns: number): readonly string[] {
  const under = ' '.repeat(TRACE_WORDS.exec(stripVTControlCharacters(line))?.[0].length ?? 0)
  const [first = '', ...words] = line.split(' ')
  const lines = [first]
  for (const word of words) {
    const last = lines.at(-1) ?? ''
    if (columnsOf(`${last} ${word}`) > columns && last.trim() !== '') lines.push(`${under}${word}`)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}

/** How long after it was written a message came to a step; undefined while it has not. */
export function afterMs ({ steps }: { readonly steps: readonly TraceStep[] }, step: string): number | undefined {
  const from = steps.find(({ step: name }) => name === 'queued')
  const to = steps.findLast(({ step: name }) => name === step)
  return from === undefined || to === undefined ? undefined : Date.parse(to.at) - Date.parse(from.at)
}

/** Everywhere else a tick stands without its word; here one learns what it means. */
function stateWords (state: ToldState, look: Look): string {
  const mark = stateMark({ state }, look)
  return mark.includes(state) ? mark : `${mark} ${state}`
}
