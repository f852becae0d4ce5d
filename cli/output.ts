/**
 * Where results and remarks go: stdout carries the result and nothing else, as text or as JSON; progress, hints and errors
 * go to stderr. Law: docs/protocols/local.md, "The command line".
 */
import type { Writable } from 'node:stream'
import type { SkeinError } from '../protocols/core/errors.ts'
import { displaySafe } from '../protocols/core/text.ts'
import { UnfinishedError } from './failure.ts'
import { lookOf } from './look.ts'
import type { ColorWish, Look } from './look.ts'

export interface OutputOptions {
  /** Of the command, or `error` while it is not known: `contact add`. */
  readonly path: string
  readonly isJson: boolean
  readonly isQuiet: boolean
  readonly color: ColorWish
}

/** Nobody reads our output any more: the end, but no failure. */
export class OutputClosedError extends Error {
  override name = 'OutputClosedError'
}

/** What a terminal could take for a command, or turn text around: legal in JSON, but not to be printed as it is. */
const UNPRINTABLE = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

export class Output {
  readonly isJson: boolean
  readonly isTerminal: boolean
  readonly look: Look
  /** For what goes to stderr, which may be a terminal when stdout is not. */
  readonly stderrLook: Look
  readonly #schema: string
  readonly #isQuiet: boolean

  constructor ({ path, isJson, isQuiet, color }: OutputOptions) {
    const { stdout, stderr, env } = process
    this.isJson = isJson
    this.isTerminal = stdout.isTTY
    const common = { color, environment: env, nowMs: Date.now() }
    this.look = lookOf({ ...common, isTerminal: stdout.isTTY && !isJson, columns: stdout.columns })
    this.stderrLook = lookOf({ ...common, isTerminal: stderr.isTTY, columns: stderr.columns })
    this.#schema = schemaOf(path)
    this.#isQuiet = isQuiet
  }

  /** The one result of a command: `value` as JSON, `text` for people. Resolves when it is written. */
  async result (value: object, text: string): Promise<void> {
    if (this.isJson) await write(process.stdout, jsonLine({ schema: this.#schema, ok: true, data: value }))
    else if (text !== '') await write(process.stdout, `${text}\n`)
  }

  /** One of many results: `value` as a line of JSON with its schema, `text` for people. Resolves when it is written. */
  async record (schema: string, value: object, text: string): Promise<void> {
    await write(process.stdout, this.isJson ? jsonLine({ schema, ...value }) : `${text}\n`)
  }

  /** Text as it is: help, scripts and exports. Resolves when it is written. */
  async raw (text: string): Promise<void> {
    await write(process.stdout, text)
  }

  /** Text for people, none with `--json`. */
  async line (text: string): Promise<void> {
    if (!this.isJson) await write(process.stdout, `${text}\n`)
  }

  /** A hint or progress, for people. Says nothing when they asked for quiet. */
  note (text: string): void {
    if (!this.#isQuiet) process.stderr.write(`${text}\n`)
  }

  /** Replaces the line of progress before; only on a terminal. */
  progress (text: string): void {
    if (this.#isQuiet || !process.stderr.isTTY) return
    process.stderr.write(text === '' ? '\r\u001b[K' : `\r\u001b[K${text}`)
  }

  /** What failed, what is safe, what to do: on stderr, and with `--json` also on stdout. */
  async failure (fault: SkeinError): Promise<void> {
    const { code, exit, message, hint } = fault
    const said = [asSentence(displaySafe(message)), displaySafe(hint ?? '', { areLinesKept: true })].join(' ').trimEnd()
    process.stderr.write(`${this.stderrLook.danger('error:')} ${said} (exit ${exit})\n`)
    if (!this.isJson) return
    const error = { code, exit, message, ...hint !== undefined && { hint } }
    const reached = fault instanceof UnfinishedError ? { data: fault.data } : {}
    await write(process.stdout, jsonLine({ schema: this.#schema, ok: false, ...reached, error }))
  }
}

/** JSON that is also safe to print: escaped where it would act on a terminal, which changes nothing for a parser. */
export function jsonLine (value: object): string {
  return `${JSON.stringify(value).replace(UNPRINTABLE, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`
}

/** @throws OutputClosedError when the other end is gone */
async function write (stream: Writable, text: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>()
  stream.write(text, fault => fault === undefined || fault === null ? resolve(undefined) : reject(fault))
  try {
    await promise
  } catch (thrown) {
    throw isClosed(thrown) ? new OutputClosedError() : thrown
  }
}

function isClosed (thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && (thrown.code === 'EPIPE' || thrown.code === 'ERR_STREAM_DESTROYED')
}

function schemaOf (path: string): string {
  return `skein.${path.replaceAll(' ', '.')}/1`
}

function asSentence (text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}
