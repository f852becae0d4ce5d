/** Depositors and an owner for measuring a relay: they do what the protocol asks of them and nothing else. */
import { CONTENT_ID_BYTES, DEVICE_ID_BYTES, deviceId, envelopeId } from '../../protocols/core/ids.ts'
import { ALIAS_SECRET_BYTES, BATCH_DEPOSITS_MAX, BATCH_FRAME_BYTES_MAX, INBOUND_WAITING_PER_PEER_MAX } from '../../protocols/core/limits.ts'
import { UnreachableError } from '../../protocols/core/errors.ts'
import { HELLO } from '../../protocols/deposit/hello.ts'
import { decodeResultFrame, encodeDepositFrame, type Deposit } from '../../protocols/deposit/wire.ts'
import { deriveAlias, depositMacInput, type DerivedAlias } from '../../protocols/mailbox/alias.ts'
import { macOf } from '../crypto/mac.ts'
import { MailboxStream } from '../loops/mailbox-stream.ts'
import { generateNetworkKey } from '../net/identity.ts'
import { Libp2pNetwork } from '../net/network.ts'
import type { Channel, Clock, Network, PeerTarget, Random } from '../ports.ts'
import { DEPOSIT_PROTOCOL } from '../protocols.ts'
import { VERSION } from '../version.ts'
import { realClock, realRandom } from '../world.ts'

export interface BenchPeer {
  readonly network: Network
  readonly relay: PeerTarget
  readonly clock: Clock
  readonly random: Random
}

/** Somebody with a key and a libp2p of their own, whom nobody can dial. */
export async function startClient (relay: PeerTarget, stack: AsyncDisposableStack): Promise<BenchPeer> {
  const network = new Libp2pNetwork({ networkKey: generateNetworkKey(), listen: [], agentVersion: `skein/${VERSION}`, clock: realClock })
  stack.defer(async () => { await network.stop() })
  await network.start()
  return { network, relay, clock: realClock, random: realRandom }
}

/** An owner makes its mailbox with that many doors, and never collects. @throws UnreachableError */
export async function makeDoors ({ network, relay, clock, random }: BenchPeer, count: number): Promise<{ readonly doors: readonly DerivedAlias[], readonly close: () => void }> {
  const device = deviceId(random.bytes(DEVICE_ID_BYTES))
  const doors = Array.from({ length: count }, () => deriveAlias(random.bytes(ALIAS_SECRET_BYTES), { relay: relay.peerId, device }))
  const stream = new MailboxStream({ network, clock, target: relay, admissionCode: undefined, credit: { items: 0, bytes: 0 }, onItems: () => undefined, onUsage: () => undefined })
  await stream.open()
  const { outcome } = await stream.changeAliases({ add: doors.map(({ alias, macKey }) => ({ alias, macKey, kind: 'contact', expiresAtMs: undefined })), remove: [], epoch: undefined })
  if (outcome !== 'done') throw new UnreachableError(`the relay did not take the doors (${outcome})`)
  return { doors, close: () => { stream.close() } }
}

export interface DepositRun {
  readonly door: DerivedAlias
  readonly count: number
  readonly envelopeBytes: number
}

export interface DepositTally {
  readonly stored: number
  readonly refused: number
}

/** Enough under way that the relay never waits for us, and no more than it lets one peer have. */
const WINDOW = INBOUND_WAITING_PER_PEER_MAX - BATCH_DEPOSITS_MAX / 2
const BATCH_MAX = 128
/** What a deposit has beside its body: alias, MAC, id and their tags. */
const DEPOSIT_OVERHEAD_BYTES = 128

/** One depositor: sends `count` deposits as fast as they are answered. @throws UnreachableError when the stream ends before */
export async function depositAll ({ network, relay, random }: BenchPeer, { door, count, envelopeBytes }: DepositRun): Promise<DepositTally> {
  const done: PromiseWithResolvers<DepositTally> = Promise.withResolvers()
  const body = random.bytes(envelopeBytes)
  const batchMax = Math.max(1, Math.min(BATCH_MAX, Math.floor(BATCH_FRAME_BYTES_MAX / 2 / (envelopeBytes + DEPOSIT_OVERHEAD_BYTES))))
  let [sent, stored, refused] = [0, 0, 0]
  let nonce: Uint8Array | undefined
  let isSending = false

  const channel: Channel = await network.openChannel(relay, DEPOSIT_PROTOCOL, frames => {
    for (const frame of frames) take(frame)
    void pump()
  })
  void rejectWhenClosed()
  await channel.send([encodeDepositFrame({ type: 'hello', hello: HELLO })])

  async function rejectWhenClosed (): Promise<void> {
    await channel.closed
    done.reject(new UnreachableError('the relay ended the stream'))
  }

  function take (bytes: Uint8Array): void {
    const frame = decodeResultFrame(bytes)
    if (frame.type === 'hello') nonce = frame.hello.nonce
    if (frame.type !== 'batch') return
    // What is not signed for is no deposit.
    const arrived = frame.signature === undefined ? 0 : frame.results.filter(({ type }) => type === 'stored').length
    stored += arrived
    refused += frame.results.length - arrived
    if (stored + refused >= count) done.resolve({ stored, refused })
  }

  async function pump (): Promise<void> {
    if (isSending || nonce === undefined) return
    isSending = true
    while (sent < count && sent - stored - refused <= WINDOW - batchMax) {
      const size = Math.min(batchMax, count - sent)
      sent += size
      const from = nonce
      await channel.send([encodeDepositFrame({ type: 'batch', deposits: Array.from({ length: size }, () => newDeposit(from)) })])
    }
    isSending = false
  }

  function newDeposit (from: Uint8Array): Deposit {
    const fields = { nonce: from, depositId: envelopeId(random.bytes(CONTENT_ID_BYTES)), lifetimeS: 0, isWake: true, body }
    return { depositId: fields.depositId, body, lifetimeS: 0, isWake: true, gateToken: undefined, alias: door.alias, mac: macOf(door.macKey, depositMacInput(fields)) }
  }

  try {
    return await done.promise
  } finally {
    channel.close()
  }
}
