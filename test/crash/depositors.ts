/**
 * Those who use a relay while it loses its power: senders who deposit as fast as they are answered and keep every promise that was signed,
 * and the owner of the mailbox, who is to get what was promised. They speak the protocol as docs/protocols/deposit.md has it.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { sha256 } from '@noble/hashes/sha2.js'
import { macOf } from '../../node/crypto/mac.ts'
import { isSignature } from '../../node/crypto/verify.ts'
import { MailboxStream } from '../../node/loops/mailbox-stream.ts'
import { generateNetworkKey } from '../../node/net/identity.ts'
import { Libp2pNetwork } from '../../node/net/network.ts'
import type { Channel, PeerTarget } from '../../node/ports.ts'
import { DEPOSIT_PROTOCOL } from '../../node/protocols.ts'
import { realClock } from '../../node/world.ts'
import { deviceId, envelopeId, idKey, type EnvelopeId } from '../../protocols/core/ids.ts'
import { networkKeyOf } from '../../protocols/core/peer-id.ts'
import { merkleRoot, storedLeaf, storedSigningInput } from '../../protocols/deposit/custody.ts'
import { HELLO } from '../../protocols/deposit/hello.ts'
import { decodeResultFrame, encodeDepositFrame, type Deposit, type ResultBatch } from '../../protocols/deposit/wire.ts'
import { depositMacInput, deriveAlias, type DerivedAlias } from '../../protocols/mailbox/alias.ts'
import type { Item } from '../../protocols/mailbox/wire.ts'

interface Envelope { readonly depositId: EnvelopeId, readonly body: Uint8Array, readonly door: DerivedAlias }

/** Small enough that several frames are under way, and several commits wait for the disk. */
const BATCH = 16
const WINDOW = 256
const BODY_BYTES_MAX = 3_000
const DOORS = 8
const CREDIT = { items: 8_192, bytes: 64 * 1024 * 1024 }

async function join (): Promise<Libp2pNetwork> {
  const network = new Libp2pNetwork({ networkKey: generateNetworkKey(), listen: [], agentVersion: 'test', clock: realClock })
  await network.start()
  return network
}

/** Has a mailbox with doors at one relay. What it has taken it acknowledges, and never forgets that it has it. */
export class Owner implements AsyncDisposable {
  readonly #network: Libp2pNetwork
  readonly #device = deviceId(Uint8Array.from(randomBytes(16)))
  /** What it has, and the body's hash. */
  readonly has = new Map<string, string>()

  static async create (): Promise<Owner> { return new Owner(await join()) }

  private constructor (network: Libp2pNetwork) { this.#network = network }

  /** New doors, which the relay has confirmed. */
  async makeDoors (relay: PeerTarget): Promise<readonly DerivedAlias[]> {
    const doors = Array.from({ length: DOORS }, () => deriveAlias(Uint8Array.from(randomBytes(32)), { relay: relay.peerId, device: this.#device }))
    const stream = this.#stream(relay, () => {})
    await stream.open()
    const add = doors.map(({ alias, macKey }) => ({ alias, macKey, kind: 'contact' as const, expiresAtMs: undefined }))
    assert.equal((await stream.changeAliases({ add, remove: [], epoch: undefined })).outcome, 'done')
    stream.close()
    await stream.closed
    return doors
  }

  /** Takes everything that waits, as a device does that was away. @throws AssertionError when something is handed out twice */
  async collect (relay: PeerTarget): Promise<void> {
    const handedOut = new Set<string>()
    const all = Promise.withResolvers<undefined>()
    let due = Number.POSITIVE_INFINITY
    const stream = this.#stream(relay, items => {
      for (const item of items) {
        const id = idKey(item.depositId)
        assert.ok(!handedOut.has(id), 'handed out once')
        handedOut.add(id)
        this.#take(item)
      }
      stream.acknowledge(items, { items: items.length, bytes: items.reduce((sum, { body }) => sum + body.byteLength, 0) })
      if (handedOut.size >= due) all.resolve(undefined)
    })
    const { usage } = await stream.open()
    due = usage.items
    if (handedOut.size >= due) all.resolve(undefined)
    await Promise.race([all.promise, stream.closed.then(({ reason }) => { throw new Error(`the relay ended the stream: ${reason}`) })])
    stream.close()
    await stream.closed
  }

  /** Takes what comes while it comes, until the relay is gone. */
  async attend (relay: PeerTarget): Promise<void> {
    const stream = this.#stream(relay, items => {
      for (const item of items) this.#take(item)
      stream.acknowledge(items, { items: items.length, bytes: items.reduce((sum, { body }) => sum + body.byteLength, 0) })
    })
    await stream.open()
    void stream.closed
  }

  async [Symbol.asyncDispose] (): Promise<void> { await this.#network.stop() }

  #take ({ depositId, body }: Item): void {
    const [id, hash] = [idKey(depositId), hashOf(body)]
    assert.equal(this.has.get(id) ?? hash, hash, 'under one id one envelope')
    this.has.set(id, hash)
  }

