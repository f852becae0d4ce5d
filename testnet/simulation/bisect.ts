/** From a seed that fails to the smallest scenario that still does: fewer faults, and fewer messages. */
import { parseDuration } from '../../cli/time.ts'
import type { ReadScenario } from '../scenario/read.ts'
import type { Fault, Scenario } from '../scenario/schema.ts'
import type { Founding } from './founding.ts'
import { minimise, minimiseCount } from './minimise.ts'
import { simulate, type Played } from './play.ts'

export interface Bisect {
  readonly read: ReadScenario
  readonly founding: Founding
  readonly seed: number
  readonly interrupted: AbortSignal
  readonly tell: (text: string) => void
}

export interface Bisected {
  /** Runs by itself: its seed is in it. */
  readonly scenario: Scenario
  readonly played: Played
  readonly faultsBefore: number
  readonly runs: number
}

/** undefined: the seed does not fail. */
export async function bisect ({ read: { scenario, expectations }, founding, seed, interrupted, tell }: Bisect): Promise<Bisected | undefined> {
  let runs = 0
  const run = async (candidate: Scenario): Promise<Played> => {
    interrupted.throwIfAborted()
    runs += 1
    return await simulate({ founding, scenario: candidate, expectations, seed, interrupted, tell: nothing })
  }
  const first = await run(scenario)
  const wanted = new Set(first.verdict?.failures.map(({ expectation }) => expectation))
  if (wanted.size === 0) return undefined
  const fails = async (candidate: Scenario): Promise<boolean> => (await run(candidate)).verdict?.failures.some(({ expectation }) => wanted.has(expectation)) === true
  const spelt = await spellOut(scenario, { first, fails, tell })
  const before = spelt.faults ?? []
  const faults = await minimise(before, async kept => {
    const isSmall = await fails({ ...spelt, faults: [...kept] })
    if (isSmall) tell(`${kept.length} of ${before.length} faults are enough`)
    return isSmall
  })
  const withFew = { ...spelt, faults: [...faults] }
  const messages = await minimiseCount(scenario.talk.messages, 1, async count => {
    const isSmall = await fails(withMessages(withFew, count))
    if (isSmall) tell(`${count} of ${scenario.talk.messages} messages are enough`)
    return isSmall
  })
  const smallest = { ...withMessages(withFew, messages), name: `${scenario.name}, smallest`.slice(0, NAME_MAX), seed }
  return { scenario: smallest, played: await run(smallest), faultsBefore: before.length, runs }
}

const NAME_MAX = 100

/** What chance has made as faults of its own, where the same happens then. */
async function spellOut (scenario: Scenario, { first, fails, tell }: { readonly first: Played, readonly fails: (candidate: Scenario) => Promise<boolean>, readonly tell: (text: string) => void }): Promise<Scenario> {
  if (scenario.faults?.some(({ trouble }) => trouble === true) !== true) return scenario
  const spelt = { ...scenario, faults: returning(first.faults) }
  tell(`chance has made ${spelt.faults.length} faults`)
  if (await fails(spelt)) return spelt
  tell('said one by one they do not fail: trouble stays one fault')
  return scenario
}

/** Users have to come back, or their talk has no end: those who were down in the end do so at once. */
function returning (faults: readonly Fault[]): Fault[] { return faults.map(fault => fault.for === undefined && (fault.crash !== undefined || fault.pause !== undefined) ? { ...fault, for: '1s' } : fault) }

/** As fast as before. */
function withMessages (scenario: Scenario, messages: number): Scenario {
  const { over } = scenario.talk
  const scaled = over === undefined ? {} : { over: `${Math.max(1, Math.round(parseDuration(over, 'over') * messages / scenario.talk.messages))}ms` }
  return { ...scenario, talk: { ...scenario.talk, messages, ...scaled } }
}

function nothing (): void { /* each run of many is silent */ }
