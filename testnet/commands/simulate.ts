/** `skein testnet simulate`: a scenario in virtual time, for many seeds; `skein testnet replay`: one seed of it, with all that happened. */
import { createHash } from 'node:crypto'
import { closeSync, openSync, writeSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import type { Invocation } from '../../cli/command.ts'
import { UnfinishedError } from '../../cli/failure.ts'
import type { Flags } from '../../cli/flags.ts'
import { durationText, parseDuration } from '../../cli/time.ts'
import { EXIT, SkeinError, UsageError } from '../../protocols/core/errors.ts'
import { SIMULATED_RELAYS_MAX, SIMULATED_USERS_MAX } from '../plan.ts'
import { quantile } from '../scenario/expectation.ts'
import { readScenario, scenarioText, type ReadScenario } from '../scenario/read.ts'
import { requireVirtual } from '../scenario/virtual.ts'
import { bisect } from '../simulation/bisect.ts'
import { figureLines } from '../simulation/figures.ts'
import { Founding } from '../simulation/founding.ts'
import { simulateAll } from '../simulation/jobs.ts'
import { loadOf } from '../simulation/load.ts'
import { clockText, simulate as simulateOne, type Played } from '../simulation/play.ts'
import { discovery } from './discovery.ts'

const SEED_MAX = 2 ** 31
const SEEDS_MAX = 10_000_000
const JOBS_MAX = 64
/** Of seeds that failed. */
const SHOWN_MAX = 20
const LOAD_DEFAULT = { users: 100, relays: 5, for: '10m' }

export async function simulate (invocation: Invocation): Promise<void> {
  const { arguments: [given], flags, output, interrupted } = invocation
  if (flags.isOn('discovery')) { await discovery(invocation); return }
  const read = given === undefined ? loadFrom(flags) : await readVirtual(given)
  const first = flags.count('from', { min: 0, max: SEED_MAX }) ?? read.scenario.seed ?? 1
  const count = flags.count('seeds', { min: 1, max: SEEDS_MAX }) ?? 1
  const seeds = Array.from({ length: count }, (_, index) => first + index)
  if (count === 1) { await one(invocation, { read, again: againOf(given, flags), seed: first, isLoad: given === undefined }); return }
  if (flags.text('trace') !== undefined) throw new UsageError('--trace writes down one seed', `For example: ${againOf(given, flags)} --seed ${first} --trace FILE`)
  const beganMs = performance.now()
  let failedCount = 0
  const all = await simulateAll({
    read,
    seeds,
    jobs: flags.count('jobs', { min: 1, max: JOBS_MAX }) ?? 1,
    untilMs: untilOf(flags),
    interrupted,
    onPlayed: played => {
      if (isFailed(played)) {
        failedCount += 1
        if (failedCount <= SHOWN_MAX) output.note(`seed ${played.seed}  ${failureText(played)}`)
      }
    }
  })
  const failed = all.filter(isFailed)
  const wallMs = performance.now() - beganMs
  const networkMs = all.reduce((sum, played) => sum + played.networkMs, 0)
  const trace = createHash('sha256').update(all.map(({ hash }) => hash).join('\n')).digest('hex')
  const data = { scenario: read.scenario.name, passed: all.length - failed.length, failed: failed.length, networkMs: Math.round(networkMs), wallMs: Math.round(wallMs), trace, seeds: all.map(viewOf) }
  if (failed.length > 0) throw new UnfinishedError(await failureOf(invocation, { failed, read, again: againOf(given, flags) }), data)
  await output.result(data, `${read.scenario.name}   seeds ${first} to ${first + count - 1}: ${data.passed} passed, 0 failed\n${paceText(networkMs, wallMs)}; all traces ${trace.slice(0, 16)}`)
}

export async function replay (invocation: Invocation): Promise<void> {
  const { arguments: [given = ''], flags } = invocation
  const read = await readVirtual(given)
  await one(invocation, { read, again: againOf(given, flags), seed: flags.count('seed', { min: 0, max: SEED_MAX }) ?? read.scenario.seed ?? 1, isShown: true })
}

interface One { readonly read: ReadScenario, readonly again: string, readonly seed: number, readonly isShown?: boolean, readonly isLoad?: boolean }

async function one (invocation: Invocation, { read, again, seed, isShown = false, isLoad = false }: One): Promise<void> {
  const { flags, output, interrupted } = invocation
  const { scenario, expectations } = read
  const founding = await Founding.of({ users: scenario.users, relays: scenario.relays ?? 0 })
  const file = flags.text('trace')
  const trace = file === undefined ? undefined : new Lines(openSync(file, 'w', 0o600))
  const shown = isShown && !output.isJson ? new Lines(process.stdout.fd) : undefined
  const onLine = trace === undefined && shown === undefined ? undefined : (line: string) => { for (const lines of [trace, shown]) lines?.add(line) }
  const told: string[] = []
  try {
    const tell = (text: string): void => { if (!isShown) told.push(`  ${text}`) }
    const played = await simulateOne({ founding, scenario, expectations, seed, interrupted, tell, untilMs: untilOf(flags), onLine })
    for (const lines of [trace, shown]) lines?.flush()
    const data = { scenario: scenario.name, users: scenario.users, relays: scenario.relays ?? 0, ...viewOf(played), figures: played.figures }
    const head = `${scenario.name}   seed ${seed}   ${scenario.users} users, ${scenario.relays ?? 0} relays   ${paceText(played.networkMs, played.wallMs)}, ${durationText(played.cpuMs)} of them computing`
    const failures = new Map(played.verdict?.failures.map(({ expectation, seen }) => [expectation, seen]))
    const judged = played.verdict === undefined
      ? [`  ended at ${clockText(played.networkMs)}, before a verdict`]
      : [...new Set([...expectations.map(({ text }) => text), ...failures.keys()])].map(text => failures.has(text) ? `  ✗ ${text.padEnd(32)} ${failures.get(text) ?? ''}` : `  ✓ ${text}`)
    const text = [head, '', ...told, ...told.length > 0 ? [''] : [], ...isLoad ? [...figureLines(played.figures), ''] : [], ...judged, '', `trace ${played.hash}`].join('\n')
    if (isFailed(played)) {
      await output.line(text)
      throw new UnfinishedError(await failureOf(invocation, { failed: [played], read, again }), data)
    }
    await output.result(data, text)
  } finally {
    trace?.close()
    founding.close()
  }
}

/** Lines into a file or to the screen, many at once. */
class Lines {
  readonly #file: number
  #waiting = ''

  constructor (file: number) { this.#file = file }

  add (line: string): void {
    this.#waiting += `${line}\n`
    if (this.#waiting.length > LINES_AT_ONCE) this.flush()
  }

  flush (): void {
    const bytes = Buffer.from(this.#waiting)
    for (let written = 0; written < bytes.byteLength;) written += writeSync(this.#file, bytes, written)
    this.#waiting = ''
  }

  close (): void { closeSync(this.#file) }
}

const LINES_AT_ONCE = 64 * 1024

function loadFrom (flags: Flags): ReadScenario {
  return loadOf({
    users: flags.count('users', { min: 2, max: SIMULATED_USERS_MAX }) ?? LOAD_DEFAULT.users,
    relays: flags.count('relays', { min: 0, max: SIMULATED_RELAYS_MAX }) ?? LOAD_DEFAULT.relays,
    durationMs: parseDuration(flags.text('for') ?? LOAD_DEFAULT.for, '--for')
  })
}

/** What repeats it, but for its seed. */
function againOf (given: string | undefined, flags: Flags): string {
  if (given !== undefined) return `skein testnet replay ${given}`
  return ['skein testnet simulate', ...['users', 'relays', 'for'].flatMap(name => flags.text(name) === undefined ? [] : [`--${name} ${flags.text(name) ?? ''}`])].join(' ')
}

/** `00:47:12`, or a duration. */
async function readVirtual (given: string): Promise<ReadScenario> {
  const read = await readScenario(given)
  requireVirtual(read)
  return read
}

function untilOf (flags: Flags): number | undefined {
  const text = flags.text('until')
  if (text === undefined) return undefined
  const { hours, minutes, seconds } = /^(?<hours>\d+):(?<minutes>[0-5]?\d):(?<seconds>[0-5]?\d(?:\.\d+)?)$/.exec(text)?.groups ?? {}
  return seconds === undefined ? parseDuration(text, '--until') : (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000
}

function isFailed ({ verdict }: Played): boolean { return verdict !== undefined && verdict.failures.length > 0 }

function failureText ({ verdict }: Played): string { return (verdict?.failures ?? []).map(({ expectation, seen }) => `expected ${expectation}; ${seen}`).join('. ') }

interface Failed { readonly failed: readonly Played[], readonly read: ReadScenario, readonly again: string }

async function failureOf (invocation: Invocation, { failed, read, again }: Failed): Promise<SkeinError> {
  const [first] = failed
  const seed = first?.seed ?? 0
  const smaller = first === undefined ? '' : await smallerOf(invocation, read, seed)
  return new SkeinError(failed.length === 1 ? 'one seed does not come out as expected' : `${failed.length} seeds do not come out as expected`, {
    code: 'assertion_failed',
    exit: EXIT.assertion,
    hint: `Seed ${seed}: ${first === undefined ? '' : failureText(first)}. Again: ${again} ${again.includes('replay') ? '--seed' : '--from'} ${seed}${smaller}`
  })
}

/** Makes it small where that was asked for, and says what came of it. */
async function smallerOf ({ flags, output, interrupted }: Invocation, read: ReadScenario, seed: number): Promise<string> {
  const file = flags.text('bisect')
  if (file === undefined) return ''
  const founding = await Founding.of({ users: read.scenario.users, relays: read.scenario.relays ?? 0 })
  try {
    const bisected = await bisect({ read, founding, seed, interrupted, tell: text => { output.note(`  ${text}`) } })
    if (bisected === undefined) return ''
    const { scenario, faultsBefore, runs } = bisected
    await writeFile(file, `# What is left of seed ${seed} of "${read.scenario.name}" when all is left out that may be: skein testnet simulate ${file}\n${await scenarioText(scenario)}`)
    return `. Smallest, of ${runs} tries: ${scenario.faults?.length ?? 0} of ${faultsBefore} faults, ${scenario.talk.messages} of ${read.scenario.talk.messages} messages: skein testnet simulate ${file}`
  } finally {
    founding.close()
  }
}

function paceText (networkMs: number, wallMs: number): string {
  return `${durationText(networkMs)} of network time in ${durationText(wallMs)} (${Math.round(networkMs / Math.max(1, wallMs))} ×)`
}

function viewOf ({ seed, verdict, hash, happened, networkMs, wallMs, cpuMs }: Played): object {
  const common = { seed, trace: hash, happened, networkMs: Math.round(networkMs), wallMs: Math.round(wallMs), cpuMs: Math.round(cpuMs) }
  if (verdict === undefined) return { ...common, passed: null }
  const { failures, seen: { messages, lost, duplicates, reordered, settleMs, deliveryMs, onlineDeliveryMs } } = verdict
  const [p50Ms, p99Ms, onlineP99Ms] = [quantile(deliveryMs, 0.5), quantile(deliveryMs, 0.99), quantile(onlineDeliveryMs, 0.99)].map(value => value ?? null)
  return { ...common, passed: failures.length === 0, failures, messages, lost, duplicates, reordered, p50Ms, p99Ms, onlineP99Ms, settleMs: Math.round(settleMs) }
}
