/** `skein testnet run`: a scenario, once for each seed, and whether it came out as it expects. */
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Invocation } from '../../cli/command.ts'
import { UnfinishedError } from '../../cli/failure.ts'
import { durationText } from '../../cli/time.ts'
import { EXIT, SkeinError, UsageError } from '../../protocols/core/errors.ts'
import { whyNoSpaces } from '../cable/namespaces/spaces.ts'
import { whyNoDisks } from '../disks/disks.ts'
import { UnfitError } from '../fitness.ts'
import { layoutOf } from '../layout.ts'
import { RELAYS_MAX, USERS_MAX } from '../plan.ts'
import { releaseFolder } from '../releases.ts'
import { writeReport } from '../report/files.ts'
import { junitOf } from '../scenario/junit.ts'
import { readScenario, shippedScenarios, type ReadScenario } from '../scenario/read.ts'
import { runScenario, type Outcome } from '../scenario/run.ts'
import { quantile } from '../scenario/expectation.ts'
import { directoryOf } from './directory.ts'

const SEED_MAX = 2 ** 31
const SEEDS_MAX = 100_000
const JOBS_MAX = 64

export async function run (invocation: Invocation): Promise<void> {
  const { arguments: [given], flags, output } = invocation
  if (given === undefined) {
    const scenarios = await Promise.all(shippedScenarios().map(async name => ({ name, about: (await readScenario(name)).scenario.about ?? '' })))
    await output.result({ scenarios }, scenarios.map(({ name, about }) => `${name.padEnd(20)} ${about}`).join('\n'))
    return
  }
  const read = await readScenario(given)
  const { users, relays = 0, seed = 1 } = read.scenario
  if (users > USERS_MAX || relays > RELAYS_MAX) throw new UsageError(`${users} users and ${relays} relays are more processes than a computer runs`, `In virtual time: skein testnet simulate ${given}`)
  const first = flags.count('from', { min: 0, max: SEED_MAX }) ?? seed
  const seeds = Array.from({ length: flags.count('seeds', { min: 1, max: SEEDS_MAX }) ?? 1 }, (_, index) => first + index)
  const named = flags.text('release')
  const wish = named ?? read.scenario.release
  if (named !== undefined && read.scenario.release === undefined) throw new UsageError('this scenario knows one version only', 'Only where it says so (release: previous), others can be named.')
  await requireFitness(read.scenario)
  const release = wish === undefined ? undefined : await releaseFolder(wish, join(directoryOf(flags), 'releases'))
  const command = `skein testnet run ${given}${named === undefined ? '' : ` --release ${named}`}`
  const outcomes = await runAll(seeds, { ...invocation, command, read, release, jobs: flags.count('jobs', { min: 1, max: JOBS_MAX }) ?? 1 })
  const junit = flags.text('junit')
  if (junit !== undefined) await writeFile(junit, junitOf(read.scenario.name, outcomes))
  const failed = outcomes.filter(({ failures }) => failures.length > 0)
  const data = { scenario: read.scenario.name, passed: outcomes.length - failed.length, failed: failed.length, seeds: outcomes.map(viewOf) }
  if (failed.length > 0) throw new UnfinishedError(failureOf(command, failed), data)
  await output.result(data, `${data.passed} passed, 0 failed\nReport: ${outcomes.length === 1 ? outcomes[0]?.report ?? '' : `${join(directoryOf(flags), directoryNameOf(read.scenario.name, '*'))}/report.html`}`)
}

/** Before anything starts, or is removed. @throws UnfitError */
async function requireFitness ({ name, cable, disks }: ReadScenario['scenario']): Promise<void> {
  const reason = cable === 'namespaces' ? await whyNoSpaces() : undefined
  if (reason !== undefined) throw new UnfitError(`"${name}" cannot run here: ${reason}`, 'It says "cable: namespaces".')
  const diskless = disks === true ? whyNoDisks() : undefined
  if (diskless !== undefined) throw new UnfitError(`"${name}" cannot run here: nobody can have a disk of their own: ${diskless}`, 'It says "disks: true".')
}

interface Plan extends Invocation {
  /** That repeats it, but for the seed. */
  readonly command: string
  readonly read: ReadScenario
  /** The folder of the version that everybody is of at first; undefined: this one. */
  readonly release: string | undefined
  readonly jobs: number
}

/** With where its page is. */
interface Reported extends Outcome { readonly report: string }

async function runAll (seeds: readonly number[], { command, read: { scenario, expectations }, release, jobs, flags, output, interrupted }: Plan): Promise<Reported[]> {
  const waiting = [...seeds]
  const outcomes: Reported[] = []
  await Promise.all(Array.from({ length: jobs }, async () => {
    for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
      const directory = join(directoryOf(flags), directoryNameOf(scenario.name, String(seed)))
      const beginMs = performance.now()
      const tell = (text: string): void => { output.note(`seed ${seed}  ${((performance.now() - beginMs) / 1000).toFixed(1).padStart(6)} s  ${text}`) }
      // What another run has left is another history.
      await rm(directory, { recursive: true, force: true })
      const outcome = await runScenario({ scenario, expectations, seed, release, layout: layoutOf(directory), replay: `${command} --from ${seed}`, interrupted, tell })
      for (const { expectation, seen } of outcome.failures) tell(`expected ${expectation}; ${seen}`)
      tell(`${outcome.failures.length === 0 ? 'passed' : 'failed'}: ${summaryOf(outcome)}`)
      if (outcome.failures.length === 0 && !flags.isOn('keep')) await rm(directory, { recursive: true, force: true })
      else tell(`homes and logs: ${directory}`)
      const report = await writeReport(outcome.record, { directory })
      tell(`report: ${report}`)
      outcomes.push({ ...outcome, report })
    }
  }))
  return outcomes.sort((left, right) => left.seed - right.seed)
}

function directoryNameOf (name: string, seed: string): string { return `${name.replace(/[^a-z0-9]+/gi, '-').toLowerCase()}-${seed}` }

function viewOf ({ seed, failures, seen, durationMs, report }: Reported): object {
  const { messages, lost, duplicates, reordered, settleMs, deliveryMs, onlineDeliveryMs } = seen
  const [p50Ms, p99Ms, onlineP99Ms] = [quantile(deliveryMs, 0.5), quantile(deliveryMs, 0.99), quantile(onlineDeliveryMs, 0.99)].map(value => value ?? null)
  return { seed, passed: failures.length === 0, failures, messages, lost, duplicates, reordered, p50Ms, p99Ms, onlineP99Ms, settleMs: Math.round(settleMs), durationMs: Math.round(durationMs), report }
}

function summaryOf ({ seen: { messages, lost, duplicates, deliveryMs, settleMs } }: Outcome): string {
  const [median, late] = [quantile(deliveryMs, 0.5), quantile(deliveryMs, 0.99)]
  return `${messages} messages, lost ${lost}, duplicates ${duplicates}, delivered in ${durationText(median ?? 0)} (p99 ${durationText(late ?? 0)}), equal after ${durationText(settleMs)}`
}

function failureOf (command: string, [first, ...others]: readonly Reported[]): SkeinError {
  const [failure] = first?.failures ?? []
  return new SkeinError(others.length === 0 ? 'one run does not come out as expected' : `${others.length + 1} runs do not come out as expected`, {
    code: 'assertion_failed',
    exit: EXIT.assertion,
    hint: `Seed ${first?.seed ?? 0}: expected ${failure?.expectation ?? ''}; ${failure?.seen ?? ''}. Again: ${command} --from ${first?.seed ?? 0}  Report: ${first?.report ?? ''}`
  })
}
