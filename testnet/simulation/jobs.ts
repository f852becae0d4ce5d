/** Many seeds of a scenario, on as many threads as are asked for. */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { asError, EXIT, SkeinError } from '../../protocols/core/errors.ts'
import { checkScenario, type ReadScenario } from '../scenario/read.ts'
import type { Scenario } from '../scenario/schema.ts'
import { Founding } from './founding.ts'
import { simulate, type Played } from './play.ts'

export interface Jobs {
  readonly read: ReadScenario
  readonly seeds: readonly number[]
  readonly jobs: number
  readonly untilMs?: number | undefined
  readonly interrupted: AbortSignal
  readonly onPlayed: (played: Played) => void
}

interface Order { readonly program: string, readonly file: string, readonly scenario: Scenario, readonly untilMs: number | undefined }

type Answer = { readonly type: 'played', readonly played: Played } | { readonly type: 'broken', readonly seed: number, readonly message: string }

/** What a thread of ours is started for: this file is imported in others as well. */
const PROGRAM = 'skein testnet simulate'

/** In the order of the seeds. @throws SkeinError when a simulation breaks down: that is no verdict */
export async function simulateAll ({ read: { file, scenario }, seeds, jobs, untilMs, interrupted, onPlayed }: Jobs): Promise<Played[]> {
  const waiting = [...seeds]
  const all: Played[] = []
  const take = (answer: Answer): void => {
    if (answer.type === 'broken') throw new SkeinError(`the simulation of seed ${answer.seed} broke down: ${answer.message}`, { code: 'unexpected', exit: EXIT.unexpected, hint: `Again: skein testnet replay ${file} --seed ${answer.seed}` })
    all.push(answer.played)
    onPlayed(answer.played)
  }
  const order = { program: PROGRAM, file, scenario, untilMs }
  if (jobs === 1) {
    const answer = await answererFor(order)
    for (const seed of waiting) {
      interrupted.throwIfAborted()
      take(await answer(seed))
    }
  } else await Promise.all(Array.from({ length: Math.min(jobs, seeds.length) }, async () => { await runThread(order, { waiting, interrupted, take }) }))
  return all.sort((left, right) => left.seed - right.seed)
}

async function runThread (order: Order, { waiting, interrupted, take }: { readonly waiting: number[], readonly interrupted: AbortSignal, readonly take: (answer: Answer) => void }): Promise<void> {
  const worker = new Worker(new URL(import.meta.url), { workerData: order })
  try {
    await new Promise<void>((resolve, reject) => {
      const next = (): void => {
        const seed = waiting.shift()
        if (seed === undefined || interrupted.aborted) resolve()
        else worker.postMessage(seed)
      }
      worker.on('message', (answer: Answer) => {
        try {
          take(answer)
          next()
        } catch (thrown) {
          reject(asError(thrown))
        }
      })
      worker.once('error', reject)
      worker.once('exit', code => { reject(new Error(`a thread ended by itself (${code})`)) })
      interrupted.addEventListener('abort', () => { resolve() }, { once: true })
      next()
    })
    interrupted.throwIfAborted()
  } finally {
    await worker.terminate()
  }
}

async function answererFor ({ file, scenario, untilMs }: Order): Promise<(seed: number) => Promise<Answer>> {
  const { expectations } = checkScenario(file, scenario)
  const interrupted = new AbortController().signal
  const founding = await Founding.of({ users: scenario.users, relays: scenario.relays ?? 0 })
  return async seed => {
    try {
      return { type: 'played', played: await simulate({ founding, scenario, expectations, seed, untilMs, interrupted, tell: nothing }) }
    } catch (thrown) {
      return { type: 'broken', seed, message: asError(thrown).message }
    }
  }
}

async function serve (order: Order): Promise<void> {
  const answer = await answererFor(order)
  parentPort?.on('message', (seed: number) => { void answer(seed).then(played => { parentPort?.postMessage(played) }) })
}

function nothing (): void { /* of many seeds only the verdicts are told */ }

if (!isMainThread && (workerData as Order | null)?.program === PROGRAM) void serve(workerData as Order)
