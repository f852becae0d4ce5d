/** `skein testnet up`, and the process behind it that holds the network together. */
import { text } from 'node:stream/consumers'
import type { Invocation } from '../../cli/command.ts'
import type { Flags } from '../../cli/flags.ts'
import { durationText } from '../../cli/time.ts'
import { socketPathFor } from '../../node/api/socket-path.ts'
import { UsageError } from '../../protocols/core/errors.ts'
import { lockHome } from '../../store/lock.ts'
import { callTestnet, NoTestnetError, type Caller } from '../control/client.ts'
import type { StatusView } from '../control/operations.ts'
import { serveControl } from '../control/server.ts'
import { failureReport, report, startDaemon } from '../daemon.ts'
import { layoutOf } from '../layout.ts'
import { decodePlan, encodePlan, PACK_MAX, packed, planOf, readPlan, RELAYS_MAX, USERS_MAX, type Plan } from '../plan.ts'
import { readProfile } from '../profile/read.ts'
import { Testnet } from '../testnet.ts'
import { directoryOf } from './directory.ts'

const USERS_DEFAULT = 3
const RELAYS_DEFAULT = 3

export async function up ({ flags, output, interrupted }: Invocation): Promise<void> {
  const directory = directoryOf(flags)
  const plan = await planFrom(flags, directory)
  const running = await statusIn({ directory, interrupted })
  if (running !== undefined) {
    await output.result(running, `The testnet in ${directory} is up already`)
    return
  }
  const beginMs = performance.now()
  const status = await startDaemon({ directory, plan }, { tell: text => { output.note(text) }, interrupted })
  await output.result(status, `The testnet runs in ${directory}: ${plan.nodes.length} nodes in ${new Set(status.nodes.map(({ pid }) => pid)).size} processes, ready after ${durationText(performance.now() - beginMs)}`)
  const [first, second = first] = status.nodes.filter(({ kind }) => kind === 'user')
  output.note(`Talk in it: skein testnet exec ${first?.name ?? 'NAME'} -- send @${second?.name ?? 'NAME'} hello. Break it: skein help testnet. Stop it: skein testnet down`)
}

/** Of the one that runs there. */
async function statusIn (caller: Caller): Promise<StatusView | undefined> {
  try {
    return await callTestnet(caller, 'status', {})
  } catch (error) {
    if (error instanceof NoTestnetError) return undefined
    throw error
  }
}

/** Hidden: what `up` starts, and gives the plan. */
export async function serve (invocation: Invocation): Promise<void> {
  try {
    await holdTogether(invocation)
  } catch (error) {
    report(failureReport(error))
    throw error
  }
}

async function holdTogether ({ flags, interrupted }: Invocation): Promise<void> {
  const directory = directoryOf(flags)
  const lock = lockHome(directory)
  try {
    const network = await Testnet.up({ layout: layoutOf(directory), plan: decodePlan(await text(process.stdin)), interrupted, tell: text => { report({ type: 'told', text }) } })
    try {
      const isOver = Promise.withResolvers<undefined>()
      const server = await serveControl(socketPathFor(directory), network.handlers(() => { isOver.resolve(undefined) }))
      report({ type: 'ready', status: network.view() })
      interrupted.addEventListener('abort', () => { isOver.resolve(undefined) }, { once: true })
      if (!interrupted.aborted) await isOver.promise
      server.close()
    } finally {
      await network.down()
    }
  } finally {
    lock.release()
  }
}

/** A testnet that is there comes back as it was, in other packs if that is asked. @throws UsageError when it is asked to be another one */
async function planFrom (flags: Flags, directory: string): Promise<Plan> {
  const [users, relays] = [flags.count('users', { min: 1, max: USERS_MAX }), flags.count('relays', { min: 0, max: RELAYS_MAX })]
  const [pack, seed, file] = [flags.count('pack', { min: 1, max: PACK_MAX }), flags.text('seed'), flags.text('profile')]
  if (file !== undefined && [users, relays, seed].some(given => given !== undefined)) throw new UsageError('a profile says who is in the testnet', 'Leave --users, --relays and --seed out.')
  const known = await readPlan(layoutOf(directory))
  const profiled = file === undefined ? undefined : await readProfile(file)
  if (known === undefined) return repacked(profiled ?? planOf({ users: users ?? USERS_DEFAULT, relays: relays ?? RELAYS_DEFAULT, ...seed !== undefined && { seed } }), pack)
  const count = (kind: string): number => known.nodes.filter(node => node.kind === kind).length
  const isOther = (users ?? count('user')) !== count('user') || (relays ?? count('relay')) !== count('relay') || (seed ?? known.seed) !== known.seed
  const isOtherProfile = profiled !== undefined && encodePlan(repacked(profiled, 1)) !== encodePlan(repacked(known, 1))
  if (isOther || isOtherProfile) {
    throw new UsageError(`the testnet in ${directory} has ${count('user')} users and ${count('relay')} relays${isOther ? '' : ', and is not of this profile'}`, 'Start it as it is, name another directory with --dir, or remove it first: skein testnet down --delete')
  }
  return repacked(known, pack)
}

function repacked (plan: Plan, pack: number | undefined): Plan {
  return pack === undefined ? plan : { ...plan, nodes: packed(plan.nodes.map(({ pack: _, ...node }) => node), pack) }
}
