/** `npm run sim -- --seed N` replays a history and prints it; `--seeds N [--from M]` runs many. */
import { parseArgs } from 'node:util'
import { runHistory } from './history.ts'

const { values } = parseArgs({ options: { seed: { type: 'string' }, seeds: { type: 'string', default: '200' }, from: { type: 'string', default: '1' } } })

if (values.seed !== undefined) await replay(Number(values.seed))
else await runMany(Number(values.from), Number(values.seeds))

async function replay (seed: number): Promise<void> {
  const history = await runHistory(seed, line => console.log(line))
  console.log(`seed ${seed}: ${history.messages} messages, ${history.crashes} crashes, ${(history.virtualMs / 60_000).toFixed(1)} min of network time, hash ${history.hash}`)
}

async function runMany (from: number, count: number): Promise<void> {
  let failed = 0
  for (let seed = from; seed < from + count; seed++) {
    try {
      await runHistory(seed)
    } catch (error) {
      failed += 1
      console.log(`seed ${seed}: ${error instanceof Error ? error.message.split('\n')[0] ?? '' : String(error)}\n  npm run sim -- --seed ${seed}`)
      process.exitCode = 1
    }
  }
  console.log(`${count} seeds, ${failed} failed`)
}
