/**
 * A stranger, a contact without measure, or a peer that only connects: floods a relay until its parent hangs up. It has a process of its own,
 * to which its parent gives the lowest priority, so that what its victims feel is the relay's work and not its own.
 */
import { generateNetworkKey } from '../../node/net/identity.ts'
import { Libp2pNetwork } from '../../node/net/network.ts'
import { macOf } from '../../node/crypto/mac.ts'
import type { Channel, PeerTarget } from '../../node/ports.ts'
import { DEPOSIT_PROTOCOL, MAILBOX_PROTOCOL } from '../../node/protocols.ts'
import { realClock, realRandom } from '../../node/world.ts'
import { CONTENT_ID_BYTES, envelopeId } from '../../protocols/core/ids.ts'
import { HELLO } from '../../protocols/deposit/hello.ts'
import { decodeResultFrame, encodeDepositFrame, type Deposit } from '../../protocols/deposit/wire.ts'
import { depositMacInput } from '../../protocols/mailbox/alias.ts'

export interface FloodOrders {
  /** Deposits through this door without end, with what looks like work; or only streams and connections. */
  readonly type: 'deposits' | 'connections'
  readonly relay: PeerTarget
  /** In hexadecimal. */
  readonly alias: string
  readonly macKey: string
}

const BATCH = 128
const BODY_BYTES = 1_024
const WORK_BYTES = 8
const STREAMS_AT_ONCE = 32

const body = realRandom.bytes(BODY_BYTES)

function newDeposit (nonce: Uint8Array, { alias, macKey }: { readonly alias: Uint8Array, readonly macKey: Uint8Array }): Deposit {
  const fields = { nonce, depositId: envelopeId(realRandom.bytes(CONTENT_ID_BYTES)), lifetimeS: 0, isWake: true, body }
  return { depositId: fields.depositId, body, lifetimeS: 0, isWake: true, gateToken: undefined, alias, mac: macOf(macKey, depositMacInput(fields)), work: realRandom.bytes(WORK_BYTES) }
}

async function newPeer (): Promise<Libp2pNetwork> {
  const network = new Libp2pNetwork({ networkKey: generateNetworkKey(), listen: [], agentVersion: 'flood', clock: realClock })
  await network.start()
  return network
}

/** Batches as fast as the relay reads them, whatever it answers. */
async function deposits ({ relay, alias, macKey }: FloodOrders): Promise<never> {
  const door = { alias: Buffer.from(alias, 'hex'), macKey: Buffer.from(macKey, 'hex') }
  const network = await newPeer()
  for (;;) {
    const nonce = Promise.withResolvers<Uint8Array>()
    try {
      const channel = await network.openChannel(relay, DEPOSIT_PROTOCOL, frames => {
        const [frame] = frames.slice(0, 1).map(bytes => decodeResultFrame(bytes))
        if (frame?.type === 'hello' && frame.hello.nonce !== undefined) nonce.resolve(frame.hello.nonce)
      })
      await channel.send([encodeDepositFrame({ type: 'hello', hello: HELLO })])
      const own = await Promise.race([nonce.promise, channel.closed.then(() => undefined)])
      if (own === undefined) continue
      for (;;) await channel.send([encodeDepositFrame({ type: 'batch', deposits: Array.from({ length: BATCH }, () => newDeposit(own, door)) })])
    } catch { /* cut: again */ }
  }
}

/** A new peer each time, with as many silent streams as it gets. */
async function connections ({ relay }: FloodOrders): Promise<never> {
  for (;;) {
    const network = await newPeer()
    const opened = await Promise.allSettled(Array.from({ length: STREAMS_AT_ONCE }, async (_, index) => await network.openChannel(relay, index % 2 === 0 ? DEPOSIT_PROTOCOL : MAILBOX_PROTOCOL, () => undefined)))
    for (const channel of opened.flatMap(outcome => outcome.status === 'fulfilled' ? [outcome.value satisfies Channel] : [])) channel.close()
    await network.stop()
  }
}

process.once('disconnect', () => process.exit(0))
process.once('message', (orders: FloodOrders) => { void (orders.type === 'deposits' ? deposits(orders) : connections(orders)) })
process.send?.('loaded')
