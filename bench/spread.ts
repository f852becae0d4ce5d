/** One person writes to many, each message to another: nothing can be packed, every message is a ratchet step and a commit there. */
import { median } from './figures.ts'
import { RawSides, type Work } from './raw-sides.ts'
import { SkeinSides, type SkeinWork } from './skein-sides.ts'
import { tellProfile } from './tell-profile.ts'
import { IN_FLIGHT, REPETITIONS, type Run } from './suite.ts'

const PER_SECOND = 3_500
const PROCESSES = 5

interface Sides { readonly libp2p: RawSides, readonly skein: SkeinSides }

export async function measureSpread (run: Run): Promise<void> {
  const { folder, isQuick, note } = run
  const perProcess = isQuick ? 4 : 10
  const suite = `Each message to another of ${PROCESSES * perProcess} contacts, who are ${perProcess} in each of ${PROCESSES} processes`
  const count = PROCESSES * perProcess * (isQuick ? 50 : 80)
  note(`${PROCESSES * perProcess} contacts are being made`)
  await using libp2p = await RawSides.open({ folder, wire: 'libp2p', processCount: PROCESSES, endsPerProcess: perProcess })
  await using skein = await SkeinSides.open({ folder, processCount: PROCESSES, peoplePerProcess: perProcess })
  const works = await repeat(run, { libp2p, skein }, count)
  tellWorks(run, suite, works)
  const resident = await skein.residentMebibytes()
  run.report({ suite, what: 'memory after that, sender', value: resident.sender, unit: 'MiB' })
  const { sentCount, inOrderCount } = await skein.order()
  run.report({ suite, what: `read back in the order sent, contact by contact, of ${sentCount.toLocaleString('en')}`, value: inOrderCount, unit: 'messages', budget: { type: 'atLeast', value: sentCount } })
  if (run.profileFolder !== undefined) await tellProfile(run, { skein, folder: run.profileFolder, name: 'spread', count })
}

interface Works { readonly libp2p: readonly Work[], readonly skein: readonly SkeinWork[] }

async function repeat ({ note }: Run, { libp2p, skein }: Sides, count: number): Promise<Works> {
  const load = { count, inFlight: IN_FLIGHT }
  const warmUp = { ...load, count: count / 4 }
  await libp2p.send(warmUp)
  await skein.send(warmUp)
  const works = { libp2p: [] as Work[], skein: [] as SkeinWork[] }
  for (let repetition = 0; repetition < REPETITIONS; repetition++) {
    const raw = await libp2p.send(load)
    const work = await skein.send(load)
    works.libp2p.push(raw)
    works.skein.push(work)
    note(`to many, ${repetition + 1} of ${REPETITIONS}: ${work.perSecond.toFixed(0)} messages/s beside ${raw.perSecond.toFixed(0)}, CPU ${work.senderUs.toFixed(0)} + ${work.takerUs.toFixed(0)} µs`)
  }
  return works
}

function tellWorks ({ report }: Run, suite: string, works: Works): void {
  const limit = (take: (work: Work) => number) => ({ value: median(works.libp2p.map(take)), of: 'libp2p' })
  report({ suite, what: `libp2p + SQLite, ${IN_FLIGHT} in flight`, value: limit(work => work.perSecond).value, unit: 'messages/s' })
  report({
    suite,
    what: `Skein, ${IN_FLIGHT} in flight, delivered`,
    value: median(works.skein.map(work => work.perSecond)),
    unit: 'messages/s',
    limit: limit(work => work.perSecond),
    budget: { type: 'atLeast', value: PER_SECOND }
  })
  report({ suite, what: `Skein, ${IN_FLIGHT} in flight, delivered and in all search indexes`, value: median(works.skein.map(work => work.indexedPerSecond)), unit: 'messages/s', limit: limit(work => work.perSecond) })
  report({ suite, what: 'CPU per message, sender', value: median(works.skein.map(work => work.senderUs)), unit: 'µs', limit: limit(work => work.senderUs) })
  report({ suite, what: 'CPU per message, all receivers', value: median(works.skein.map(work => work.takerUs)), unit: 'µs', limit: limit(work => work.takerUs) })
}
