/** `npm run soak`: what the tests do a few times, for a night. */
import { parseArgs } from 'node:util'
import { main as skein } from '../../cli/main.ts'
import { soakFlood, FLOOD_USAGE } from './flood.ts'
import { soakKills, KILLS_USAGE } from './kills.ts'

const USAGE = `Usage: npm run soak -- [kills|relays|flood] [options]

${KILLS_USAGE}

relays: users and relays as processes, killed and cut off while messages go between them: skein testnet prove, with its options
  --messages N  how many, default 10000

${FLOOD_USAGE}`

async function main (args: readonly string[]): Promise<number> {
  const { positionals, values } = parseArgs({ args: [...args], options: { help: { type: 'boolean' } }, strict: false, allowPositionals: true })
  if (values['help'] === true) {
    console.log(USAGE)
    return 0
  }
  const rest = args.filter(arg => arg !== positionals[0])
  if (positionals[0] === 'relays') return await skein(['testnet', 'prove', ...rest.includes('--messages') ? [] : ['--messages', '10000'], ...rest])
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
