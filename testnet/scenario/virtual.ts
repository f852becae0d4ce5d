/** What a scenario may not say when it is to run in virtual time: there are no routers, disks, packets, other versions or strangers there. */
import { UsageError } from '../../protocols/core/errors.ts'
import type { ReadScenario } from './read.ts'
import type { Fault } from './schema.ts'

/** What a fault asks for that is not there. `meet`: founders know each other from the beginning, and a history that is made smaller has no other acquaintances. */
const NEEDED = { loss: 'losses', nat: 'routers', fillDisk: 'full disks', powerOff: 'power cuts', upgrade: 'other versions', drain: 'strangers', meet: 'new acquaintances' } as const satisfies Partial<Record<keyof Fault, string>>

/** @throws UsageError that names the command which can */
export function requireVirtual ({ file, scenario: { name, cable, disks, release, strangers, faults = [] } }: ReadScenario): void {
  const asked = [
    ...cable === 'namespaces' ? ['a cable of namespaces'] : [],
    ...disks === true ? ['disks'] : [],
    ...release === undefined ? [] : ['other versions'],
    ...strangers === undefined ? [] : ['strangers'],
    ...faults.flatMap(fault => Object.entries(NEEDED).flatMap(([action, needed]) => Object.hasOwn(fault, action) ? [needed] : []))
  ]
  if (asked.length > 0) throw new UsageError(`"${name}" is about ${[...new Set(asked)].join(', ')}, and there are none in virtual time`, `With real processes: skein testnet run ${file}`)
}
