/** A child process of people who want something of a relay, without a node above them: depositors, owners who only wait, bare connections. */
import type { DerivedAlias } from '../protocols/mailbox/alias.ts'
import { depositAll, makeDoors, startClient, type BenchPeer } from '../node/relay/bench-client.ts'
import type { PeerTarget } from '../node/ports.ts'
import { answerCalls, usage, wallMs } from './answering.ts'
import { openWireEnd } from './raw-wires.ts'

/** A door in JSON: both in base64. */
export interface DoorText { readonly alias: string, readonly macKey: string }

export interface DepositLoad { readonly door: DoorText, readonly count: number, readonly envelopeBytes: number }

/** Handshakes that are under way at the same time: a relay takes a hundred in a second from one host. */
const AT_ONCE = 4

const stack = new AsyncDisposableStack()
let depositor: BenchPeer | undefined

const calls = {
  /** An owner who makes a mailbox with so many doors and never collects. */
  doors: async ({ relay, count }: { readonly relay: PeerTarget, readonly count: number }) => {
    const { doors, close } = await makeDoors(await startClient(relay, stack), count)
    stack.defer(close)
    return { doors: doors.map(doorText) }
  },
  /** Prepares to deposit there. */
  connect: async ({ relay }: { readonly relay: PeerTarget }) => { depositor = await startClient(relay, stack) },
  /** As fast as the relay answers: when it began and when the last one was signed for. */
  deposit: async ({ door, ...load }: DepositLoad) => {
    if (depositor === undefined) throw new Error('a depositor connects before it deposits')
    const beganAtMs = wallMs()
    const tally = await depositAll(depositor, { ...load, door: doorOf(door) })
    return { ...tally, beganAtMs, endedAtMs: wallMs() }
  },
  /** So many owners, each with a connection, a mailbox with one door and an open stream to it. */
  owners: async ({ relay, count }: { readonly relay: PeerTarget, readonly count: number }) => {
    await inGroups(count, async () => {
      const { close } = await makeDoors(await startClient(relay, stack), 1)
      stack.defer(close)
    })
  },
  /** So many ends of bare libp2p, each with a connection and one open stream. */
  bare: async ({ address, count }: { readonly address: string, readonly count: number }) => {
    await inGroups(count, async () => {
      const end = await openWireEnd('libp2p', () => { /* nobody comes */ })
      stack.defer(async () => { await end.close() })
      const wire = await end.dial(address)
      wire.receive(() => { /* nothing comes */ })
    })
  },
  usage
}

export type ClientsCalls = typeof calls

answerCalls(calls, async () => { await stack.disposeAsync() })

async function inGroups (count: number, open: () => Promise<void>): Promise<void> {
  for (let opened = 0; opened < count; opened += AT_ONCE) await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - opened) }, open))
}

function doorText ({ alias, macKey }: DerivedAlias): DoorText {
  return { alias: Buffer.from(alias).toString('base64'), macKey: Buffer.from(macKey).toString('base64') }
}

/** Whoever only deposits has no use for the third key: ids are made at random. */
function doorOf ({ alias, macKey }: DoorText): DerivedAlias {
  return { alias: new Uint8Array(Buffer.from(alias, 'base64')), macKey: new Uint8Array(Buffer.from(macKey, 'base64')), depositKey: new Uint8Array(0) }
}
