/** Where and when figures were taken: without it they mean nothing. */
import { cpus, loadavg, release, totalmem, type } from 'node:os'

export interface Machine {
  readonly takenAt: string
  readonly processor: string
  readonly cores: number
  readonly memoryGiB: number
  readonly system: string
  readonly node: string
  /** Processes that ran or wanted to, on average over one minute: above the number of cores, times are too long. */
  readonly load: number
}

export function describeMachine (): Machine {
  const processors = cpus()
  return {
    takenAt: new Date().toISOString(),
    processor: processors[0]?.model.trim() ?? 'unknown processor',
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.version,
    load: loadavg()[0] ?? 0
  }
}

export function machineText ({ takenAt, processor, cores, memoryGiB, system, node, load }: Machine): string {
  return `${takenAt} · ${processor}, ${cores} cores, ${memoryGiB} GiB · ${system} · Node ${node} · load ${load.toFixed(2)}`
}
