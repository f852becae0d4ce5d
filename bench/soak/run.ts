/** `npm run soak`: what the tests do a few times, for a night. */
import { parseArgs } from 'node:util'
import { soakFlood, FLOOD_USAGE } from './flood.ts'
import { soakKills, KILLS_USAGE } from './kills.ts'
import { soakRelays, RELAYS_USAGE } from './relays.ts'

const USAGE = `Usage: npm run soak -- [kills|relays|flood] [options]

${KILLS_USAGE}

${RELAYS_USAGE}

${FLOOD_USAGE}`

async function main (args: readonly string[]): Promise<number> {
  const { positionals, values } = parseArgs({ args: [...args], options: { help: { type: 'boolean' } }, strict: false, allowPositionals: true })
  if (values['help'] === true) {
    console.log(USAGE)
    return 0
  }
  const rest = args.filter(arg => arg !== positionals[0])
  if (positionals[0] === 'relays') return await soakRelays(rest)
  if (positionals[0] === 'flood') return await soakFlood(rest)
  return await soakKills(positionals[0] === 'kills' ? rest : args)
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof TypeError)) throw error
  console.error(error.message)
  process.exitCode = 2
}
