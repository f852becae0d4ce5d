/**
 * The places between two steps where a crash must be harmless. A test names one and the process dies there (SIGKILL, so no
 * handler runs), or the simulator stops the node there. In ordinary use a failpoint costs one call of an empty function.
 */

export const STEPS = [
  // A message leaves
  'send.beforeCommit', 'send.afterCommit', 'deposit.beforeWrite', 'deposit.afterWrite',
  'result.arrived', 'settle.beforeCommit', 'settle.afterCommit',
  // A message arrives
  'receive.arrived', 'receive.opened', 'receive.beforeCommit', 'receive.afterCommit', 'receive.acknowledged',
  // Anything else that is written: contacts, sessions, marks; and contents that waited for a session
  'write.beforeCommit', 'write.afterCommit', 'seal.beforeCommit', 'seal.afterCommit',
  // Of every turn: written, and not known to be on the disk
  'turn.written',
  // Sessions
  'prekeys.issued', 'session.started'
] as const

export type Step = typeof STEPS[number]

/** Of a relay: written and not committed; on the disk, and nobody has been answered yet. */
export const RELAY_STEPS = ['relay.beforeCommit', 'relay.afterCommit'] as const

export type RelayStep = typeof RELAY_STEPS[number]

/** Called whenever the node comes by a step. */
export type Reach = (step: Step) => void

const reachNothing: (step: Step | RelayStep) => void = () => {}

/**
 * The failpoint of a test: `SKEIN_FAILPOINT=step` or `step:n` kills the process when it comes by the step for the n-th time.
 * @throws Error when the variable names no step: a test that cannot fail must not look green
 */
export function reachFromEnvironment (setting: string | undefined): (step: Step | RelayStep) => void {
  if (setting === undefined || setting === '') return reachNothing
  const [name, count = '1'] = setting.split(':')
  if (![...STEPS, ...RELAY_STEPS].some(step => step === name)) throw new Error('SKEIN_FAILPOINT names no step')
  let left = Number.parseInt(count, 10)
  return step => {
    if (step !== name) return
    left -= 1
    if (left <= 0) process.kill(process.pid, 'SIGKILL')
  }
}
