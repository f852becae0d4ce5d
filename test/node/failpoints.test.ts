import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { reachFromEnvironment, STEPS } from '../../node/failpoints.ts'

/** A process that comes by the steps, with a failpoint set: how it ended, and what it said until then. */
function walk (setting: string, ...steps: readonly string[]): { readonly signal: string | null, readonly said: string } {
  const script = `
    import { writeSync } from 'node:fs'
    import { reachFromEnvironment } from ${JSON.stringify(new URL('../../node/failpoints.ts', import.meta.url).href)}
    const reach = reachFromEnvironment(process.env.SKEIN_FAILPOINT)
    for (const step of ${JSON.stringify(steps)}) { reach(step); writeSync(1, step + ' ') }`
  const { signal, stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { env: { ...process.env, SKEIN_FAILPOINT: setting }, encoding: 'utf8' })
  return { signal, said: stdout.trim() }
}

describe('failpoints', () => {
  it('do nothing in ordinary use', () => {
    for (const setting of [undefined, '']) {
      for (const step of STEPS) reachFromEnvironment(setting)(step)
    }
  })

  it('that name no step are a mistake, not a test that cannot fail', () => {
    assert.throws(() => reachFromEnvironment('send.sometime'), /names no step/)
  })

  it('end the process at their step, as a power cut would', () => {
    assert.deepEqual(walk('send.beforeCommit', 'receive.arrived', 'send.beforeCommit', 'send.afterCommit'), { signal: 'SIGKILL', said: 'receive.arrived' })
  })

  it('end it when it comes by for the n-th time', () => {
    assert.deepEqual(walk('receive.arrived:3', 'receive.arrived', 'receive.arrived', 'send.afterCommit', 'receive.arrived', 'send.afterCommit'), { signal: 'SIGKILL', said: 'receive.arrived receive.arrived send.afterCommit' })
  })
})
