/** The real command in a process of its own, against a made-up relay behind the real control socket. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawn } from 'node:child_process'
import { socketPathFor } from '../../../node/api/socket-path.ts'
import { serveControl, type Control } from '../../../node/relay/http/control.ts'
import { realClock } from '../../../node/world.ts'
import { sampleOperator, type SampleOperator } from '../../node/relay/http/sample.ts'
import { ended, ENVIRONMENT, MAIN, type Ended } from '../fixture.ts'

export class RelayFixture {
  readonly home: string
  readonly operator: SampleOperator
  #control: Control | undefined

  private constructor (home: string) {
    this.home = home
    this.operator = sampleOperator()
  }

  /** A home with a relay that does not run. */
  static async still (): Promise<RelayFixture> {
    const home = await mkdtemp(join(tmpdir(), 'skein-cli-relay-'))
    await writeFile(join(home, 'relay.key'), 'a key\n')
    return new RelayFixture(home)
  }

  static async up (): Promise<RelayFixture> {
    const fixture = await RelayFixture.still()
    const { home, operator } = fixture
    fixture.#control = await serveControl({
      operator,
      addresses: () => [`/ip4/192.0.2.1/tcp/4780/p2p/${operator.peerId}`],
      http: 'http://127.0.0.1:4782',
      sources: { home, environment: {} },
      socketPath: socketPathFor(home),
      clock: realClock
    })
    return fixture
  }

  async stop (): Promise<void> {
    await this.#control?.stop()
    await rm(this.home, { recursive: true, force: true })
  }

  async run (...line: readonly string[]): Promise<Ended> {
    const child = spawn(process.execPath, [MAIN, 'relay', ...line, '--home', this.home], { env: { ...ENVIRONMENT, TZ: 'UTC' } })
    child.stdin.end()
    return await ended(child)
  }
}