  #stream (relay: PeerTarget, onItems: (items: readonly Item[]) => void): MailboxStream {
    return new MailboxStream({
      network: this.#network,
      clock: realClock,
      target: relay,
      admissionCode: undefined,
      credit: CREDIT,
      onItems: items => { onItems(items); return undefined },
      onUsage: () => {}
    })
  }
}

/** Deposits without end. What was not answered is deposited again the next time, under the same id. */
export class Sender implements AsyncDisposable {
  readonly #network: Libp2pNetwork
  readonly #doors: readonly DerivedAlias[]
  /** Hashes of the bodies that the relay has signed for. */
  readonly promised = new Map<string, string>()
  readonly #unanswered = new Map<string, Envelope>()
  #first = Promise.withResolvers<undefined>()
  #count = 0

  static async create (doors: readonly DerivedAlias[]): Promise<Sender> { return new Sender(await join(), doors) }

  private constructor (network: Libp2pNetwork, doors: readonly DerivedAlias[]) {
    this.#network = network
    this.#doors = doors
  }

  /** Resolves at the first promise of a relay that it has just begun to deposit at. */
  async promise (): Promise<void> { await this.#first.promise }

  /** Resolves when the relay is gone, or takes nothing more. */
  async deposit (relay: PeerTarget): Promise<void> {
    this.#first = Promise.withResolvers()
    const again = [...this.#unanswered.values()]
    const over = Promise.withResolvers<undefined>()
    const underWay = new Map<string, Envelope>()
    let nonce: Uint8Array | undefined
    let isSending = false
    const channel: Channel = await this.#network.openChannel(relay, DEPOSIT_PROTOCOL, frames => {
      for (const bytes of frames) {
        const frame = decodeResultFrame(bytes)
        if (frame.type === 'hello') nonce = frame.hello.nonce
        if (frame.type === 'batch') this.#hear(frame, relay, underWay)
        if (frame.type === 'batch' && frame.results.some(result => result.type === 'refused')) over.resolve(undefined)
      }
      void pump()
    })
    void channel.closed.then(() => { over.resolve(undefined) })
    const pump = async (): Promise<void> => {
      if (isSending || nonce === undefined) return
      isSending = true
      try {
        while (underWay.size + BATCH <= WINDOW) {
          const envelopes = Array.from({ length: BATCH }, () => again.pop() ?? this.#newEnvelope())
          for (const envelope of envelopes) {
            underWay.set(idKey(envelope.depositId), envelope)
            this.#unanswered.set(idKey(envelope.depositId), envelope)
          }
          await channel.send([encodeDepositFrame({ type: 'batch', deposits: envelopes.map(envelope => sealedFor(envelope, nonce)) })])
        }
      } catch {
        over.resolve(undefined)
      } finally {
        isSending = false
      }
    }
    await channel.send([encodeDepositFrame({ type: 'hello', hello: HELLO })])
    await over.promise
    channel.close()
  }

  async [Symbol.asyncDispose] (): Promise<void> { await this.#network.stop() }

  /** What is answered `stored`, provably, is promised. */
  #hear ({ results, relayTimeMs = 0, signature }: ResultBatch, relay: PeerTarget, underWay: Map<string, Envelope>): void {
    const stored = results.flatMap(result => result.type === 'stored' ? [{ ...result, envelope: underWay.get(idKey(result.depositId)) }] : [])
    for (const { depositId } of results) underWay.delete(idKey(depositId))
    if (stored.length === 0) return
    const leaves = stored.map(({ depositId, envelope, expiresAtMs, aliasEpoch }) => {
      assert.ok(envelope !== undefined && expiresAtMs !== undefined && aliasEpoch !== undefined, 'the answer is to what was asked')
      return storedLeaf({ alias: envelope.door.alias, depositId, bodyHash: sha256(envelope.body), relayTimeMs, expiresAtMs, aliasEpoch })
    })
    const key = networkKeyOf(relay.peerId)
    assert.ok(key !== undefined && signature !== undefined && isSignature(key, storedSigningInput(merkleRoot(leaves)), signature), 'the relay has signed')
    this.#first.resolve(undefined)
    for (const { depositId, envelope } of stored) {
      const id = idKey(depositId)
      this.#unanswered.delete(id)
      if (envelope !== undefined) this.promised.set(id, hashOf(envelope.body))
    }
  }

  #newEnvelope (): Envelope {
    const door = this.#doors[this.#count++ % this.#doors.length]
    assert.ok(door !== undefined)
    return { door, depositId: envelopeId(Uint8Array.from(randomBytes(16))), body: Uint8Array.from(randomBytes(1 + this.#count * 97 % BODY_BYTES_MAX)) }
  }
}

function sealedFor ({ depositId, body, door: { alias, macKey } }: Envelope, nonce: Uint8Array | undefined): Deposit {
  const fields = { depositId, lifetimeS: 0, isWake: true, body }
  return { ...fields, gateToken: undefined, alias, mac: macOf(macKey, depositMacInput({ nonce: nonce ?? alias, ...fields })) }
}

function hashOf (body: Uint8Array): string { return Buffer.from(sha256(body)).toString('hex') }
