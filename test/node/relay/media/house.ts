/** A relay on a real disk and a real network whose clock can be put forward, and people who bring blobs to it and get them, by hand. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { macOf } from '../../../../node/crypto/mac.ts'
import { signerOf } from '../../../../node/crypto/signer.ts'
import { generateNetworkKey, privateKeyOf } from '../../../../node/net/identity.ts'
import { Libp2pNetwork } from '../../../../node/net/network.ts'
import type { Channel, ChannelEnd, Clock, PeerTarget } from '../../../../node/ports.ts'
import { BLOB_PROTOCOL } from '../../../../node/protocols.ts'
import { RELAY_DEFAULTS, type MediaConfig, type RelayConfig } from '../../../../node/relay/config.ts'
import { RelayCore } from '../../../../node/relay/relay-core.ts'
import { realClock, realRandom } from '../../../../node/world.ts'
import { deviceId } from '../../../../protocols/core/ids.ts'
import { deriveAlias, type DerivedAlias } from '../../../../protocols/mailbox/alias.ts'
import type { AliasKind } from '../../../../protocols/mailbox/wire.ts'
import { blobPutMacInput, isBlobWordSigned, readTagOf } from '../../../../protocols/media/proof.ts'
import { BLOB_VERSION, decodeBlobAnswer, encodeBlobRequest, type BlobAnswer, type BlobRequest } from '../../../../protocols/media/wire.ts'
import { BlobFiles } from '../../../../store/blobs/blob-files.ts'
import { openRelayStore } from '../../../../store/relay/relay-store.ts'
import type { RelayStore } from '../../../../store/relay/types.ts'
import type { MadeBlob } from '../../media/blobs.ts'

const LOOPBACK = '/ip4/127.0.0.1/tcp/0'
const MIB = 2 ** 20
const GIB = 2 ** 30
export const DAY_MS = 24 * 3_600_000

type Put = Extract<BlobRequest, { readonly type: 'put' }>

export class House implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'skein-relay-media-'))
  readonly #key = generateNetworkKey()
  readonly #people: Person[] = []
  readonly #clock: Clock
  /** At the relay's end, in the order in which they were opened. */
  readonly channels: Channel[] = []
  availableBytes: number | undefined
  aheadMs = 0
  config: RelayConfig
  store: RelayStore
  core: RelayCore
  network: Libp2pNetwork

  static async open (media: Partial<MediaConfig> = {}, config: Partial<RelayConfig> = {}, clock = realClock): Promise<House> {
    const house = new House(media, config, clock)
    await house.#start()
    return house
  }

  private constructor (media: Partial<MediaConfig>, config: Partial<RelayConfig>, clock: Clock) {
    this.#clock = clock
    this.config = { ...RELAY_DEFAULTS, name: 'relay', ...config, media: { ...RELAY_DEFAULTS.media, ...media } };
    ({ store: this.store, core: this.core, network: this.network } = this.#make())
  }

  get blobs (): string { return join(this.folder, 'blobs') }
  get target (): PeerTarget { return { peerId: this.network.peerId, addresses: this.network.addresses() } }
  get publicKey (): Uint8Array { return this.core.signer.publicKey }

  #make (): { readonly store: RelayStore, readonly core: RelayCore, readonly network: Libp2pNetwork } {
    const path = join(this.folder, 'relay.db')
    const store = openRelayStore({ path, isNew: !existsSync(path), capBytes: GIB })
    const network = new Libp2pNetwork({ networkKey: this.#key, listen: [LOOPBACK], agentVersion: 'relay', clock: realClock, onFault: fault => { this.core.noteFault(fault) } })
    const serve = network.serveChannel.bind(network)
    network.serveChannel = (protocol, accept) => {
      serve(protocol, channel => {
        if (protocol === BLOB_PROTOCOL) this.channels.push(channel)
        return accept(channel)
      })
    }
    const core = new RelayCore({
      store,
      blobs: new BlobFiles(this.blobs),
      ports: {
        clock: { ...this.#clock, now: () => realClock.now() + this.aheadMs },
        random: realRandom,
        network,
        signer: signerOf(privateKeyOf(this.#key).raw.subarray(0, 32)),
        vitals: () => ({ residentBytes: 0, heapBytes: 0, availableBytes: this.availableBytes })
      },
      config: this.config,
      version: '0.0.0',
      reach: () => undefined
    })
    return { store, core, network }
  }

  async #start (): Promise<void> {
    await this.network.start()
    this.core.start()
  }

  async #stop (): Promise<void> {
    await this.core.stop()
    await this.network.stop()
    this.store.close()
  }

  /** Another run from the same disk; `meanwhile` has it to itself. */
  async restart (meanwhile: () => void | Promise<void> = () => undefined): Promise<void> {
    await this.#stop()
    await meanwhile();
    ({ store: this.store, core: this.core, network: this.network } = this.#make())
    await this.#start()
    // What the last run left is in order: the housekeeping waits for nothing of it.
    await this.core.media?.reconciled
  }

  /** Expiry goes by minutes. */
  async later (ms: number): Promise<void> {
    this.aheadMs += ms
    await this.core.collectGarbage()
  }

  async person (): Promise<Person> {
    const person = new Person(this)
    await person.network.start()
    this.#people.push(person)
    return person
  }

  /** With a mailbox, and doors into it. */
  async owner (): Promise<Person> {
    const person = await this.person()
    this.store.commit(writer => { person.mailbox = writer.createMailbox(person.network.peerId, 1) })
    await this.store.durable()
    return person
  }

  door (owner: Person, kind: AliasKind = 'contact'): DerivedAlias {
    const door = deriveAlias(randomBytes(32), { relay: this.network.peerId, device: deviceId(randomBytes(16)) })
    this.store.commit(writer => { writer.changeAliases(owner.mailbox, { add: [{ alias: door.alias, macKey: door.macKey, kind, expiresAtMs: undefined }], remove: [], epoch: undefined }, 100) })
    return door
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    for (const person of this.#people) await person.network.stop()
    await this.#stop()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** One stream of blobs: what was said on it. */
export class BlobStream {
  readonly channel: Channel
  readonly answers: BlobAnswer[]
  end: ChannelEnd | undefined
  readonly #wake: { waiter: (() => void) | undefined }

  constructor (channel: Channel, answers: BlobAnswer[], wake: { waiter: (() => void) | undefined }) {
    this.channel = channel
    this.answers = answers
    this.#wake = wake
    void channel.closed.then(end => {
      this.end = end
      wake.waiter?.()
    })
  }

  async say (...frames: readonly BlobRequest[]): Promise<void> { for (const frame of frames) await this.channel.send([encodeBlobRequest(frame)]) }

  /** The first answer of this kind; fails when the stream ends without. */
  async answer<Type extends BlobAnswer['type']> (type: Type): Promise<Extract<BlobAnswer, { readonly type: Type }>> {
    await this.until(() => this.answers.some(answer => answer.type === type), type)
    return this.answers.find(answer => answer.type === type) as Extract<BlobAnswer, { readonly type: Type }>
  }

  async until (isSo: () => boolean, what: string): Promise<void> {
    while (!isSo()) {
      if (this.end !== undefined) assert.fail(`the stream ended without ${what}: ${this.answers.at(-1)?.type ?? 'nothing was said'}`)
      await new Promise<void>(resolve => { this.#wake.waiter = resolve })
    }
  }

  /** Why it was refused. */
  async refusal (): Promise<string> { return (await this.answer('refused')).reason }
}

export class Person {
  readonly network: Libp2pNetwork
  readonly #house: House
  mailbox = 0

  constructor (house: House) {
    this.#house = house
    this.network = new Libp2pNetwork({ networkKey: generateNetworkKey(), listen: [], agentVersion: 'person', clock: realClock })
  }

  /** `isDeaf`: from the first answer on it reads nothing more. */
  async stream ({ isDeaf = false } = {}): Promise<BlobStream> {
    const answers: BlobAnswer[] = []
    const wake: { waiter: (() => void) | undefined } = { waiter: undefined }
    const channel = await this.network.openChannel(this.#house.target, BLOB_PROTOCOL, frames => {
      for (const frame of frames) answers.push(decodeBlobAnswer(frame.slice()))
      wake.waiter?.()
      return isDeaf ? new Promise(() => { /* for good */ }) : undefined
    })
    return new BlobStream(channel, answers, wake)
  }

  /** What is said first; `door` undefined: on the person's own account. */
  putOf ({ root, bytes }: MadeBlob, readKey: Uint8Array, door?: DerivedAlias): Put {
    const readTag = readTagOf(readKey)
    const fields = { root, blobBytes: bytes.byteLength, readTag }
    return { type: 'put', version: BLOB_VERSION, ...fields, ttlMs: 0, alias: door?.alias ?? NOTHING, mac: door === undefined ? NOTHING : macOf(door.macKey, blobPutMacInput(fields)) }
  }

  /** Brings what is lacking, as far as `leaves` goes. Ends with `stored`, unless it goes less far. */
  async bring (blob: MadeBlob, readKey: Uint8Array, { door, leaves = Infinity, ttlMs = 0 }: { readonly door?: DerivedAlias, readonly leaves?: number, readonly ttlMs?: number } = {}): Promise<BlobStream> {
    const stream = await this.stream()
    await stream.say({ ...this.putOf(blob, readKey, door), ttlMs })
    const { have, hasNodes } = await stream.answer('promise')
    if (!hasNodes) await stream.say(...blob.nodes.map(bytes => ({ type: 'node', bytes } as const)))
    let brought = 0
    for (let index = 0; index < blob.leafCount && brought < leaves; index++) {
      if (((have[index >>> 3] ?? 0) >>> (index & 7) & 1) === 1) continue
      await stream.say({ type: 'leaf', index, bytes: blob.leaf(index) })
      brought += 1
    }
    if (leaves >= blob.leafCount) await stream.answer('stored')
    return stream
  }

  /** undefined: refused. */
  async get ({ root, leafCount }: MadeBlob, readKey: Uint8Array): Promise<{ readonly have: Uint8Array, readonly bytes: Uint8Array, readonly nodes: readonly Uint8Array[] } | undefined> {
    const stream = await this.stream()
    await stream.say({ type: 'get', version: BLOB_VERSION, root, readKey })
    await stream.until(() => stream.answers.length > 0, 'an answer')
    if (stream.answers.some(({ type }) => type === 'refused')) return undefined
    const { have } = await stream.answer('opened')
    await stream.say({ type: 'wantNodes' }, { type: 'want', first: 0, count: leafCount })
    const came = (): BlobAnswer[] => stream.answers.filter(({ type }) => type === 'leaf' || type === 'lacking')
    await stream.until(() => came().length >= leafCount, 'all leaves')
    const leaves = came().flatMap(answer => answer.type === 'leaf' ? [answer.bytes] : [])
    const nodes = stream.answers.flatMap(answer => answer.type === 'node' ? [answer.bytes] : [])
    stream.channel.close()
    return { have, bytes: Buffer.concat(leaves), nodes }
  }

  async release ({ root }: MadeBlob): Promise<void> {
    const stream = await this.stream()
    await stream.say({ type: 'release', root })
    await stream.answer('released')
  }

  isSigned (kind: 'promise' | 'stored', { root, bytes }: MadeBlob, { keepUntilMs, signature }: { readonly keepUntilMs: number, readonly signature: Uint8Array }): boolean {
    return isBlobWordSigned(kind, { root, blobBytes: bytes.byteLength, keepUntilMs }, { signature, publicKey: this.#house.publicKey })
  }
}

const NOTHING = new Uint8Array(0)

export function mebibytes (count: number, more = 0): Uint8Array { return randomBytes(count * MIB + more) }
