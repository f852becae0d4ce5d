/** What a suite of measurements is given. */
import type { Figure } from './figures.ts'

export interface Run {
  /** For everything temporary: removed at the end, however it comes. */
  readonly folder: string
  readonly isQuick: boolean
  /** Where profiles go, if somebody wants them. */
  readonly profileFolder: string | undefined
  /** On `performance.now()`'s clock: what is not measured by then is not measured. */
  readonly deadlineMs: number
  readonly report: (figure: Figure) => void
  /** Something cannot be measured on this machine, and why; that is no failure. */
  readonly skip: (reason: string) => void
  /** A line for whoever waits. */
  readonly note: (text: string) => void
}

/** Throughputs are medians of so many repetitions, each beside a repetition of the raw limit: other programs disturb both alike. */
export const REPETITIONS = 3

export const IN_FLIGHT = 100
