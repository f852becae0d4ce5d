import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** What libp2p puts off when it stops (debounce of its address manager): the process would live on for this long. */
const PUT_OFF_MS = 1_000

/** Starts and stops a network in a process where nothing else is, and says how long that lives on. */
const PROGRAM = `
import { Libp2pNetwork } from './node/net/network.ts'
import { generateNetworkKey } from './node/net/identity.ts'
import { realClock } from './node/world.ts'
const network = new Libp2pNetwork({ networkKey: generateNetworkKey(), listen: ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws'], agentVersion: 'test', clock: realClock })
await network.start()
await network.stop()
const stoppedAtMs = performance.now()
process.on('exit', () => console.log(performance.now() - stoppedAtMs))
`

describe('a host that has stopped', () => {
  it('does not keep the process alive', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', PROGRAM])
    assert.ok(Number(stdout) < PUT_OFF_MS, stdout)
  })
})
