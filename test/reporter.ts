/**
 * mocha's own report, and below it what a reader of the gate asks next: which tests did not run and why, which took
 * longest, and one plain line with the counts, always the last.
 */
import { reporters, Runner } from 'mocha'

const SLOWEST_COUNT = 10
/** Nobody waits for what is quicker. */
const SLOW_MS = 100

/** Set by `skip`, in test/skip.ts. */
interface Skippable { readonly skipReason?: string, readonly parent?: Skippable }

export default class GateReporter extends reporters.Spec {
  readonly #skipped: Mocha.Test[] = []
  readonly #timed: Mocha.Test[] = []

  constructor (runner: Runner, options?: Mocha.MochaOptions) {
    super(runner, options)
    runner.on(Runner.constants.EVENT_TEST_PENDING, test => this.#skipped.push(test))
    runner.on(Runner.constants.EVENT_TEST_END, test => this.#timed.push(test))
    // Spec has registered its summary in the constructor above: this one runs after it.
    runner.once(Runner.constants.EVENT_RUN_END, () => this.#conclude())
  }

  #conclude (): void {
    printList('skipped', this.#skipped.map(test => `${test.fullTitle()}: ${skipReason(test as Skippable)}`))
    printList('slowest', slowest(this.#timed).map(test => `${((test.duration ?? 0) / 1000).toFixed(1)} s  ${test.fullTitle()}`))
    const { passes, failures, pending } = this.stats
    const skipped = pending === 0 ? '' : `, ${pending} skipped`
    reporters.Base.consoleLog(`${passes} passed, ${failures} failed${skipped}`)
  }
}

function skipReason (runnable: Skippable | undefined): string {
  if (runnable === undefined) return 'no reason given'
  return runnable.skipReason ?? skipReason(runnable.parent)
}

function slowest (tests: readonly Mocha.Test[]): readonly Mocha.Test[] {
  return tests.filter(test => (test.duration ?? 0) >= SLOW_MS)
    .toSorted((left, right) => (right.duration ?? 0) - (left.duration ?? 0)).slice(0, SLOWEST_COUNT)
}

function printList (title: string, lines: readonly string[]): void {
  if (lines.length === 0) return
  reporters.Base.consoleLog(`  ${title}:`)
  for (const line of lines) reporters.Base.consoleLog(`    ${line}`)
  reporters.Base.consoleLog('')
}
