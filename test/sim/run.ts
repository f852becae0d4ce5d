/** `npm run sim -- --seed N [--relays 3]` replays a history and prints it; `--seeds N [--from M]` runs many. */
import { parseArgs } from 'node:util'
import { runHistory } from './history.ts'

const { values } = parseArgs({ options: { seed: { type: 'string' }, seeds: { type: 'string', default: '200' }, from: { type: 'string', default: '1' }, relays: { type: 'string', default: '0' } } })
const relayCount = Number(values.relays)

if (values.seed !== undefined) await replay(Number(values.seed))
else await runMany(Number(values.from), Number(values.seeds))

async function replay (seed: number): Promise<void> {
  const history = await runHistory(seed, { relayCount, onLine: line => console.log(line) })
  console.log(`seed ${seed}: ${history.messages} messages, ${history.crashes} crashes, ${(history.virtualMs / 60_000).toFixed(1)} min of network time, hash ${history.hash}`)
}

async function runMany (from: number, count: number): Promise<void> {
  let failed = 0
  for (let seed = from; seed < from + count; seed++) {
    try {
      await runHistory(seed, { relayCount })
    } catch (error) {
      failed += 1
      console.log(`seed ${seed}: ${error instanceof Error ? error.message.split('\n')[0] ?? '' : String(error)}\n  npm run sim -- --seed ${seed}${relayCount > 0 ? ` --relays ${relayCount}` : ''}`)
      process.exitCode = 1
    }
  }
  console.log(`${count} seeds, ${failed} failed`)
}
