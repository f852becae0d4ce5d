/** `skein testnet prove` (`npm run prove`): zero loss, shown on this computer. */
import { randomInt } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Invocation } from '../../cli/command.ts'
import { UnfinishedError } from '../../cli/failure.ts'
import { durationText } from '../../cli/time.ts'
import { EXIT, SkeinError } from '../../protocols/core/errors.ts'
import { layoutOf } from '../layout.ts'
import { RELAYS_MAX, USERS_MAX } from '../plan.ts'
import { writeReport } from '../report/files.ts'
import { isSound } from '../prove/checker.ts'
import { prove as runProof, type Proof } from '../prove/proof.ts'
import { defaultDirectory } from './directory.ts'

const USERS_DEFAULT = 4
const RELAYS_DEFAULT = 3
const MINUTES_DEFAULT = 10
const MINUTES_MAX = 30 * 24 * 60
const SEED_MAX = 2 ** 31
/** Of each kind of finding. */
const SHOWN_MAX = 20

export async function prove ({ flags, output, interrupted }: Invocation): Promise<void> {
  const messages = flags.count('messages', { min: 1, max: 1_000_000_000 })
  const minutes = flags.count('minutes', { min: 1, max: MINUTES_MAX }) ?? (messages === undefined ? MINUTES_DEFAULT : MINUTES_MAX)
  const [users, relays] = [flags.count('users', { min: 2, max: USERS_MAX }) ?? USERS_DEFAULT, flags.count('relays', { min: 0, max: RELAYS_MAX }) ?? RELAYS_DEFAULT]
  const seed = flags.count('seed', { min: 0, max: SEED_MAX }) ?? randomInt(SEED_MAX)
  const given = flags.text('dir')
  const directory = given === undefined ? await mkdtemp(join(tmpdir(), 'skein-prove-')) : resolve(given)
  const beginMs = performance.now()
  const tell = (text: string): void => { output.note(`${((performance.now() - beginMs) / 1000).toFixed(0).padStart(6)} s  ${text}`) }
  output.note(`--seed ${seed} repeats what is chance here, as far as a machine repeats itself`)
  output.note(`To look on: skein testnet dash --dir ${directory}`)
  const proof = await runProof({ layout: layoutOf(directory), users, relays, seed, messages: messages ?? Number.MAX_SAFE_INTEGER, durationMs: minutes * 60_000, interrupted, tell })
  const named = flags.text('report')
  // Beside those of scenarios: a temporary directory is no place to look for it.
  const place = given === undefined ? join(defaultDirectory(), `proof-${seed}`) : directory
  const report = await writeReport(proof.record, { directory: place, ...named !== undefined && { page: resolve(named) } })
  const data = { ...dataOf(proof), seed, directory, report }
  for (const finding of findingsOf(proof)) tell(finding)
  if (!isSound(proof.verdict)) throw new UnfinishedError(failureOf(proof, { directory, report }), data)
  if (given === undefined && !flags.isOn('keep')) await rm(directory, { recursive: true, force: true })
  await output.result(data, `${lineOf(proof)}\n${durationText(proof.durationMs)}, the last ${durationText(proof.settleMs)} of them quiet\nReport: ${report}`)
}

function dataOf ({ verdict: { owed, lost, duplicated, reordered, undecryptable }, faults, durationMs, settleMs }: Proof): Readonly<Record<string, number>> {
  const count = (...kinds: ReadonlyArray<Parameters<typeof faults.get>[0]>): number => kinds.reduce((sum, kind) => sum + (faults.get(kind) ?? 0), 0)
  return {
    messages: owed,
    kills: count('user killed', 'relay killed'),
    wipes: count('disk wiped'),
    oldDisks: count('old disk'),
    partitions: count('partition'),
    standstills: count('standstill'),
    wrongClocks: count('wrong clock'),
    lost: lost.length,
    duplicated: duplicated.length,
    reordered: reordered.length,
    undecryptable: undecryptable.length,
    durationMs: Math.round(durationMs),
    settleMs: Math.round(settleMs)
  }
}

function lineOf (proof: Proof): string {
  const { messages = 0, kills, wipes, partitions, lost, duplicated, reordered, undecryptable } = dataOf(proof)
  return `messages ${messages.toLocaleString('en')}, kills ${kills}, wiped disks ${wipes}, partitions ${partitions}, lost ${lost}, duplicated ${duplicated}, out of order ${reordered}, undecryptable ${undecryptable}`
}

function findingsOf ({ verdict: { lost, duplicated, reordered, undecryptable } }: Proof): string[] {
  return [...lost.slice(0, SHOWN_MAX).map(what => `lost: ${what}`), ...duplicated.slice(0, SHOWN_MAX).map(what => `twice: ${what}`), ...reordered.slice(0, SHOWN_MAX).map(who => `order: ${who}`), ...undecryptable.slice(0, SHOWN_MAX).map(what => `undecryptable: ${what}`)]
}

function failureOf (proof: Proof, { directory, report }: { readonly directory: string, readonly report: string }): SkeinError {
  return new SkeinError(`the promise does not hold: ${lineOf(proof)}`, {
    code: 'assertion_failed',
    exit: EXIT.assertion,
    hint: `Homes and logs: ${directory}. Again: ${proof.record.replay ?? ''}  Report: ${report}`
  })
}
