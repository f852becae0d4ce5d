/** `skein testnet report`: a page about a run, or about a testnet as it is now. */
import { existsSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Invocation } from '../../cli/command.ts'
import { callTestnet, NoTestnetError } from '../control/client.ts'
import { findRecord, PAGE_FILE, writePage, writeReport } from '../report/files.ts'
import { figuresOf } from '../report/figures.ts'
import type { RunRecord } from '../report/record.ts'
import { directoryOf } from './directory.ts'

export async function report (invocation: Invocation): Promise<void> {
  const { flags, output } = invocation
  const out = flags.text('out')
  const { record, page } = await recordFor(invocation, out === undefined ? undefined : pageIn(resolve(out)))
  await output.result({ page, ...figuresOf(record) }, `Report: ${page}`)
}

/** A directory is meant as one. */
function pageIn (out: string): string { return existsSync(out) && statSync(out).isDirectory() ? join(out, PAGE_FILE) : out }

async function recordFor ({ arguments: [given], flags, interrupted }: Invocation, out: string | undefined): Promise<{ readonly record: RunRecord, readonly page: string }> {
  const directory = directoryOf(flags)
  const running = given === undefined ? await nowIn(directory, interrupted) : undefined
  if (running !== undefined) return { record: running, page: await writeReport(running, { directory, ...out !== undefined && { page: out } }) }
  const { record, file } = await findRecord(given === undefined ? directory : resolve(given))
  const page = out ?? join(dirname(file), PAGE_FILE)
  await writePage(record, page)
  return { record, page }
}

/** Of a testnet that runs; undefined: none does. */
async function nowIn (directory: string, interrupted: AbortSignal): Promise<RunRecord | undefined> {
  try {
    return await callTestnet({ directory, interrupted }, 'record', {})
  } catch (thrown) {
    if (thrown instanceof NoTestnetError) return undefined
    throw thrown
  }
}
