/** `skein testnet up`, and the process behind it that holds the network together. */
import { basename } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Invocation } from '../../cli/command.ts'
import type { Flags } from '../../cli/flags.ts'
import { durationText } from '../../cli/time.ts'
import { socketPathFor } from '../../node/api/socket-path.ts'
import { UsageError } from '../../protocols/core/errors.ts'
import { lockHome } from '../../store/lock.ts'
import { CABLES, type CableKind } from '../cable/kinds.ts'
import { callTestnet, NoTestnetError, type Caller } from '../control/client.ts'
import type { StatusView } from '../control/operations.ts'
import { serveControl } from '../control/server.ts'
import { failureReport, report, startDaemon } from '../daemon.ts'
import { layoutOf } from '../layout.ts'
import { decodePlan, encodePlan, PACK_MAX, packed, planOf, readPlan, RELAYS_MAX, USERS_MAX, type Plan } from '../plan.ts'
import { readProfile } from '../profile/read.ts'
import { Recorder } from '../report/recorder.ts'
import { Testnet } from '../testnet.ts'
import { directoryOf } from './directory.ts'
import { cableText } from './views.ts'

const USERS_DEFAULT = 3
const RELAYS_DEFAULT = 3
const AS_IT_IS = 'Start it as it is, name another directory with --dir, or remove it first: skein testnet down --delete'

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
  await output.result(status, `The testnet runs in ${directory}: ${plan.nodes.length} nodes in ${new Set(status.nodes.map(({ pid }) => pid)).size} processes, ready after ${durationText(performance.now() - beginMs)}\n${cableText(status)}`)
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
      // Nodes are asked when somebody asks for them: a testnet that nobody looks at costs nothing.
      const recorder = new Recorder(network, { kind: 'testnet', name: basename(directory), seed: null, replay: null, sentCount: () => null })
      const server = await serveControl(socketPathFor(directory), { ...network.handlers(() => { isOver.resolve(undefined) }), record: async () => await recorder.now() })
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

/** What the command line says of who is there. */
interface Asked {
  readonly users: number | undefined
  readonly relays: number | undefined
  readonly seed: string | undefined
  readonly profiled: Plan | undefined
  readonly cable: CableKind | undefined
  readonly disks: boolean
}

/** A testnet that is there comes back as it was, in other packs if that is asked. @throws UsageError when it is asked to be another one, or one that there cannot be */
async function planFrom (flags: Flags, directory: string): Promise<Plan> {
  const asked = await askedFor(flags)
  const known = await readPlan(layoutOf(directory))
  if (known !== undefined) requireSame(known, { ...asked, directory })
  const plan = repacked(known ?? newPlan(asked), flags.count('pack', { min: 1, max: PACK_MAX }))
  if (plan.nodes.some(({ pack }) => pack !== undefined) && (plan.cable === 'namespaces' || plan.disks === true)) {
    throw new UsageError('a pack is one process, which is on one host and loses its power as a whole', 'With --cable namespaces or --disks each node needs a process of its own: --pack 1')
  }
  return plan
}

async function askedFor (flags: Flags): Promise<Asked> {
  const [users, relays] = [flags.count('users', { min: 1, max: USERS_MAX }), flags.count('relays', { min: 0, max: RELAYS_MAX })]
  const [seed, file] = [flags.text('seed'), flags.text('profile')]
  if (file !== undefined && [users, relays, seed].some(given => given !== undefined)) throw new UsageError('a profile says who is in the testnet', 'Leave --users, --relays and --seed out.')
  return { users, relays, seed, profiled: file === undefined ? undefined : await readProfile(file), cable: cableFrom(flags), disks: flags.isOn('disks') }
}

function newPlan ({ users = USERS_DEFAULT, relays = RELAYS_DEFAULT, seed, profiled, cable, disks }: Asked): Plan {
  return { ...profiled ?? planOf({ users, relays, ...seed !== undefined && { seed } }), ...cable !== undefined && { cable }, ...disks && { disks } }
}

/** @throws UsageError */
function requireSame (known: Plan, { users, relays, seed, profiled, cable, disks, directory }: Asked & { readonly directory: string }): void {
  const count = (kind: string): number => known.nodes.filter(node => node.kind === kind).length
  const isOther = (users ?? count('user')) !== count('user') || (relays ?? count('relay')) !== count('relay') || (seed ?? known.seed) !== known.seed
  const isOtherProfile = profiled !== undefined && peopleIn(profiled) !== peopleIn(known)
  if (isOther || isOtherProfile) throw new UsageError(`the testnet in ${directory} has ${count('user')} users and ${count('relay')} relays${isOther ? '' : ', and is not of this profile'}`, AS_IT_IS)
  // Its homes are full of addresses of the one cable.
  const { cable: had = 'userspace' } = known
  if ((cable ?? had) !== had) throw new UsageError(`the testnet in ${directory} has the cable ${had}`, AS_IT_IS)
  if (disks && known.disks !== true) throw new UsageError(`the homes of the testnet in ${directory} have no disks of their own`, AS_IT_IS)
}

/** In whatever packs, and on whatever cable. */
function peopleIn ({ seed, nodes }: Plan): string { return encodePlan(repacked({ seed, nodes }, 1)) }

function repacked (plan: Plan, pack: number | undefined): Plan {
  return pack === undefined ? plan : { ...plan, nodes: packed(plan.nodes.map(({ pack: _, ...node }) => node), pack) }
}

function cableFrom (flags: Flags): CableKind | undefined {
  const given = flags.text('cable')
  const cable = CABLES.find(each => each === given)
  if (given !== undefined && cable === undefined) throw new UsageError(`there is no cable ${given}`, `One of: ${CABLES.join(', ')}.`)
  return cable
}
