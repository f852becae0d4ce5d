/**
 * Kills a node at every step of node/failpoints.ts, a thousand times each, and looks after every hundred whether all promises are
 * kept: what test/crash does twenty times, for a night. Progress on standard error, a table on standard output.
 */
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { STEPS, type Step } from '../../node/failpoints.ts'
import { PLANS } from '../../test/crash/plans.ts'
import { seedOfThisRun } from '../../test/crash/seed.ts'
import { seeded } from '../../testnet/chance.ts'
import { Victims } from '../../test/crash/victims.ts'
import { scratchFolder } from '../../test/integration/folders.ts'

export const KILLS_USAGE = `kills: a node is killed at every step of node/failpoints.ts (the default)
  --rounds N    kills at each step, default 1000
  --step NAME   one of ${STEPS.join(', ')};
                may be repeated
  --power-cut   each kill takes what the disk was not asked to keep as well
  --jobs N      steps at the same time, default one for each core
  --seed N      repeats what was chance in another run`

/** Kills between two settlements: a fault is then found near its cause, and a conversation stays readable. */
const KILLS_BETWEEN = 100

interface Options { readonly rounds: number, readonly steps: readonly Step[], readonly isPowerCut: boolean, readonly jobs: number, readonly seed: number }

interface Row { readonly step: Step, readonly kills: number, readonly messages: number, readonly seconds: number, readonly fault: string | undefined }

/** @throws TypeError that says what is wrong */
function parseOptions (args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: { rounds: { type: 'string', default: '1000' }, step: { type: 'string', multiple: true }, 'power-cut': { type: 'boolean', default: false }, jobs: { type: 'string' }, seed: { type: 'string' } }
  })
  return {
    rounds: positive(values.rounds, '--rounds'),
    steps: (values.step ?? STEPS).map(stepOf),
    isPowerCut: values['power-cut'],
    jobs: positive(values.jobs ?? `${availableParallelism()}`, '--jobs'),
    seed: values.seed === undefined ? seedOfThisRun() : positive(values.seed, '--seed')
  }
}

function positive (text: string, option: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new TypeError(`${option} takes a number from 1`)
  return value
}

function stepOf (given: string): Step {
  const step = STEPS.find(known => known === given)
  if (step === undefined) throw new TypeError(`there is no step ${given}; steps: ${STEPS.join(', ')}`)
  return step
}

async function soak ({ rounds, steps, isPowerCut, jobs, seed }: Options): Promise<Row[]> {
  await using folder = await scratchFolder()
  const queue = [...steps]
  const rows: Row[] = []
  const work = async (): Promise<void> => {
    await using victims = await Victims.prepare(join(folder.path, 'compiled'))
    for (let step = queue.shift(); step !== undefined; step = queue.shift()) rows.push(await soakStep(step, { victims, rounds, isPowerCut, seed }))
  }
  await Promise.all(Array.from({ length: Math.min(jobs, steps.length) }, work))
  return rows.sort((left, right) => steps.indexOf(left.step) - steps.indexOf(right.step))
}

async function soakStep (step: Step, { victims, rounds, isPowerCut, seed }: Pick<Options, 'rounds' | 'isPowerCut' | 'seed'> & { readonly victims: Victims }): Promise<Row> {
  const startedAtMs = performance.now()
  const seconds = (): number => (performance.now() - startedAtMs) / 1000
  // Of its own, so that one step alone repeats what it did among the others.
  const random = seeded(seed + STEPS.indexOf(step))
  let kills = 0
  let messages = 0
  try {
    while (kills < rounds) {
      await using pair = await PLANS[step].meet({ victims, random, isPowerCut })
      for (const end = Math.min(rounds, kills + KILLS_BETWEEN); kills < end; kills++) await PLANS[step].kill(pair, { step, n: pair.chance(PLANS[step].passes) })
      messages += await pair.settleUp()
      process.stderr.write(`${step}: ${kills.toLocaleString('en')} of ${rounds.toLocaleString('en')} kills, ${seconds().toFixed(0)} s\n`)
    }
    return { step, kills, messages, seconds: seconds(), fault: undefined }
  } catch (error) {
    process.stderr.write(`${step}: ${error instanceof Error ? error.stack ?? error.message : String(error)}\n`)
    return { step, kills, messages, seconds: seconds(), fault: error instanceof Error ? error.message.split('\n')[0] ?? '' : String(error) }
  }
}

function renderTable (rows: readonly Row[]): string {
  const cells = rows.map(({ step, kills, messages, seconds, fault }) => [step, kills.toLocaleString('en'), messages.toLocaleString('en'), `${(seconds / Math.max(kills, 1)).toFixed(2)} s`, fault ?? 'kept'])
  const head = ['step', 'kills', 'messages', 'each', 'promises']
  const widths = head.map((title, column) => Math.max(title.length, ...cells.map(row => row[column]?.length ?? 0)))
  return [head, ...cells].map(row => row.map((cell, column) => column >= 1 && column <= 3 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()).join('\n')
}

/** Returns the exit code of the process. @throws TypeError that says which option is wrong */
export async function soakKills (args: readonly string[]): Promise<number> {
  const options = parseOptions(args)
  process.stderr.write(`--seed ${options.seed} repeats what is chance here\n`)
  const rows = await soak(options)
  console.log(renderTable(rows))
  return rows.every(row => row.fault === undefined) ? 0 : 1
}
