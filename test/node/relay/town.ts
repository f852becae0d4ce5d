/** A relay with a real database in the simulated world, owners and depositors who speak its protocols by hand. */
import assert from 'node:assert/strict'
import { concat, toString } from 'uint8arrays'
import { macOf } from '../../../node/crypto/mac.ts'
import { signerOf } from '../../../node/crypto/signer.ts'
import type { RelayStep } from '../../../node/failpoints.ts'
import type { Channel, ChannelEnd } from '../../../node/ports.ts'
import { DEPOSIT_PROTOCOL, MAILBOX_PROTOCOL } from '../../../node/protocols.ts'
import { RELAY_DEFAULTS, type RelayConfig } from '../../../node/relay/config.ts'
import { RelayCore } from '../../../node/relay/relay-core.ts'
import type { Vitals } from '../../../node/relay/pressure.ts'
import { deviceId, envelopeId, type EnvelopeId } from '../../../protocols/core/ids.ts'
import { HELLO } from '../../../protocols/deposit/hello.ts'
import { decodeResultFrame, encodeDepositFrame, type Deposit, type ResultFrame } from '../../../protocols/deposit/wire.ts'
import { depositMacInput, deriveAlias, type DerivedAlias } from '../../../protocols/mailbox/alias.ts'
import { decodeRelayFrame, encodeOwnerFrame, MAILBOX_VERSION, type AliasKind, type Item, type Open, type OwnerFrame, type RelayFrame } from '../../../protocols/mailbox/wire.ts'
import { openRelayStore } from '../../../store/relay/relay-store.ts'
import type { RelayStore } from '../../../store/relay/types.ts'
import { Ether } from '../../../testnet/simulation/ether.ts'
import { SimNetwork } from '../../../testnet/simulation/network.ts'
import { SeededRandom } from '../../../testnet/simulation/random.ts'
import { World } from '../../../testnet/simulation/world.ts'

const PEER_ID_PREFIX = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20)
const GIB = 2 ** 30

export class Town {
  readonly world = new World(7)
  readonly random = new SeededRandom(7, 'town')
  readonly ether = new Ether(this.world, new SeededRandom(7, 'ether'))
  readonly signer = signerOf(this.random.bytes(32))
  readonly relay = toString(concat([PEER_ID_PREFIX, this.signer.publicKey]), 'base58btc')
  readonly steps: RelayStep[] = []
  vitals: Vitals = { residentBytes: 0, heapBytes: 0, availableBytes: undefined }
  store: RelayStore
  core: RelayCore
  #network: SimNetwork

  constructor (config: Partial<RelayConfig> = {}, store = openRelayStore({ path: ':memory:', isNew: true, capBytes: GIB })) {
    this.store = store
    this.#network = new SimNetwork(this.ether, this.relay, '/sim/relay')
    this.core = new RelayCore({
      store,
      ports: { clock: this.world.clock(() => true, () => 0), random: this.random, network: this.#network, signer: this.signer, vitals: () => this.vitals },
      config: { ...RELAY_DEFAULTS, name: 'relay', ...config },
      version: '0.0.0',
      reach: step => { this.steps.push(step) }
    })
  }

  async start (): Promise<void> {
    await this.#network.start()
    this.core.start()
  }

  async peer (name: string): Promise<SimNetwork> {
    const network = new SimNetwork(this.ether, `peer${name}`, `/sim/${name}`)
    await network.start()
    return network
  }

  target (): { readonly peerId: string, readonly addresses: readonly string[] } { return { peerId: this.relay, addresses: ['/sim/relay'] } }

  /** A door as owner and contact derive it from one secret. */
  door (): DerivedAlias { return deriveAlias(this.random.bytes(32), { relay: this.relay, device: deviceId(this.random.bytes(16)) }) }

  async owner (name: string, open: Partial<Open> = {}): Promise<OwnerEnd> { return await OwnerEnd.open(this, await this.peer(name), open) }

  async depositor (name: string): Promise<DepositorEnd> { return await DepositorEnd.open(this, await this.peer(name)) }
}

export class OwnerEnd {
  readonly frames: RelayFrame[] = []
  readonly town: Town
  readonly channel: Channel
  end: ChannelEnd | undefined
  #request = 0

  private constructor (town: Town, channel: Channel, frames: RelayFrame[]) {
    this.town = town
    this.channel = channel
    this.frames = frames
    void this.#watch()
  }

