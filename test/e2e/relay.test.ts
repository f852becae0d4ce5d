/** The relay as its operator starts it, killed where it hurts most. */
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { randomBytes } from 'node:crypto'
import { generateNetworkKey } from '../../node/net/identity.ts'
import { Libp2pNetwork } from '../../node/net/network.ts'
import type { PeerTarget } from '../../node/ports.ts'
import { DEPOSIT_PROTOCOL, MAILBOX_PROTOCOL } from '../../node/protocols.ts'
import { realClock } from '../../node/world.ts'
import { macOf } from '../../node/crypto/mac.ts'
import { deviceId, envelopeId } from '../../protocols/core/ids.ts'
import { parseRelayAddress } from '../../node/contacts/relay-address.ts'
import { HELLO } from '../../protocols/deposit/hello.ts'
import { decodeResultFrame, encodeDepositFrame, type ResultFrame } from '../../protocols/deposit/wire.ts'
import { depositMacInput, deriveAlias } from '../../protocols/mailbox/alias.ts'
import { encodeOwnerFrame } from '../../protocols/mailbox/wire.ts'
import { dataOf, environment, LAUNCHER, makeFolder, removeFolder, succeed } from './skein.ts'

const LOOPBACK = '/ip4/127.0.0.1/tcp/0'

interface Ready { readonly peerId: string, readonly addresses: readonly string[], readonly http: string | null }

class Relay {
  readonly child: ChildProcess
  readonly ready: Ready

  private constructor (child: ChildProcess, ready: Ready) {
    this.child = child
    this.ready = ready
  }

  static async up (home: string, failpoint = ''): Promise<Relay> {
    const child = spawn(process.execPath, [LAUNCHER, 'relay', 'up', '--home', home, '--listen', LOOPBACK, '--json'], { env: environment({ SKEIN_FAILPOINT: failpoint, SKEIN_RELAY_DHT_ON: 'false' }), stdio: ['ignore', 'pipe', 'inherit'] })
    const { value } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next()
    child.stdout.resume()
    const { schema, ok, data } = JSON.parse(String(value)) as { readonly schema: string, readonly ok: boolean, readonly data: Ready }
    assert.deepEqual([schema, ok], ['skein.relay.up/1', true])
    // As people give them to `skein relays add`.
    for (const address of data.addresses) assert.equal(parseRelayAddress(address).peerId, data.peerId)
    return new Relay(child, data)
  }

  get target (): PeerTarget { return parseRelayAddress(this.ready.addresses[0] ?? '') }

  async down (): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    const ended = once(this.child, 'close')
    this.child.kill('SIGTERM')
    await ended
  }
}

describe('a relay that is killed', function () {
  this.timeout(60_000)
  let folder = ''
  let home = ''
  const running: Relay[] = []
  const networks: Libp2pNetwork[] = []
  beforeEach(async () => {
    folder = await makeFolder()
    home = join(folder, 'relay')
    await succeed(['relay', 'init', '--home', home, '--key-file', '--json'])
  })
  afterEach(async () => {
    for (const network of networks.splice(0)) await network.stop()
    for (const relay of running.splice(0)) await relay.down()
    await removeFolder(folder)
  })

  async function up (failpoint?: string): Promise<Relay> {
    const relay = await Relay.up(home, failpoint)
    running.push(relay)
    return relay
  }

  async function peer (): Promise<Libp2pNetwork> {
    const network = new Libp2pNetwork({ networkKey: generateNetworkKey(), listen: [], agentVersion: 'test', clock: realClock })
    networks.push(network)
    await network.start()
    return network
  }

  /** An owner with one door, made by a relay that runs undisturbed. */
  async function furnish (): Promise<ReturnType<typeof deriveAlias>> {
    const relay = await up()
    const door = deriveAlias(randomBytes(32), { relay: relay.ready.peerId, device: deviceId(Uint8Array.from(randomBytes(16))) })
    const answered = Promise.withResolvers<undefined>()
    let count = 0
    const channel = await (await peer()).openChannel(relay.target, MAILBOX_PROTOCOL, frames => { if ((count += frames.length) === 2) answered.resolve(undefined) })
    await channel.send([
      encodeOwnerFrame({ type: 'open', versionMin: 1, versionMax: 1, features: [], admissionCode: undefined, isCollecting: false, after: 0, credit: { items: 0, bytes: 0 } }),
      encodeOwnerFrame({ type: 'aliasChange', request: 1, add: [{ alias: door.alias, macKey: door.macKey, kind: 'contact', expiresAtMs: undefined }], remove: [], epoch: undefined })
    ])
    await answered.promise
    await relay.down()
    return door
  }

  /** Deposits once; resolves with the answer, or with undefined when the stream ended without one. */
  async function deposit (relay: Relay, { alias, macKey }: ReturnType<typeof deriveAlias>, { depositId, body }: { readonly depositId: ReturnType<typeof envelopeId>, readonly body: Uint8Array }): Promise<string | undefined> {
    const answer = Promise.withResolvers<string | undefined>()
    const channel = await (await peer()).openChannel(relay.target, DEPOSIT_PROTOCOL, frames => {
      for (const bytes of frames) take(decodeResultFrame(bytes))
    })
    function take (frame: ResultFrame): void {
      if (frame.type === 'batch') answer.resolve(frame.results[0]?.type)
      if (frame.type !== 'hello') return
      const mac = macOf(macKey, depositMacInput({ nonce: frame.hello.nonce ?? alias, depositId, lifetimeS: 0, isWake: true, body }))
      void channel.send([encodeDepositFrame({ type: 'batch', deposits: [{ depositId, body, lifetimeS: 0, isWake: true, gateToken: undefined, alias, mac }] })])
    }
    await channel.send([encodeDepositFrame({ type: 'hello', hello: HELLO })])
    void whenClosed(channel.closed, () => { answer.resolve(undefined) })
    return await answer.promise
  }

  async function envelopes (): Promise<number> { return (await dataOf<{ readonly envelopes: number }>(['relay', 'status', '--home', home])).envelopes }

  it('between writing and committing has answered nobody and kept nothing', async () => {
    const door = await furnish()
    const mail = { depositId: envelopeId(Uint8Array.from(randomBytes(16))), body: Uint8Array.from(randomBytes(1024)) }
    const doomed = await up('relay.beforeCommit')
    const ended = once(doomed.child, 'close')
    assert.equal(await deposit(doomed, door, mail), undefined)
    await ended
    assert.equal(doomed.child.signalCode, 'SIGKILL')
    const again = await up()
    assert.equal(await envelopes(), 0)
    assert.equal(await deposit(again, door, mail), 'stored')
  })

  it('between the disk and the answer has kept it, and says so when it is asked again', async () => {
    const door = await furnish()
    const mail = { depositId: envelopeId(Uint8Array.from(randomBytes(16))), body: Uint8Array.from(randomBytes(1024)) }
    const doomed = await up('relay.afterCommit')
    const ended = once(doomed.child, 'close')
    assert.equal(await deposit(doomed, door, mail), undefined)
    await ended
    const again = await up()
    assert.equal(await envelopes(), 1)
    assert.equal(await deposit(again, door, mail), 'stored')
    assert.equal(await envelopes(), 1)
  })
})

async function whenClosed (closed: Promise<unknown>, then: () => void): Promise<void> {
  await closed
  then()
}
