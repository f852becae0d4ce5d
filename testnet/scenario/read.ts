/** From a file to a scenario. */
import { existsSync, readdirSync } from 'node:fs'
import { extname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Ajv } from 'ajv'
import { parseDuration } from '../../cli/time.ts'
import { NotFoundError, UsageError, asError } from '../../protocols/core/errors.ts'
import { planOf } from '../plan.ts'
import { readYaml, yamlText } from '../yaml.ts'
import { parseExpectation, type Expectation } from './expectation.ts'
import { SCENARIO, type Scenario } from './schema.ts'

export interface ReadScenario {
  readonly file: string
  readonly scenario: Scenario
  readonly expectations: readonly Expectation[]
}

const SHIPPED = join(import.meta.dirname, '..', 'scenarios')

/** Names of those that come with Skein. */
export function shippedScenarios (): readonly string[] { return readdirSync(SHIPPED).filter(file => file.endsWith('.yaml')).map(file => file.slice(0, -'.yaml'.length)).sort() }

/** @param given a file, or the name of one that comes with Skein. @throws NotFoundError, UsageError that says what is wrong where */
export async function readScenario (given: string): Promise<ReadScenario> {
  const shipped = join(SHIPPED, `${given}.yaml`)
  const file = existsSync(given) ? resolve(given) : /^[a-z-]+$/.test(given) && existsSync(shipped) ? shipped : undefined
  if (file === undefined) throw new NotFoundError(`there is no scenario ${given}`, `A file, or one of: ${shippedScenarios().join(', ')}.`)
  return checkScenario(file, await valueIn(file))
}

/** @throws UsageError */
export function checkScenario (file: string, value: unknown): ReadScenario {
  const ajv = new Ajv({ allErrors: false, strict: false })
  const isScenario = ajv.compile<Scenario>(SCENARIO)
  if (!isScenario(value)) {
    const [error] = isScenario.errors ?? []
    const what = error?.keyword === 'additionalProperties' ? `there is no ${String(error.params['additionalProperty'])}` : error?.message ?? 'is not understood'
    throw new UsageError(`${file}: ${(error?.instancePath ?? '').replaceAll('/', '.').slice(1) || 'the scenario'}: ${what}`, 'See docs/testnet.md, "Scenarios".')
  }
  checkNames(file, value)
  for (const fault of value.faults ?? []) if (actionsIn(fault).length !== 1) throw new UsageError(`${file}: the fault at ${fault.at} does ${actionsIn(fault).join(' and ') || 'nothing'}`, 'Each fault does one thing.')
  checkNeeds(file, value)
  checkReturns(file, value)
  return { file, scenario: value, expectations: value.expect.map(parseExpectation) }
}

const ACTIONS = ['crash', 'keepDisk', 'oldDisk', 'start', 'upgrade', 'drain', 'meet', 'pause', 'resume', 'clock', 'partition', 'heal', 'slow', 'loss', 'nat', 'fillDisk', 'powerOff', 'trouble'] as const

function actionsIn (fault: NonNullable<Scenario['faults']>[number]): string[] { return ACTIONS.filter(action => fault[action] !== undefined) }

function checkNames (file: string, { users, relays = 0, release, strangers = [], talk, faults = [] }: Scenario): void {
  const names = new Set(planOf({ users, relays }).nodes.map(({ name }) => name))
  const mentioned = [
    ...strangers, ...talk.from ?? [], ...talk.to ?? [],
    ...faults.flatMap(({ crash, keepDisk, oldDisk, start, upgrade, drain, meet = [], pause, resume, clock, partition = [], slow = [], loss = [], nat, fillDisk, powerOff }) => [crash, keepDisk, oldDisk, start, upgrade, drain, ...meet, pause, resume, clock, ...partition.flat(), ...slow, ...loss, nat, fillDisk, powerOff])
  ]
  const stranger = mentioned.find(name => name !== undefined && !names.has(name))
  const phone = faults.find(({ crash, loseDisk }) => loseDisk === true && crash !== undefined && !crash.startsWith('relay'))
  if (phone !== undefined) throw new UsageError(`${file}: ${phone.crash ?? ''} would be somebody else with another disk`, 'Only relays come back as they were when their disk is lost.')
  const upgraded = faults.find(({ upgrade }) => upgrade !== undefined)?.upgrade
  if (release === undefined && upgraded !== undefined) throw new UsageError(`${file}: ${upgraded} is of this version already`, 'Say of which one everybody is at first: release: previous')
  if (stranger !== undefined) throw new UsageError(`${file}: there is no ${stranger} among ${users} users and ${relays} relays`, `There are: ${[...names].join(', ')}.`)
}

/** What only some testnets can do is asked for. */
function checkNeeds (file: string, { cable, disks, faults = [] }: Scenario): void {
  for (const { at, loss, percent, nat, kind, fillDisk, powerOff, drain } of faults) {
    // They are on this computer, from which nobody gets to hosts in namespaces.
    if (drain !== undefined && cable === 'namespaces') throw new UsageError(`${file}: no stranger comes from outside to a cable of namespaces`, 'Leave it to the other one: without cable: namespaces')
    if ((loss ?? nat) !== undefined && cable !== 'namespaces') throw new UsageError(`${file}: the fault at ${at} needs a cable that can do it`, 'Say at the top: cable: namespaces')
    if (loss !== undefined && percent === undefined) throw new UsageError(`${file}: the fault at ${at} does not say how much is lost`, 'For example: percent: 5')
    if (nat !== undefined && kind === undefined) throw new UsageError(`${file}: the fault at ${at} does not say which kind of router`, 'For example: kind: symmetric')
    if (nat?.startsWith('relay') === true) throw new UsageError(`${file}: ${nat} stands where everybody can reach it`, 'Only users are behind routers.')
    if ((fillDisk ?? powerOff) !== undefined && disks !== true) throw new UsageError(`${file}: the fault at ${at} needs disks`, 'Say at the top: disks: true')
  }
}

/** What undoes each, besides "for". */
const UNDONE_BY = { crash: 'start', powerOff: 'start', pause: 'resume', fillDisk: undefined } as const

/** The talk ends when everybody has said theirs: a user who stays away would keep it waiting for ever. */
function checkReturns (file: string, { faults = [] }: Scenario): void {
  for (const fault of faults) {
    const action = (Object.keys(UNDONE_BY) as Array<keyof typeof UNDONE_BY>).find(each => fault[each] !== undefined)
    const name = action === undefined ? undefined : fault[action]
    if (action === undefined || name === undefined || fault.for !== undefined || name.startsWith('relay')) continue
    const undoing = UNDONE_BY[action]
    const atMs = parseDuration(fault.at, 'at')
    const isBack = undoing !== undefined && faults.some(other => other[undoing] === name && parseDuration(other.at, 'at') > atMs)
    if (!isBack) throw new UsageError(`${file}: ${name} does not come back after ${fault.at}`, `Say for how long ("for")${undoing === undefined ? '' : `, or when: { at: 9s, ${undoing}: ${name} }`}.`)
  }
}

/** As a file that `readScenario` takes. */
export async function scenarioText (scenario: Scenario): Promise<string> {
  return await yamlText(scenario)
}

async function valueIn (file: string): Promise<unknown> {
  try {
    if (['.ts', '.mts', '.js', '.mjs'].includes(extname(file))) return (await import(pathToFileURL(file).href) as { readonly default?: unknown }).default
    return (await readYaml(file)).value
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(`${file} cannot be read: ${asError(error).message}`)
  }
}