  static async open (town: Town, network: SimNetwork, open: Partial<Open>): Promise<OwnerEnd> {
    const frames: RelayFrame[] = []
    const channel = await town.world.within(network.openChannel(town.target(), MAILBOX_PROTOCOL, arrived => { for (const frame of arrived) frames.push(decodeRelayFrame(frame)) }))
    const owner = new OwnerEnd(town, channel, frames)
    owner.say({ type: 'open', versionMin: MAILBOX_VERSION, versionMax: MAILBOX_VERSION, features: [], admissionCode: undefined, isCollecting: true, after: 0, credit: { items: 100, bytes: 100_000 }, ...open })
    await owner.until(() => owner.frames.length > 0)
    return owner
  }

  get opened (): Extract<RelayFrame, { type: 'opened' }> {
    const frame = this.frames.find(({ type }) => type === 'opened')
    if (frame?.type !== 'opened') assert.fail('the mailbox is open')
    return frame
  }

  get items (): readonly Item[] { return this.frames.flatMap(frame => frame.type === 'items' ? frame.items : []) }
  get goodbye (): string | undefined { return this.frames.flatMap(frame => frame.type === 'goodbye' ? [frame.reason] : [])[0] }

  say (frame: OwnerFrame): void { void this.channel.send([encodeOwnerFrame(frame)]) }

  async until (isSo: () => boolean): Promise<void> { assert.ok(await this.town.world.run(isSo, 20_000), 'it happened') }

  async addDoors (doors: readonly DerivedAlias[], { kind = 'contact', epoch }: { readonly kind?: AliasKind, readonly epoch?: Uint8Array } = {}): Promise<string> {
    const request = ++this.#request
    this.say({ type: 'aliasChange', request, add: doors.map(({ alias, macKey }) => ({ alias, macKey, kind, expiresAtMs: undefined })), remove: [], epoch })
    const answer = (): RelayFrame | undefined => this.frames.find(frame => frame.type === 'aliasResult' && frame.request === request)
    await this.until(() => answer() !== undefined)
    const frame = answer()
    return frame?.type === 'aliasResult' ? frame.outcome : ''
  }

  async #watch (): Promise<void> { this.end = await this.channel.closed }
}

export class DepositorEnd {
  readonly frames: ResultFrame[] = []
  readonly town: Town
  readonly channel: Channel
  nonce = new Uint8Array(0)

  private constructor (town: Town, channel: Channel, frames: ResultFrame[]) {
    this.town = town
    this.channel = channel
    this.frames = frames
  }

  static async open (town: Town, network: SimNetwork): Promise<DepositorEnd> {
    const frames: ResultFrame[] = []
    const channel = await town.world.within(network.openChannel(town.target(), DEPOSIT_PROTOCOL, arrived => { for (const frame of arrived) frames.push(decodeResultFrame(frame)) }))
    const depositor = new DepositorEnd(town, channel, frames)
    await channel.send([encodeDepositFrame({ type: 'hello', hello: HELLO })])
    assert.ok(await town.world.run(() => frames.length > 0, 10_000))
    const [hello] = frames
    depositor.nonce = hello?.type === 'hello' ? Uint8Array.from(hello.hello.nonce ?? []) : depositor.nonce
    return depositor
  }

  deposit (door: DerivedAlias, { body = this.town.random.bytes(1024), depositId = envelopeId(this.town.random.bytes(16)), isWake = true, macKey = door.macKey, work }: { readonly body?: Uint8Array, readonly depositId?: EnvelopeId, readonly isWake?: boolean, readonly macKey?: Uint8Array, readonly work?: Uint8Array } = {}): Deposit {
    const { nonce } = this
    return { depositId, body, lifetimeS: 0, isWake, gateToken: undefined, alias: door.alias, mac: macOf(macKey, depositMacInput({ nonce, depositId, lifetimeS: 0, isWake, body })), work }
  }

  get batches (): ReadonlyArray<Extract<ResultFrame, { type: 'batch' }>> { return this.frames.filter(frame => frame.type === 'batch') }
  get results (): ReadonlyArray<Extract<ResultFrame, { type: 'batch' }>['results'][number]> { return this.batches.flatMap(({ results }) => results) }

  /** Sends them in one frame; resolves with their results in this order. */
  async put (deposits: readonly Deposit[]): Promise<readonly string[]> {
    const before = this.results.length
    await this.channel.send([encodeDepositFrame({ type: 'batch', deposits })])
    assert.ok(await this.town.world.run(() => this.results.length >= before + deposits.length, 60_000), 'each deposit has its result')
    return this.results.slice(before).map(result => result.type === 'refused' ? result.reason : result.type)
  }
}
