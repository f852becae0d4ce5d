/** One seed of a scenario in virtual time: the same talk, faults and verdict as on real processes. */
import type { Expectation } from '../scenario/expectation.ts'
import { play, type Judged } from '../scenario/run.ts'
import type { Fault, Scenario } from '../scenario/schema.ts'
import { figuresOf, type Figures } from './figures.ts'
import type { Founding } from './founding.ts'
import { Recorder } from './recorder.ts'
import { Town, type Founded } from './town.ts'

export interface Play {
  /** Of as many users and relays. */
  readonly founding: Founding
  readonly scenario: Scenario
  readonly expectations: readonly Expectation[]
  readonly seed: number
  readonly interrupted: AbortSignal
  readonly tell: (text: string) => void
  /** Ends it at this moment of the trace, without a verdict. */
  readonly untilMs?: number | undefined
  /** Sees the trace. */
  readonly onLine?: ((line: string) => void) | undefined
}

export interface Played {
  readonly seed: number
  /** undefined: it was ended before. */
  readonly verdict: Judged | undefined
  /** Of everything that happened: the same on every machine. */
  readonly hash: string
  readonly happened: number
  /** How much time has passed in the network, and on the machine. */
  readonly networkMs: number
  readonly wallMs: number
  /** Of this thread: what a busy machine does to the other figure, it does less to this one. */
  readonly cpuMs: number
  readonly figures: Figures
  /** All that was done to nodes and lines. */
  readonly faults: readonly Fault[]
}

/** What takes longer hangs. */
const NETWORK_MS_MAX = 30 * 24 * 3_600_000

/** @throws Error when the simulation stands still */
export async function simulate (options: Play): Promise<Played> {
  return await options.founding.lend(async founded => await live(options, founded))
}

async function live ({ founding: { size }, scenario, expectations, seed, interrupted, tell, untilMs, onLine }: Play, founded: Founded): Promise<Played> {
  const beganMs = performance.now()
  const beganCpu = process.threadCpuUsage()
  const town = new Town({ seed, onLine }, { size, founded })
  const { world, net, time } = town
  const recorder = new Recorder(net, () => world.traceMs)
  const told = (text: string): void => {
    world.note(`* ${text}`)
    tell(`${clockText(world.traceMs)}  ${text}`)
  }
  try {
    const running = (async () => {
      await town.start()
      return await play({ scenario, expectations, seed, interrupted, tell: told, testnet: recorder, time })
    })()
    const verdict = await settled(town, running, untilMs)
    const [networkMs, wallMs] = [Math.max(0, world.traceMs), performance.now() - beganMs]
    return {
      seed,
      verdict: verdict === undefined ? undefined : withKeys(verdict, town),
      hash: world.hash(),
      happened: world.happened,
      networkMs,
      wallMs,
      cpuMs: cpuMsSince(beganCpu),
      figures: figuresOf(town, { messages: verdict?.seen.messages ?? 0, networkMs, wallMs }),
      faults: recorder.faults
    }
  } finally {
    town.end()
  }
}

/** 00:01:02.345 */
export function clockText (ms: number): string {
  if (ms < 0) return `-${clockText(-ms)}`
  const parts = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60, Math.floor(ms / 1000) % 60]
  return `${parts.map(part => String(part).padStart(2, '0')).join(':')}.${String(Math.floor(ms % 1000)).padStart(3, '0')}`
}

function cpuMsSince (began: NodeJS.CpuUsage): number {
  const { user, system } = process.threadCpuUsage(began)
  return (user + system) / 1000
}

async function settled ({ world }: Town, running: Promise<Judged>, untilMs: number | undefined): Promise<Judged | undefined> {
  if (untilMs === undefined) return await world.within(running, NETWORK_MS_MAX)
  let isSettled = false
  const tracked = running.finally(() => { isSettled = true })
  void tracked.catch(() => {})
  return await world.run(() => isSettled, untilMs - world.traceMs) ? await tracked : undefined
}

function withKeys ({ failures, seen }: Judged, { keys }: Town): Judged {
  if (keys.reused.size === 0) return { failures, seen }
  return { seen, failures: [...failures, { expectation: 'each ratchet key is used once', seen: `${keys.reused.size} were used for two texts` }] }
}
