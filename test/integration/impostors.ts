/** Peers that do not run our program: they speak the deposit protocol by hand, with whatever bytes and whosever keys they have. */
import { randomBytes } from 'node:crypto'
import { HELLO } from '../../protocols/deposit/hello.ts'
import {
  decodeDepositFrame, decodeResultFrame, encodeDepositFrame, encodeResultFrame, type Deposit, type DepositFrame, type RefusalReason, type Result, type ResultFrame
} from '../../protocols/deposit/wire.ts'
import { envelopeId } from '../../protocols/core/ids.ts'
import { generateNetworkKey } from '../../node/net/identity.ts'
import { Libp2pNetwork } from '../../node/net/network.ts'
import type { Channel, ChannelEnd, PeerTarget } from '../../node/ports.ts'
import { DEPOSIT_PROTOCOL } from '../../node/protocols.ts'
import { realClock } from '../../node/world.ts'
import type { Person } from './nodes.ts'

export interface ImpostorOptions {
  /** Whose key the connection proves; default: nobody's. */
  readonly networkKey?: Uint8Array
  readonly listen?: readonly string[]
}

/** A peer on the network. Protocols are served before `start`. */
export function impostor ({ networkKey = generateNetworkKey(), listen = [] }: ImpostorOptions = {}): Libp2pNetwork {
  return new Libp2pNetwork({ networkKey, listen, agentVersion: 'impostor', clock: realClock })
}

/** Whoever deposits, by hand. */
export class Depositor implements AsyncDisposable {
  readonly #network: Libp2pNetwork
  readonly #channel: Channel
  readonly #results: ResultFrame[]
  #waiting: ((frame: ResultFrame) => void) | undefined

  /** Opens a stream to somebody's node and says nothing yet. `frameBytesMax`: of what it may send. */
  static async open ({ node }: Person, options: ImpostorOptions & { readonly frameBytesMax?: number } = {}): Promise<Depositor> {
    return await Depositor.openTo({ peerId: node.peerId, addresses: node.addresses() }, options)
  }

  static async openTo (target: PeerTarget, options: ImpostorOptions & { readonly frameBytesMax?: number } = {}): Promise<Depositor> {
    const network = impostor(options)
    await network.start()
    const results: ResultFrame[] = []
    const holder: { depositor?: Depositor } = {}
    const protocol = { ...DEPOSIT_PROTOCOL, frameBytesMax: options.frameBytesMax ?? DEPOSIT_PROTOCOL.frameBytesMax }
    const channel = await network.openChannel(target, protocol, frames => {
      for (const frame of frames) {
        const result = decodeResultFrame(Uint8Array.from(frame))
        if (holder.depositor === undefined) results.push(result)
        else holder.depositor.#take(result)
      }
    })
    holder.depositor = new Depositor(network, channel, results)
    return holder.depositor
  }

  /** Opens a stream and greets. */
  static async greet (to: Person, options: ImpostorOptions = {}): Promise<Depositor> {
    const depositor = await Depositor.open(to, options)
    await depositor.sendBytes(encodeDepositFrame({ type: 'hello', hello: HELLO }))
    await depositor.next()
    return depositor
  }

  private constructor (network: Libp2pNetwork, channel: Channel, results: ResultFrame[]) {
    this.#network = network
    this.#channel = channel
    this.#results = results
  }

  get closed (): Promise<ChannelEnd> { return this.#channel.closed }

  /** One frame, with whatever is in it. */
  async sendBytes (frame: Uint8Array): Promise<void> { await this.#channel.send([frame]) }

  /** The next frame of the mailbox. */
  async next (): Promise<ResultFrame> {
    const known = this.#results.shift()
    if (known !== undefined) return known
    return await new Promise((resolve, reject) => {
      this.#waiting = resolve
      void this.closed.then(end => { reject(new Error(`the stream ended: ${end}`)) })
    })
  }

  /** Deposits one body and resolves with what became of it. */
  async deposit (body: Uint8Array, { depositId = envelopeId(new Uint8Array(randomBytes(16))), gateToken }: Partial<Pick<Deposit, 'depositId' | 'gateToken'>> = {}): Promise<Result> {
    await this.sendBytes(encodeDepositFrame({ type: 'batch', deposits: [{ depositId, body, gateToken, lifetimeS: 0, isWake: false }] }))
    const frame = await this.next()
    const [result] = frame.type === 'batch' ? frame.results : []
    if (result === undefined) throw new Error(`no result, but ${frame.type}`)
    return result
  }

  #take (frame: ResultFrame): void {
    if (this.#waiting === undefined) this.#results.push(frame)
    else this.#waiting(frame)
    this.#waiting = undefined
  }

  async [Symbol.asyncDispose] (): Promise<void> { await this.#network.stop() }
}

export type Answer = (deposits: readonly Deposit[], channel: Channel) => ReadonlyArray<Result<RefusalReason>> | Uint8Array | 'silence' | 'close'

/** A mailbox that answers as told, at the place and with the key of somebody whose node is stopped. */
export class Mailbox implements AsyncDisposable {
  readonly network: Libp2pNetwork
  readonly deposits: Deposit[] = []
  readonly channels: Channel[] = []
  /** May be another one at any time. */
  answer: Answer
  #onDeposits: (() => void) | undefined

  constructor (network: Libp2pNetwork, answer: Answer) {
    this.network = network
    this.answer = answer
    network.serveChannel(DEPOSIT_PROTOCOL, channel => {
      this.channels.push(channel)
      return frames => { for (const frame of frames) this.#take(decodeDepositFrame(frame), channel) }
    })
  }

  /** Resolves when so many deposits have come. */
  async received (count: number): Promise<void> {
    while (this.deposits.length < count) await new Promise<void>(resolve => { this.#onDeposits = resolve })
  }

  #take (frame: DepositFrame, channel: Channel): void {
    if (frame.type === 'hello') {
      void channel.send([encodeResultFrame({ type: 'hello', hello: HELLO })])
      return
    }
    this.deposits.push(...frame.deposits.map(deposit => ({ ...deposit, body: Uint8Array.from(deposit.body), depositId: envelopeId(Uint8Array.from(deposit.depositId)) })))
    const answer = this.answer(frame.deposits, channel)
    if (answer === 'close') channel.close()
    else if (answer !== 'silence') void channel.send([answer instanceof Uint8Array ? answer : encodeResultFrame({ type: 'batch', results: answer })])
    this.#onDeposits?.()
  }

  async [Symbol.asyncDispose] (): Promise<void> { await this.network.stop() }
}
