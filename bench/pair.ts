/** Two people, each with a process: how long a message takes, how many go through, and what they cost. */
import { median, percentile } from './figures.ts'
import { RawSides, type Work } from './raw-sides.ts'
import { SkeinSides, type SkeinWork } from './skein-sides.ts'
import { tellProfile } from './tell-profile.ts'
import { IN_FLIGHT, REPETITIONS, type Run } from './suite.ts'

const SUITE = 'One pair, two processes, texts of 300 bytes'
/** The share of what a bare stream with two durable commits takes that encryption, order, search and states may add. */
const LATENCY_TIMES_LIMIT = 2
const PER_SECOND = 10_000
const PER_SECOND_STRETCH = 16_000
const LATENCY_WARM_UP = 300

export async function measurePair (run: Run): Promise<void> {
  const { folder } = run
  await using tcp = await RawSides.open({ folder, wire: 'tcp', processCount: 1, endsPerProcess: 1 })
  await using libp2p = await RawSides.open({ folder, wire: 'libp2p', processCount: 1, endsPerProcess: 1 })
  await using skein = await SkeinSides.open({ folder, processCount: 1, peoplePerProcess: 1 })
  const sides = { tcp, libp2p, skein }
  await measureTimes(run, sides)
  await measureRates(run, sides)
  await tellOrder(run, skein)
  if (run.profileFolder !== undefined) await tellProfile(run, { skein, folder: run.profileFolder, name: 'pair', count: countOf(run) })
}

interface Sides { readonly tcp: RawSides, readonly libp2p: RawSides, readonly skein: SkeinSides }

async function measureTimes ({ isQuick, report, note }: Run, { tcp, libp2p, skein }: Sides): Promise<void> {
  const all = { tcp: [] as number[], libp2p: [] as number[], skein: [] as number[] }
  await Promise.all([tcp.times(LATENCY_WARM_UP), libp2p.times(LATENCY_WARM_UP), skein.times(LATENCY_WARM_UP)])
  for (let repetition = 0; repetition < REPETITIONS; repetition++) {
    const count = isQuick ? 100 : 400
    all.tcp.push(...await tcp.times(count))
    all.libp2p.push(...await libp2p.times(count))
    all.skein.push(...await skein.times(count))
    note(`one at a time, ${repetition + 1} of ${REPETITIONS}: p50 ${percentile(all.skein, 0.5).toFixed(2)} ms beside ${percentile(all.libp2p, 0.5).toFixed(2)} ms of bare libp2p`)
  }
  for (const share of [0.5, 0.99]) {
    const what = `p${share * 100}`
    report({ suite: SUITE, what: `node:net + SQLite, committed and acknowledged, ${what}`, value: percentile(all.tcp, share), unit: 'ms' })
    report({ suite: SUITE, what: `libp2p + SQLite, committed and acknowledged, ${what}`, value: percentile(all.libp2p, share), unit: 'ms' })
    report({
      suite: SUITE,
      what: `Skein, sent, committed and delivered, ${what}`,
      value: percentile(all.skein, share),
      unit: 'ms',
      limit: { value: percentile(all.libp2p, share), of: 'libp2p' },
      ...share === 0.5 && { budget: { type: 'timesLimit', value: LATENCY_TIMES_LIMIT } }
    })
  }
}

async function measureRates (run: Run, { tcp, libp2p, skein }: Sides): Promise<void> {
  const load = { count: countOf(run), inFlight: IN_FLIGHT }
  const warmUp = { ...load, count: load.count / 4 }
  await Promise.all([tcp.send(warmUp), libp2p.send(warmUp), skein.send(warmUp)])
  const works = { tcp: [] as Work[], libp2p: [] as Work[], skein: [] as SkeinWork[] }
  for (let repetition = 0; repetition < REPETITIONS; repetition++) {
    works.tcp.push(await tcp.send(load))
    works.libp2p.push(await libp2p.send(load))
    const work = await skein.send(load)
    works.skein.push(work)
    run.note(`${IN_FLIGHT} in flight, ${repetition + 1} of ${REPETITIONS}: ${work.indexedPerSecond.toFixed(0)} messages/s, CPU ${work.senderUs.toFixed(0)} + ${work.takerUs.toFixed(0)} µs`)
  }
  const resident = await skein.residentMebibytes()
  tellRates(run, works)
  run.report({ suite: SUITE, what: 'memory after that, sender', value: resident.sender, unit: 'MiB' })
  run.report({ suite: SUITE, what: 'memory after that, receiver', value: resident.taker, unit: 'MiB' })
}

function tellRates ({ report }: Run, works: { readonly tcp: readonly Work[], readonly libp2p: readonly Work[], readonly skein: readonly SkeinWork[] }): void {
  const limit = (take: (work: Work) => number) => ({ value: median(works.libp2p.map(take)), of: 'libp2p' })
  report({ suite: SUITE, what: `node:net + SQLite, ${IN_FLIGHT} in flight`, value: median(works.tcp.map(work => work.perSecond)), unit: 'messages/s' })
  report({ suite: SUITE, what: `libp2p + SQLite, ${IN_FLIGHT} in flight`, value: limit(work => work.perSecond).value, unit: 'messages/s' })
  const budget = { type: 'atLeast', value: PER_SECOND, stretch: PER_SECOND_STRETCH } as const
  report({
    suite: SUITE,
    what: `Skein, ${IN_FLIGHT} in flight, delivered and indexed but for the last ${median(works.skein.map(work => work.behindCount)).toLocaleString('en')}`,
    value: median(works.skein.map(work => work.perSecond)),
    unit: 'messages/s',
    limit: limit(work => work.perSecond),
    budget
  })
  // The indexer waits for a second of quiet before it takes up the last ones: it counts here.
  report({ suite: SUITE, what: 'Skein, the same until the last is in both search indexes', value: median(works.skein.map(work => work.indexedPerSecond)), unit: 'messages/s', limit: limit(work => work.perSecond), budget })
  report({ suite: SUITE, what: 'CPU per message, sender', value: median(works.skein.map(work => work.senderUs)), unit: 'µs', limit: limit(work => work.senderUs) })
  report({ suite: SUITE, what: 'CPU per message, receiver', value: median(works.skein.map(work => work.takerUs)), unit: 'µs', limit: limit(work => work.takerUs) })
}

async function tellOrder ({ report }: Run, skein: SkeinSides): Promise<void> {
  const { sentCount, inOrderCount } = await skein.order()
  report({ suite: SUITE, what: `read back in the order sent, of ${sentCount.toLocaleString('en')}`, value: inOrderCount, unit: 'messages', budget: { type: 'atLeast', value: sentCount } })
}

function countOf ({ isQuick }: Run): number { return isQuick ? 4_000 : 20_000 }
