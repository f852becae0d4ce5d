/**
 * The process that holds a testnet together after `skein testnet up` has returned. Between the two: messages over the channel that Node
 * opens to a child, until everybody is up or something failed.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { inheritedEnvironment, launcherPath } from '../cli/skein-process.ts'
import { EXIT, SkeinError, asError, type ExitCode } from '../protocols/core/errors.ts'
import type { StatusView } from './control/operations.ts'
import { layoutOf } from './layout.ts'
import { encodePlan, type Plan } from './plan.ts'

export type Report =
  | { readonly type: 'told', readonly text: string }
  | { readonly type: 'ready', readonly status: StatusView }
  | { readonly type: 'failed', readonly message: string, readonly code: string, readonly exit: ExitCode, readonly hint?: string | undefined }

/** What it needs to know. */
export interface DaemonPlan {
  readonly directory: string
  readonly plan: Plan
}

/** Resolves when everybody is up; the testnet then goes on without us. @throws SkeinError */
export async function startDaemon ({ directory, plan }: DaemonPlan, { tell, interrupted }: { readonly tell: (text: string) => void, readonly interrupted: AbortSignal }): Promise<StatusView> {
  const { log } = layoutOf(directory)
  mkdirSync(dirname(log), { recursive: true, mode: 0o700 })
  const stderr = openSync(log, 'a', 0o600)
  const args = [launcherPath(), 'testnet', 'serve', '--dir', directory]
  const child = spawn(process.execPath, args, { env: inheritedEnvironment(), stdio: ['pipe', 'ignore', stderr, 'ipc'], detached: true, windowsHide: true })
  closeSync(stderr)
  const { promise, resolve, reject } = Promise.withResolvers<StatusView>()
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(encodePlan(plan))
  child.on('message', (report: Report) => {
    if (report.type === 'told') tell(report.text)
    else if (report.type === 'ready') resolve(report.status)
    else reject(new SkeinError(report.message, { code: report.code, exit: report.exit, hint: report.hint }))
  })
  child.once('error', reject)
  child.once('exit', code => { reject(new SkeinError(`the testnet ended without a word (${code === null ? 'killed' : `exit ${code}`})`, { code: 'unexpected', exit: EXIT.unexpected, hint: `See ${log}` })) })
  const stop = (): void => { child.kill('SIGTERM') }
  interrupted.addEventListener('abort', stop, { once: true })
  try {
    return await promise
  } catch (error) {
    // What was started is stopped before anything is said.
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) await once(child, 'exit')
    throw error
  } finally {
    interrupted.removeEventListener('abort', stop)
    if (child.connected) child.disconnect()
    child.unref()
  }
}

/** From the other side of the channel; nobody listens when it was started by hand. */
export function report (what: Report): void { if (process.connected) process.send?.(what) }

export function failureReport (thrown: unknown): Report {
  const error = asError(thrown)
  const known = error instanceof SkeinError ? error : new SkeinError(error.stack ?? error.message, { code: 'unexpected', exit: EXIT.unexpected })
  return { type: 'failed', message: known.message, code: known.code, exit: known.exit, ...known.hint !== undefined && { hint: known.hint } }
}
