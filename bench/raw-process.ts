/** A child process that is one end of the raw limit, or several. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { answerCalls, restingUsage, usage, wallMs } from './answering.ts'
import { Ledger } from './ledger.ts'
import { RECORD_BYTES, RecordSender, RecordTaker, type Load } from './raw-ends.ts'
import { openWireEnd, type Wire, type WireEnd, type WireName } from './raw-wires.ts'

const folder = await mkdtemp(join(tmpdir(), 'skein-raw-'))
const ledgers: Ledger[] = []
const ends: WireEnd[] = []
const senders: RecordSender[] = []
const commits: number[] = []

const calls = {
  /** Opens `count` ends, each with a ledger of its own; says where they are and how long it took. With `onward` it passes on. */
  listen: async ({ wire, count, onward, recordBytes = RECORD_BYTES }: { readonly wire: WireName, readonly count: number, readonly onward?: string, readonly recordBytes?: number }) => {
    const startMs = performance.now()
    const addresses = []
    for (let index = 0; index < count; index++) {
      const further = onward === undefined ? undefined : await dialFrom(await openWireEnd(wire, () => { /* nobody comes */ }), onward)
      const taker = new RecordTaker({ ledger: openLedger(), recordBytes, onCommit: () => { commits.push(wallMs()) }, onward: further })
      const end = await openWireEnd(wire, accepted => { taker.accept(accepted) })
      ends.push(end)
      addresses.push(end.address)
    }
    return { addresses, tookMs: performance.now() - startMs }
  },
  /** Prepares to send to all of them; with `isKept` what is sent is committed here first. */
  dial: async ({ addresses, isKept = true, recordBytes = RECORD_BYTES }: { readonly addresses: readonly string[], readonly isKept?: boolean, readonly recordBytes?: number }) => {
    const [end] = ends
    if (end === undefined) throw new Error('an end listens before it dials')
    const wires = []
    for (const address of addresses) wires.push(await end.dial(address))
    senders.push(new RecordSender(wires, { ledger: isKept ? openLedger() : undefined, recordBytes }))
  },
  times: async ({ count }: { readonly count: number }) => await sender().times(count),
  /** One at a time: when each was begun. */
  begin: async ({ count }: { readonly count: number }) => {
    const atMs = []
    for (let index = 0; index < count; index++) {
      atMs.push(wallMs())
      await sender().send({ count: 1, inFlight: 1 })
    }
    return { atMs }
  },
  /** When something was committed here, since the last time somebody asked. */
  commits: () => ({ atMs: commits.splice(0) }),
  /** Milliseconds until the last of them is committed there. */
  send: async (load: Load) => {
    const startMs = performance.now()
    await sender().send(load)
    return { tookMs: performance.now() - startMs }
  },
  usage,
  restingUsage
}

export type RawCalls = typeof calls

answerCalls(calls, async () => {
  await Promise.all(ends.map(end => end.close()))
  for (const ledger of ledgers) ledger.close()
  await rm(folder, { recursive: true, force: true })
})

async function dialFrom (end: WireEnd, address: string): Promise<Wire> {
  ends.push(end)
  return await end.dial(address)
}

function openLedger (): Ledger {
  const ledger = new Ledger(join(folder, `${ledgers.length}.db`))
  ledgers.push(ledger)
  return ledger
}

function sender (): RecordSender {
  const [first] = senders
  if (first === undefined) throw new Error('an end dials before it sends')
  return first
}
