/**
 * `npm run bench`: every figure that Skein is held against, beside what this machine does without it, in one table. It judges
 * nobody: a missed budget is printed and no failure. What it means and where the time goes: docs/benchmarks.md.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { measureBacklog } from './backlog.ts'
import { killAll } from './children.ts'
import { measureDeposits } from './deposits.ts'
import { ratioOf, verdictOf, type Figure } from './figures.ts'
import { measureHistory } from './history.ts'
import { measureIdle } from './idle.ts'
import { measureIdleTraffic } from './idle-traffic.ts'
import { describeMachine, machineText, type Machine } from './machine.ts'
import { parseOptions, USAGE, type Options, type SuiteName } from './options.ts'
import { measureEncryption } from './encryption.ts'
import { measureMedia } from './media.ts'
import { measureMediaRelay } from './media-relay.ts'
import { measurePair } from './pair.ts'
import { measureRelayed } from './relayed.ts'
import { measureRelayIdle } from './relay-idle.ts'
import { measureSend } from './send.ts'
import { measureSpread } from './spread.ts'
import { measureStart } from './start.ts'
import type { Run } from './suite.ts'
import { renderTable } from './table.ts'

const FULL_MS_MAX = 1_800_000
const QUICK_MS_MAX = 300_000

const MEASURE: Readonly<Record<SuiteName, (run: Run) => Promise<void>>> = {
  pair: measurePair,
  spread: measureSpread,
  start: measureStart,
  send: measureSend,
  idle: measureIdle,
  history: measureHistory,
  deposits: measureDeposits,
  backlog: measureBacklog,
  relayed: measureRelayed,
  'relay-idle': measureRelayIdle,
  'idle-traffic': measureIdleTraffic,
  encryption: measureEncryption,
  media: measureMedia,
  'media-relay': measureMediaRelay
}

interface Findings { readonly machine: Machine, readonly figures: readonly Figure[], readonly failures: readonly string[], readonly skipped: readonly string[], readonly loadAfter: number, readonly tookS: number }

process.exitCode = await main(process.argv.slice(2))

async function main (args: readonly string[]): Promise<number> {
  const options = optionsOf(args)
  if (typeof options === 'number') return options
  const folder = await mkdtemp(join(tmpdir(), 'skein-bench-'))
  for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143]] as const) process.once(signal, () => { void abandon(folder, code) })
  try {
    const findings = await measure(options, folder)
    process.stdout.write(options.isJson ? renderJson(findings) : renderText(findings, options))
    return findings.failures.length === 0 ? 0 : 1
  } finally {
    killAll()
    await rm(folder, { recursive: true, force: true })
  }
}

function optionsOf (args: readonly string[]): Options | number {
  try {
    const options = parseOptions(args)
    if (options === undefined) process.stdout.write(USAGE + '\n')
    return options ?? 0
  } catch (thrown) {
    process.stderr.write(`${thrown instanceof Error ? thrown.message : 'wrong options'}\n\n${USAGE}\n`)
    return 2
  }
}

async function measure ({ suites, isQuick, profileFolder }: Options, folder: string): Promise<Findings> {
  const startMs = performance.now()
  const deadlineMs = startMs + (isQuick ? QUICK_MS_MAX : FULL_MS_MAX)
  const machine = describeMachine()
  const figures: Figure[] = []
  const failures: string[] = []
  const skipped: string[] = []
  const note = (text: string): void => { process.stderr.write(`${((performance.now() - startMs) / 1000).toFixed(0).padStart(4)} s  ${text}\n`) }
  const timer = setTimeout(killAll, deadlineMs - startMs)
  for (const name of suites) {
    if (performance.now() >= deadlineMs) {
      failures.push(`${name}: not measured, the time was up`)
      continue
    }
    note(`${name} (load ${loadText()})`)
    try {
      await MEASURE[name]({ folder, isQuick, deadlineMs, note, profileFolder: profileFolder === undefined ? undefined : resolve(profileFolder), report: figure => figures.push(figure), skip: reason => skipped.push(`${name}: not measured, ${reason}`) })
    } catch (thrown) {
      failures.push(`${name}: ${performance.now() >= deadlineMs ? 'not finished, the time was up' : reasonOf(thrown)}`)
    }
  }
  clearTimeout(timer)
  return { machine, figures, failures, skipped, loadAfter: loadavg()[0] ?? 0, tookS: (performance.now() - startMs) / 1000 }
}

function renderText ({ machine, figures, failures, skipped, loadAfter, tookS }: Findings, { isQuick }: Options): string {
  return [
    machineText(machine),
    `Throughput and CPU are medians of 3 repetitions, each beside one of the raw limit.${isQuick ? ' Quick: fewer and shorter, so rougher.' : ''}`,
    '',
    renderTable(figures),
    '',
    ...skipped,
    ...failures,
    `Took ${tookS.toFixed(0)} s; load at the end ${loadAfter.toFixed(2)}.`,
    ''
  ].join('\n')
}

function renderJson ({ figures, ...findings }: Findings): string {
  return JSON.stringify({ ...findings, figures: figures.map(figure => ({ ...figure, ratio: ratioOf(figure), verdict: verdictOf(figure) })) }, undefined, 2) + '\n'
}

function reasonOf (thrown: unknown): string { return thrown instanceof Error ? thrown.message : 'unknown fault' }

function loadText (): string { return (loadavg()[0] ?? 0).toFixed(2) }

/** Somebody has had enough: nothing of the run remains. */
async function abandon (folder: string, code: number): Promise<void> {
  killAll()
  await rm(folder, { recursive: true, force: true })
  process.exit(code)
}
