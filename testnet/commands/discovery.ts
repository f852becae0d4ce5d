/** `skein testnet simulate --discovery`: how records are found in the DHT when many serve it and many ask, and what that costs. */
import type { Invocation } from '../../cli/command.ts'
import { durationText } from '../../cli/time.ts'
import { UsageError } from '../../protocols/core/errors.ts'
import { discover, type Discovery, type Lookups } from '../simulation/discovery/discovery.ts'
import type { Spread } from '../simulation/figures.ts'

const USERS_DEFAULT = 900
const RELAYS_DEFAULT = 100
const NODES_MAX = 100_000
const SERVERS_MAX = 2_000
/** Of all users, as many as a figure needs. */
const LOOKUPS_DEFAULT = 100
const LOOKUPS_MAX = 100_000
const DEAD_PERCENT_DEFAULT = 20
const SEED_MAX = 2 ** 31

export async function discovery ({ flags, output, interrupted }: Invocation): Promise<void> {
  const users = flags.count('users', { min: 1, max: NODES_MAX }) ?? USERS_DEFAULT
  const relays = flags.count('relays', { min: 3, max: SERVERS_MAX }) ?? RELAYS_DEFAULT
  const lookups = flags.count('lookups', { min: 1, max: LOOKUPS_MAX }) ?? Math.min(users, LOOKUPS_DEFAULT)
  const deadPercent = flags.count('dead', { min: 0, max: 90 }) ?? DEAD_PERCENT_DEFAULT
  const seed = flags.count('from', { min: 0, max: SEED_MAX }) ?? 1
  if (lookups > users) throw new UsageError('--lookups takes no more than there are users: each asks once at a time')
  output.note(`${relays.toLocaleString('en')} relays join the DHT, each the kad-dht of a real one; this takes a while`)
  const found = await discover({ users, relays, lookups, deadShare: deadPercent / 100, seed }, interrupted)
  await output.result({ users, relays, lookups, deadPercent, seed, ...found }, textOf(found))
}

function textOf ({ nodes, publications, whole, damaged, tables, requestsPerRelay, recordsPerRelay, bytesPerNode, networkMs, wallMs }: Discovery): string {
  return [
    `discovery   ${nodes.toLocaleString('en')} nodes, ${(bytesPerNode / 1024 / 1024).toFixed(2)} MB each   ${durationText(networkMs)} of network time in ${durationText(wallMs)}`,
    '',
    `  published         ${publications.made} records`,
    row('copies', publications.echoes),
    row('requests', publications.requests),
    row('took, ms', publications.tookMs),
    ...lookupLines('looked up', whole),
    ...lookupLines(`${damaged.dead} relays dead`, damaged),
    '  relays',
    row('known to one', tables),
    row('requests', requestsPerRelay),
    row('records', recordsPerRelay)
  ].join('\n')
}

function lookupLines (name: string, { asked, found, stranded, hops, requests, tookMs }: Lookups): string[] {
  return [`  ${name.padEnd(17)} ${found} of ${asked} found (${(found / asked * 100).toFixed(1)} %)${stranded === 0 ? '' : `, ${stranded} knew only dead relays`}`, row('hops', hops), row('requests', requests), row('took, ms', tookMs)]
}

function row (name: string, { p50, p90, p99, max }: Spread): string {
  const [half, most, nearlyAll, all] = [p50, p90, p99, max].map(value => Math.round(value).toLocaleString('en').padStart(7))
  return `    ${name.padEnd(15)} p50 ${half ?? ''}  p90 ${most ?? ''}  p99 ${nearlyAll ?? ''}  most ${all ?? ''}`
}
