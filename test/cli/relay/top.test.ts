/** `skein relay top` at a terminal, which `script` of util-linux makes. */
import assert from 'node:assert/strict'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { EXIT } from '../../../protocols/core/errors.ts'
import { skip } from '../../skip.ts'
import { ENVIRONMENT, MAIN } from '../fixture.ts'
import { sampleStats } from '../../node/relay/http/sample.ts'
import { RelayFixture } from './fixture.ts'

const INTERRUPT = '\u0003'

describe('relay top at a terminal', function () {
  before(function () {
    if (process.platform !== 'linux' || spawnSync('script', ['--version']).error !== undefined) skip(this, 'no script(1) of util-linux here')
  })

  let relay: RelayFixture
  let terminal: ChildProcess | undefined
  beforeEach(async () => { relay = await RelayFixture.up() })
  afterEach(async () => {
    terminal?.kill()
    await relay.stop()
  })

  it('changes in place, on a screen of its own, until Ctrl-C', async () => {
    const command = [process.execPath, MAIN, 'relay', 'top', '--home', relay.home].map(word => `'${word}'`).join(' ')
    const script = spawn('script', ['-qec', command, '/dev/null'], { env: { ...ENVIRONMENT, TERM: 'xterm' } })
    terminal = script
    let screen = ''
    const { held } = sampleStats()
    script.stdout.on('data', (chunk: Buffer) => {
      const before = screen
      screen += chunk.toString()
      const hasJustCome = (text: string): boolean => screen.includes(text) && !before.includes(text)
      if (hasJustCome('61,403 envelopes')) relay.operator.show(sampleStats({ held: { ...held, items: 61_404 } }))
      if (hasJustCome('61,404 envelopes')) script.stdin.write(INTERRUPT)
    })
    const [exit] = await once(script, 'close') as [number | null]
    assert.equal(exit, EXIT.interrupted)
    assert.ok(screen.startsWith('\u001b[?1049h'), 'a screen of its own')
    assert.ok(screen.trimEnd().endsWith('\u001b[?1049l'), 'what stood before comes back')
  })
})
