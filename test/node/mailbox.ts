/** The far side of a lane: a peer that takes deposits and answers as the test says. */
import { HELLO, type Hello } from '../../protocols/deposit/hello.ts'
import { decodeDepositFrame, encodeResultFrame, type Deposit, type RefusalReason, type Result } from '../../protocols/deposit/wire.ts'
import type { Channel } from '../../node/ports.ts'
import { DEPOSIT_PROTOCOL } from '../../node/protocols.ts'
import type { Ether } from '../../testnet/simulation/ether.ts'
import { SimNetwork } from '../../testnet/simulation/network.ts'

export type Answer = (deposit: Deposit) => Result<RefusalReason> | undefined

export class Mailbox {
  readonly network: SimNetwork
  /** Streams that were opened to it, the newest last. */
  readonly channels: Channel[] = []
  /** The sizes of the batches, and the deposits in them, as they came. */
  readonly batches: number[] = []
  readonly deposits: Deposit[] = []
  /** What it says first; undefined: it stays silent. */
  hello: Hello | undefined = HELLO
  /** Undefined: no answer for now. */
  answer: Answer = ({ depositId }) => ({ type: 'stored', depositId })
  openCount = 0

  constructor (ether: Ether, peerId: string) {
    this.network = new SimNetwork(ether, peerId, `/sim/${peerId}`)
    this.network.serveChannel(DEPOSIT_PROTOCOL, channel => {
      this.channels.push(channel)
      this.openCount += 1
      void this.#countClosed(channel)
      return frames => { for (const frame of frames) this.#take(frame, channel) }
    })
    void this.network.start()
  }

  /** The number of each deposit, as `numberedLetter` gives it. */
  get numbers (): number[] { return this.deposits.map(({ depositId }) => depositId[15] ?? 0) }

  say (frame: Parameters<typeof encodeResultFrame>[0]): void {
    void this.channels.at(-1)?.send([encodeResultFrame(frame)])
  }

  #take (frame: Uint8Array, channel: Channel): void {
    const decoded = decodeDepositFrame(frame)
    if (decoded.type === 'hello') {
      if (this.hello !== undefined) void channel.send([encodeResultFrame({ type: 'hello', hello: this.hello })])
      return
    }
    this.batches.push(decoded.deposits.length)
    this.deposits.push(...decoded.deposits)
    const results = decoded.deposits.map(this.answer).filter(result => result !== undefined)
    if (results.length > 0) void channel.send([encodeResultFrame({ type: 'batch', results })])
  }

  async #countClosed (channel: Channel): Promise<void> {
    await channel.closed
    this.openCount -= 1
  }
}
