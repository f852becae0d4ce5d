/** A relay for one owner in the simulated world, honest unless the test says otherwise, that shows everything it was told. */
import { encodeRelayCard } from '../../protocols/mailbox/questions.ts'
import { decodeOwnerFrame, encodeRelayFrame, type Alias, type DepositRef, type Item, type MailboxGoodbyeReason, type AliasOutcome, type OwnerFrame, type RelayFrame } from '../../protocols/mailbox/wire.ts'
import { decodeShardUpload, encodeShardAnswer, type ShardUpload } from '../../protocols/prekeys/shard.ts'
import { deriveAlias, relayDepositId } from '../../protocols/mailbox/alias.ts'
import { idKey, type DeviceId, type EnvelopeId } from '../../protocols/core/ids.ts'
import { UnreachableError } from '../../protocols/core/errors.ts'
import type { Channel } from '../../node/ports.ts'
import { MAILBOX_PROTOCOL, RELAY_PROTOCOL, SHARD_PROTOCOL } from '../../node/protocols.ts'
import type { Ether } from '../../testnet/simulation/ether.ts'
import { SimNetwork } from '../../testnet/simulation/network.ts'

type OpenFrame = Extract<OwnerFrame, { type: 'open' }>

/** Everything on its disk. */
export interface Disk {
  readonly aliases: Map<string, Alias>
  readonly items: Item[]
  position: number
  epoch: Uint8Array
  oneTimeLeft: number
  hasMailbox: boolean
}

const LIMITS = { aliasItemsMax: 256, aliasBytesMax: 2 ** 22, mailboxItemsMax: 10_000, mailboxBytesMax: 2 ** 26, lifetimeSMax: 30 * 86_400, aliasesMax: 4_096 }

export class FarRelay {
  readonly network: SimNetwork
  readonly name: string
  disk: Disk = { aliases: new Map(), items: [], position: 0, epoch: new Uint8Array(8), oneTimeLeft: 0, hasMailbox: false }
  /** What its owner has said, as it came. */
  readonly opens: OpenFrame[] = []
  readonly acknowledged: DepositRef[] = []
  readonly shards: ShardUpload[] = []
  /** What it says instead of opening the mailbox. */
  refusal: MailboxGoodbyeReason | undefined
  /** What it says to aliases. */
  aliasRefusal: 'tooMany' | 'capacity' | undefined
  /** How far its clock is ahead. */
  skewMs = 0
  /** Ignores acknowledgements: as if it lost power before they were on its disk. */
  isForgetful = false
  /** Takes what is asked of it and says nothing. */
  isSilent = false
  /** Sends whatever it has, whatever credit it has been given. */
  isPushy = false
  /** Takes prekeys and dies before it says so. */
  losesAnswers = false
  readonly #ether: Ether
  #channel: Channel | undefined
  #credit = { items: 0, bytes: 0 }
  #sentTo = 0

