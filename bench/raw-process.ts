/** A child process that is one end of the raw limit, or several. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { answerCalls, usage } from './answering.ts'
import { Ledger } from './ledger.ts'
import { RecordSender, takeRecords, type Load } from './raw-ends.ts'
import { openWireEnd, type WireEnd, type WireName } from './raw-wires.ts'

const folder = await mkdtemp(join(tmpdir(), 'skein-raw-'))
const ledgers: Ledger[] = []
const ends: WireEnd[] = []
const senders: RecordSender[] = []

const calls = {
  /** Opens `count` ends, each with a ledger of its own; says where they are and how long it took. */
  listen: async ({ wire, count }: { readonly wire: WireName, readonly count: number }) => {
    const startMs = performance.now()
    for (let index = 0; index < count; index++) {
      const ledger = openLedger()
      ends.push(await openWireEnd(wire, accepted => { takeRecords(accepted, ledger) }))
    }
    return { addresses: ends.map(end => end.address), tookMs: performance.now() - startMs }
  },
  /** Prepares to send to all of them. */
  dial: async ({ addresses }: { readonly addresses: readonly string[] }) => {
    const [end] = ends
    if (end === undefined) throw new Error('an end listens before it dials')
    const wires = []
    for (const address of addresses) wires.push(await end.dial(address))
    senders.push(new RecordSender(wires, openLedger()))
  },
  times: async ({ count }: { readonly count: number }) => await sender().times(count),
  /** Milliseconds until the last of them is committed there. */
  send: async (load: Load) => {
    const startMs = performance.now()
    await sender().send(load)
    return { tookMs: performance.now() - startMs }
  },
  usage
}

export type RawCalls = typeof calls

answerCalls(calls, async () => {
  await Promise.all(ends.map(end => end.close()))
  for (const ledger of ledgers) ledger.close()
  await rm(folder, { recursive: true, force: true })
})

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
