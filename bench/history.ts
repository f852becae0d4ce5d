/** A long history: the latest page and the search, as a client asks the node for them. */
import { Child } from './children.ts'
import { median } from './figures.ts'
import type { HistoryCalls } from './history-process.ts'
import { QUERIES } from './history-texts.ts'
import type { Run } from './suite.ts'

const MESSAGES = 1_000_000
const MESSAGES_QUICK = 50_000
const LATEST_MS = 5
const SEARCH_MS = 10
/** What is left for asking once the history is long enough. */
const ASKING_MS = 10_000

export async function measureHistory (run: Run): Promise<void> {
  const { folder, report } = run
  await using history = new Child<HistoryCalls>(new URL('./history-process.ts', import.meta.url), { folder })
  await history.ask('create', undefined)
  const count = await grow(run, history)
  const bare = await askBare(history)
  await history.ask('open', undefined)
  const suite = `One conversation of ${count.toLocaleString('en')} messages, p50 of 30, beside SQL alone on the same file`
  // Fewer messages would meet it too easily.
  const budget = (value: number) => count === MESSAGES && { budget: { type: 'atMost', value } as const }
  const latest = await history.ask('latest', undefined)
  report({ suite, what: 'latest 50', value: median(latest.times), unit: 'ms', limit: { value: bare.latestMs, of: 'SQL' }, ...budget(LATEST_MS) })
  for (const [index, { what, query }] of QUERIES.entries()) {
    const { found, firstMs, times } = await history.ask('search', { query, isWithin: false })
    report({ suite, what: `search, ${what}`, value: median(times), unit: 'ms', limit: { value: bare.searchMs[index] ?? 0, of: 'SQL' }, ...budget(SEARCH_MS) })
    run.note(`search, ${what}: ${found} found, the first time in ${firstMs.toFixed(1)} ms`)
  }
  const within = await history.ask('search', { query: QUERIES[0].query, isWithin: true })
  report({ suite, what: 'search in one conversation, a rare word', value: median(within.times), unit: 'ms', ...budget(SEARCH_MS) })
}

async function askBare (history: Child<HistoryCalls>): Promise<{ readonly latestMs: number, readonly searchMs: readonly number[] }> {
  const latest = await history.ask('bareLatest', undefined)
  const searchMs = []
  for (const { match } of QUERIES) searchMs.push(median((await history.ask('bareSearch', { match })).times))
  return { latestMs: median(latest.times), searchMs }
}

/** Returns how many messages there are when the history is long enough, or the time for it is up. */
async function grow ({ isQuick, deadlineMs, note }: Run, history: Child<HistoryCalls>): Promise<number> {
  const wanted = isQuick ? MESSAGES_QUICK : MESSAGES
  let count = 0
  while (count < wanted && performance.now() < deadlineMs - ASKING_MS) {
    count = (await history.ask('grow', undefined)).count
    if (count % 100_000 === 0) note(`history: ${count.toLocaleString('en')} messages`)
  }
  return count
}
