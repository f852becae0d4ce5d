/** `skein testnet up`, and the process behind it that holds the network together. */
import { basename } from 'node:path'
import type { Invocation } from '../../cli/command.ts'
import type { Flags } from '../../cli/flags.ts'
import { socketPathFor } from '../../node/api/socket-path.ts'
import { UsageError } from '../../protocols/core/errors.ts'
import { lockHome } from '../../store/lock.ts'
import { CABLES, type CableKind } from '../cable/kinds.ts'
import { serveControl } from '../control/server.ts'
import { failureReport, report, startDaemon } from '../daemon.ts'
import { layoutOf } from '../layout.ts'
import { planOf, readPlan, RELAYS_MAX, USERS_MAX, type Plan } from '../plan.ts'
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
  const users = plan.nodes.filter(({ kind }) => kind === 'user').length
  const status = await startDaemon({ directory, users, relays: plan.nodes.length - users, cable: plan.cable ?? 'userspace', disks: plan.disks === true }, { tell: text => { output.note(text) }, interrupted })
  await output.result(status, `The testnet runs in ${directory}\n${cableText(status)}`)
  const [first] = status.nodes.filter(({ kind }) => kind === 'user')
  output.note(`Talk in it: skein testnet exec ${first?.name ?? 'NAME'} -- send @bob hello. Break it: skein help testnet. Stop it: skein testnet down`)
}

/** Hidden: what `up` starts. */
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
    const network = await Testnet.up({ layout: layoutOf(directory), plan: await planFrom(flags, directory), interrupted, tell: text => { report({ type: 'told', text }) } })
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

/** A testnet that is there comes back as it was. @throws UsageError when it is asked to be another one */
async function planFrom (flags: Flags, directory: string): Promise<Plan> {
  const [users, relays] = [flags.count('users', { min: 1, max: USERS_MAX }), flags.count('relays', { min: 0, max: RELAYS_MAX })]
  const cable = cableFrom(flags)
  const known = await readPlan(layoutOf(directory))
  if (known === undefined) return { ...planOf({ users: users ?? USERS_DEFAULT, relays: relays ?? RELAYS_DEFAULT }), ...cable !== undefined && { cable }, ...flags.isOn('disks') && { disks: true } }
  const count = (kind: string): number => known.nodes.filter(node => node.kind === kind).length
  if ((users ?? count('user')) !== count('user') || (relays ?? count('relay')) !== count('relay')) {
    throw new UsageError(`the testnet in ${directory} has ${count('user')} users and ${count('relay')} relays`, AS_IT_IS)
  }
  // Its homes are full of addresses of the one cable.
  if ((cable ?? known.cable ?? 'userspace') !== (known.cable ?? 'userspace')) throw new UsageError(`the testnet in ${directory} has the cable ${known.cable ?? 'userspace'}`, AS_IT_IS)
  if (flags.isOn('disks') && known.disks !== true) throw new UsageError(`the homes of the testnet in ${directory} have no disks of their own`, AS_IT_IS)
  return known
}

function cableFrom (flags: Flags): CableKind | undefined {
  const text = flags.text('cable')
  const cable = CABLES.find(each => each === text)
  if (text !== undefined && cable === undefined) throw new UsageError(`there is no cable ${text}`, `One of: ${CABLES.join(', ')}.`)
  return cable
}
