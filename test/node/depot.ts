/** The depositing side of a relay: honest, signed, and as the test says. */
import { concat, toString } from 'uint8arrays'
import { merkleRoot, storedLeaf, storedSigningInput } from '../../protocols/deposit/custody.ts'
import { HELLO } from '../../protocols/deposit/hello.ts'
import { decodeDepositFrame, encodeResultFrame, type Deposit, type RefusalReason, type Result, type ResultFrame } from '../../protocols/deposit/wire.ts'
import type { ListedRelay } from '../../protocols/account/wire.ts'
import { sha256 } from '../../node/crypto/mac.ts'
import { signerOf } from '../../node/crypto/signer.ts'
import type { Channel, Signer } from '../../node/ports.ts'
import { DEPOSIT_PROTOCOL } from '../../node/protocols.ts'
import type { Ether } from '../../testnet/simulation/ether.ts'
import { SimNetwork } from '../../testnet/simulation/network.ts'

export type DepotAnswer = (deposit: Deposit) => Result<RefusalReason> | undefined
type Batch = Extract<ResultFrame<RefusalReason>, { type: 'batch' }>

/** An Ed25519 key as libp2p writes it into a PeerId: an identity multihash of its protobuf. */
const PEER_ID_PREFIX = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20)
const DAY_MS = 24 * 3_600_000

export class Depot {
  readonly network: SimNetwork
  readonly signer: Signer
  readonly deposits: Deposit[] = []
  /** Of its newest stream. */
  nonce = new Uint8Array(32)
  epoch = new Uint8Array(8)
  /** How long it keeps what it takes. */
  keepMs = 30 * DAY_MS
  /** How far its clock is ahead. */
  skewMs = 0
  answer: DepotAnswer = deposit => this.stored(deposit)
  /** What it says instead of an honest batch. */
  twist: (batch: Batch) => Batch = batch => batch
  readonly #ether: Ether
  readonly #channels: Channel[] = []

  constructor (ether: Ether, number: number) {
    this.#ether = ether
    this.signer = signerOf(new Uint8Array(32).fill(number))
    const peerId = toString(concat([PEER_ID_PREFIX, this.signer.publicKey]), 'base58btc')
    this.network = new SimNetwork(ether, peerId, `/ip4/10.0.0.${number}/tcp/4001`)
    this.network.serveChannel(DEPOSIT_PROTOCOL, channel => {
      this.#channels.push(channel)
      return frames => { for (const frame of frames) this.#take(frame, channel) }
    })
    void this.network.start()
  }

  get listed (): ListedRelay { return { peerId: this.network.peerId, addresses: [this.network.address] } }
  get nowMs (): number { return Math.floor(this.#ether.world.nowMs) + this.skewMs }

  stored ({ depositId }: Deposit): Result<RefusalReason> {
    return { type: 'stored', depositId, expiresAtMs: this.nowMs + this.keepMs, aliasEpoch: this.epoch }
  }

  refuse (reason: RefusalReason, extra: { readonly retryAfterMs?: number, readonly workBits?: number } = {}): void {
    this.answer = ({ depositId }) => ({ type: 'refused', depositId, reason, retryAfterMs: 0, ...extra })
  }

  take (): void { this.answer = deposit => this.stored(deposit) }

  /** Ends its streams; the next one has another nonce. */
  hangUp (): void { for (const channel of this.#channels.splice(0)) channel.close() }

  #take (bytes: Uint8Array, channel: Channel): void {
    const frame = decodeDepositFrame(bytes)
    if (frame.type === 'hello') {
      this.nonce = this.nonce.map(byte => byte + 1)
      void channel.send([encodeResultFrame({ type: 'hello', hello: { ...HELLO, nonce: this.nonce, timeMs: this.nowMs } })])
      return
    }
    this.deposits.push(...frame.deposits)
    const results = frame.deposits.map(this.answer).filter(result => result !== undefined)
    if (results.length > 0) void channel.send([encodeResultFrame(this.twist(this.#batch(results, frame.deposits)))])
  }

  #batch (results: ReadonlyArray<Result<RefusalReason>>, deposits: readonly Deposit[]): Batch {
    const relayTimeMs = this.nowMs
    const leaves = results.flatMap(result => {
      const deposit = deposits.find(({ depositId }) => depositId === result.depositId)
      if (result.type !== 'stored' || deposit?.alias === undefined) return []
      const { depositId, expiresAtMs = 0, aliasEpoch = this.epoch } = result
      return [storedLeaf({ alias: deposit.alias, depositId, bodyHash: sha256(deposit.body), relayTimeMs, expiresAtMs, aliasEpoch })]
    })
    if (leaves.length === 0) return { type: 'batch', results }
    return { type: 'batch', results, relayTimeMs, signature: this.signer.sign(storedSigningInput(merkleRoot(leaves))) }
  }
}
