/** The relay as its operator starts it, killed where it hurts most. */
import assert from 'node:assert/strict'
import { spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { randomBytes } from 'node:crypto'
import { generateNetworkKey } from '../../node/net/identity.ts'
import { Libp2pNetwork } from '../../node/net/network.ts'
import type { PeerTarget } from '../../node/ports.ts'
import { DEPOSIT_PROTOCOL, MAILBOX_PROTOCOL } from '../../node/protocols.ts'
import { realClock } from '../../node/world.ts'
import { macOf } from '../../node/crypto/mac.ts'
import { deviceId, envelopeId } from '../../protocols/core/ids.ts'
import { HELLO } from '../../protocols/deposit/hello.ts'
import { decodeResultFrame, encodeDepositFrame, type ResultFrame } from '../../protocols/deposit/wire.ts'
import { depositMacInput, deriveAlias } from '../../protocols/mailbox/alias.ts'
import { encodeOwnerFrame } from '../../protocols/mailbox/wire.ts'
import { NO_MOUNT, smallDisk } from '../integration/folders.ts'
import { skip } from '../skip.ts'
import { dataOf, environment, eventually, LAUNCHER, makeFolder, removeFolder, succeed } from './skein.ts'

const DISK_BYTES = 4 * 1024 * 1024
const LOOPBACK = '/ip4/127.0.0.1/tcp/0'

interface Ready { readonly peerId: string, readonly addresses: readonly string[], readonly http: string | null }

class Relay {
  readonly child: ChildProcess
  readonly ready: Ready

  readonly #stderr: Promise<string>

  private constructor (child: ChildProcessByStdio<null, Readable, Readable>, ready: Ready) {
    this.child = child
    this.ready = ready
    this.#stderr = text(child.stderr)
  }

  static async up (home: string, env: Readonly<Record<string, string>> = {}): Promise<Relay> {
    const child = spawn(process.execPath, [LAUNCHER, 'relay', 'up', '--home', home, '--listen', LOOPBACK, '--json'], { env: environment({ SKEIN_RELAY_DHT_ON: 'false', SKEIN_RELAY_DISK_KEEP_FREE: '64KiB', ...env }), stdio: ['ignore', 'pipe', 'pipe'] })
    const { value } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next()
    child.stdout.resume()
    const { schema, ok, data } = JSON.parse(String(value)) as { readonly schema: string, readonly ok: boolean, readonly data: Ready }
    assert.deepEqual([schema, ok], ['skein.relay.up/1', true])
    return new Relay(child, data)
  }

  /** Resolves when it has ended by itself. */
  async ended (): Promise<{ readonly exit: number | null, readonly stderr: string }> {
    await once(this.child, 'close')
    return { exit: this.child.exitCode, stderr: await this.#stderr }
  }

  get target (): PeerTarget { return { peerId: this.ready.peerId, addresses: this.ready.addresses } }

  async down (): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    const ended = once(this.child, 'close')
    this.child.kill('SIGTERM')
    await ended
  }
}

describe('a relay that is killed, or whose disk fails', function () {
  this.timeout(60_000)
  let folder = ''
  let home = ''
  const running: Relay[] = []
  const networks: Libp2pNetwork[] = []
  /** One connection for all deposits at a relay: it counts how often somebody connects. */
  const depositors = new Map<Relay, Libp2pNetwork>()
  beforeEach(async () => {
    folder = await makeFolder()
    home = join(folder, 'relay')
    await succeed(['relay', 'init', '--home', home, '--key-file', '--json'])
  })
  afterEach(async () => {
    for (const network of networks.splice(0)) await network.stop()
    for (const relay of running.splice(0)) await relay.down()
    depositors.clear()
    await removeFolder(folder)
  })

  async function up (env?: Readonly<Record<string, string>>): Promise<Relay> {
    const relay = await Relay.up(home, env)
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
    const depositor = depositors.get(relay) ?? await peer()
    depositors.set(relay, depositor)
    const channel = await depositor.openChannel(relay.target, DEPOSIT_PROTOCOL, frames => {
      for (const bytes of frames) take(decodeResultFrame(bytes))
    })
    function take (frame: ResultFrame): void {
      if (frame.type === 'batch') answer.resolve(wordOf(frame.results[0]))
      if (frame.type !== 'hello') return
      const mac = macOf(macKey, depositMacInput({ nonce: frame.hello.nonce ?? alias, depositId, lifetimeS: 0, isWake: true, body }))
      void channel.send([encodeDepositFrame({ type: 'batch', deposits: [{ depositId, body, lifetimeS: 0, isWake: true, gateToken: undefined, alias, mac }] })])
    }
    await channel.send([encodeDepositFrame({ type: 'hello', hello: HELLO })])
    void whenClosed(channel.closed, () => { answer.resolve(undefined) })
    const word = await answer.promise
    channel.close()
    return word
  }

  function newMail (): { readonly depositId: ReturnType<typeof envelopeId>, readonly body: Uint8Array } {
    return { depositId: envelopeId(Uint8Array.from(randomBytes(16))), body: Uint8Array.from(randomBytes(1024)) }
  }

  async function envelopes (): Promise<number> { return (await dataOf<{ readonly envelopes: number }>(['relay', 'status', '--home', home])).envelopes }

  async function trouble (): Promise<readonly string[]> { return (await dataOf<{ readonly trouble: readonly string[] }>(['relay', 'status', '--home', home])).trouble }

  it('between writing and committing has answered nobody and kept nothing', async () => {
    const door = await furnish()
    const mail = newMail()
    const doomed = await up({ SKEIN_FAILPOINT: 'relay.beforeCommit' })
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
    const mail = newMail()
    const doomed = await up({ SKEIN_FAILPOINT: 'relay.afterCommit' })
    const ended = once(doomed.child, 'close')
    assert.equal(await deposit(doomed, door, mail), undefined)
    await ended
    const again = await up()
    assert.equal(await envelopes(), 1)
    assert.equal(await deposit(again, door, mail), 'stored')
    assert.equal(await envelopes(), 1)
  })

  it('acknowledges nothing after a flush that failed: it says what is safe, ends for its supervisor, and the next one goes on', async () => {
    const door = await furnish()
    const [kept, lost] = [newMail(), newMail()]
    const sign = join(folder, 'the disk fails')
    const relay = await up({ SKEIN_TEST_DISK_FAILS: sign, NODE_OPTIONS: `--import=${pathToFileURL(join(import.meta.dirname, 'failing-disk.ts')).href}` })
    assert.equal(await deposit(relay, door, kept), 'stored')
    await writeFile(sign, '')
    const ended = relay.ended()
    assert.notEqual(await deposit(relay, door, lost), 'stored')
    const { exit, stderr } = await ended
    assert.equal(exit, 9)
    assert.match(stderr, /^error: the disk did not confirm a write to the relay's database \(relay\.db\)\. Everything that was acknowledged is safe.*start the relay again.* \(exit 9\)$/m)
    assert.doesNotMatch(stderr, /account/)
    const log = await readFile(join(home, 'relay.db-wal'))
    assert.ok(log.includes(Buffer.from(lost.body)), 'the log is left as it is, and not brought into the database by the end of the process')
    await rm(sign)
    const again = await up()
    for (const mail of [kept, lost]) assert.equal(await deposit(again, door, mail), 'stored')
    assert.equal(await envelopes(), 2)
  })

  it('stays on a full disk: refuses deposits and says why, and goes on when there is room', async function () {
    await using disk = await smallDisk(DISK_BYTES)
    if (disk === undefined) return skip(this, NO_MOUNT)
    home = join(disk.path, 'relay')
    await succeed(['relay', 'init', '--home', home, '--key-file', '--json'])
    const door = await furnish()
    const relay = await up()
    const kept = newMail()
    assert.equal(await deposit(relay, door, kept), 'stored')
    await fill(disk.path)
    // What is left over in the pages of the database is used up first.
    const refused = await eventually(async () => await deposit(relay, door, newMail()), answer => answer !== 'stored')
    assert.equal(refused, 'storage')
    assert.match((await trouble()).join(), /the disk is full/)
    await rm(join(disk.path, 'filler'))
    await eventually(trouble, troubles => troubles.length === 0)
    assert.equal(await deposit(relay, door, newMail()), 'stored')
    assert.equal(relay.child.exitCode, null, 'it is the same process')
    assert.equal(await deposit(relay, door, kept), 'stored')
  })
})

/** Fills a disk to its last page. */
async function fill (folder: string): Promise<void> {
  await using file = await open(join(folder, 'filler'), 'w')
  for (let chunkBytes = 1024 * 1024; chunkBytes >= 512;) {
    const written = await file.write(new Uint8Array(chunkBytes)).then(({ bytesWritten }) => bytesWritten, () => 0)
    if (written < chunkBytes) chunkBytes /= 2
  }
}

function wordOf (result: Extract<ResultFrame, { readonly type: 'batch' }>['results'][number] | undefined): string | undefined {
  return result?.type === 'refused' ? result.reason : result?.type
}

async function whenClosed (closed: Promise<unknown>, then: () => void): Promise<void> {
  await closed
  then()
}