  constructor (ether: Ether, name: string) {
    this.#ether = ether
    this.name = name
    this.network = new SimNetwork(ether, `peer${name}`, `/sim/${name}`)
    this.network.serveChannel(MAILBOX_PROTOCOL, channel => {
      this.#channel = channel
      return frames => { for (const frame of frames) this.#take(decodeOwnerFrame(frame), channel) }
    })
    this.network.serveRequest(SHARD_PROTOCOL, frame => this.#takeShard(frame))
    this.network.serveRequest(RELAY_PROTOCOL, () => encodeRelayCard({
      description: { name, operator: '', software: '' },
      admission: 'open',
      limits: LIMITS,
      timeMs: this.#nowMs,
      takesMailboxes: true,
      features: [],
      relay: { peerId: this.peerId, addresses: [this.network.address] }
    }))
    void this.network.start()
  }

  get peerId (): string { return this.network.peerId }
  get address (): string { return `${this.network.address}/p2p/${this.peerId}` }
  get #nowMs (): number { return Math.floor(this.#ether.world.nowMs) + this.skewMs }

  /** Leaves an envelope at the alias of a secret. Returns how it is named there. */
  deposit (body: Uint8Array, { secret, device, envelope }: { readonly secret: Uint8Array, readonly device: DeviceId, readonly envelope: EnvelopeId }): DepositRef {
    const { alias, depositKey } = deriveAlias(secret, { relay: this.peerId, device })
    const ref = { alias, depositId: relayDepositId(depositKey, envelope) }
    this.put({ ...ref, body })
    return ref
  }

  put ({ alias, depositId, body }: Pick<Item, 'alias' | 'depositId' | 'body'>): void {
    this.disk.items.push({ position: ++this.disk.position, alias, depositId, body, storedAtMs: this.#nowMs })
    this.#pump()
  }

  holds (alias: Uint8Array): boolean { return this.disk.aliases.has(idKey(alias)) }

  say (frame: RelayFrame<AliasOutcome, MailboxGoodbyeReason>): void { void this.#channel?.send([encodeRelayFrame(frame)]) }

  sayBytes (bytes: Uint8Array): void { void this.#channel?.send([bytes]) }

  /** A copy of its disk, to be put back later. */
  copy (): Disk { return { ...this.disk, aliases: new Map(this.disk.aliases), items: [...this.disk.items] } }

  /** It is killed, and starts with this disk, or an empty one. */
  async restart (disk: Disk = { aliases: new Map(), items: [], position: 0, epoch: new Uint8Array(8), oneTimeLeft: 0, hasMailbox: false }): Promise<void> {
    await this.network.stop()
    this.disk = disk
    await this.network.start()
  }

  #take (frame: OwnerFrame, channel: Channel): void {
    switch (frame.type) {
      case 'open':
        return this.#open(frame, channel)
      case 'aliasChange':
        return this.#changeAliases(frame)
      case 'credit':
        this.#credit = { items: this.#credit.items + frame.items, bytes: this.#credit.bytes + frame.bytes }
        return this.#pump()
      case 'acknowledgement':
        return this.#acknowledge(frame.deposits)
      case 'list':
        return this.say({ type: 'listing', request: frame.request, hasMore: false, items: this.disk.items.filter(({ position }) => position > frame.after).slice(0, frame.limit).map(({ position, alias, depositId, body }) => ({ position, alias, depositId, sizeBytes: body.byteLength, expiresAtMs: 0 })) })
      case 'farewell':
        this.disk = { aliases: new Map(), items: [], position: 0, epoch: new Uint8Array(8), oneTimeLeft: 0, hasMailbox: false }
        return this.say({ type: 'goodbye', reason: 'closed', retryAfterMs: 0 })
    }
  }

  #open (frame: OpenFrame, channel: Channel): void {
    this.opens.push(frame)
    if (this.refusal !== undefined) return this.say({ type: 'goodbye', reason: this.refusal, retryAfterMs: 0 })
    const isNew = !this.disk.hasMailbox
    this.disk.hasMailbox = true
    this.#channel = channel
    this.#credit = frame.credit
    this.#sentTo = frame.after
    this.say({
      type: 'opened',
      version: 1,
      timeMs: this.#nowMs,
      isNew,
      aliasEpoch: this.disk.epoch,
      aliasCount: this.disk.aliases.size,
      usage: { items: this.disk.items.length, bytes: 0 },
      limits: LIMITS,
      oneTimeLeft: this.disk.oneTimeLeft,
      description: { name: this.name, operator: '', software: '' },
      incarnation: undefined
    })
    this.#pump()
  }

  #changeAliases ({ request, add, remove, epoch }: Extract<OwnerFrame, { type: 'aliasChange' }>): void {
    if (this.isSilent) return
    if (this.aliasRefusal !== undefined) return this.say({ type: 'aliasResult', request, outcome: this.aliasRefusal, aliasCount: this.disk.aliases.size })
    for (const alias of add) if (!this.holds(alias.alias)) this.disk.aliases.set(idKey(alias.alias), alias)
    for (const alias of remove) this.disk.aliases.delete(idKey(alias))
    if (epoch !== undefined) this.disk.epoch = epoch
    this.say({ type: 'aliasResult', request, outcome: 'done', aliasCount: this.disk.aliases.size })
  }

  #acknowledge (deposits: readonly DepositRef[]): void {
    this.acknowledged.push(...deposits)
    if (this.isForgetful) return
    const keys = new Set(deposits.map(({ alias, depositId }) => idKey(alias) + idKey(depositId)))
    const left = this.disk.items.filter(({ alias, depositId }) => !keys.has(idKey(alias) + idKey(depositId)))
    this.disk.items.splice(0, this.disk.items.length, ...left)
  }

  #pump (): void {
    if (this.#channel === undefined) return
    const items: Item[] = []
    for (const item of this.disk.items) {
      if (item.position <= this.#sentTo) continue
      if (!this.isPushy && (this.#credit.items < 1 || this.#credit.bytes < item.body.byteLength)) break
      this.#credit = { items: this.#credit.items - 1, bytes: this.#credit.bytes - item.body.byteLength }
      this.#sentTo = item.position
      items.push(item)
    }
    for (let start = 0; start < items.length; start += 256) this.say({ type: 'items', items: items.slice(start, start + 256) })
  }

  #takeShard (frame: Uint8Array): Uint8Array {
    const upload = decodeShardUpload(frame)
    this.shards.push(upload)
    if (this.losesAnswers) throw new UnreachableError('gone')
    this.disk.oneTimeLeft += upload.oneTime.length
    return encodeShardAnswer({ type: 'stock', oneTimeLeft: this.disk.oneTimeLeft })
  }
}
