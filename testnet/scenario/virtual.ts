/** What a scenario may not say when it is to run in virtual time: there are no routers, disks or packets there. */
import { UsageError } from '../../protocols/core/errors.ts'
import type { ReadScenario } from './read.ts'

/** @throws UsageError that names the command which can */
export function requireVirtual ({ file, scenario: { name, cable, disks, faults = [] } }: ReadScenario): void {
  const asked = [
    ...cable === 'namespaces' ? ['a cable of namespaces'] : [],
    ...disks === true ? ['disks'] : [],
    ...faults.flatMap(({ loss, nat, fillDisk, powerOff }) => [...loss === undefined ? [] : ['losses'], ...nat === undefined ? [] : ['routers'], ...fillDisk === undefined ? [] : ['full disks'], ...powerOff === undefined ? [] : ['power cuts']])
  ]
  if (asked.length > 0) throw new UsageError(`"${name}" is about ${[...new Set(asked)].join(', ')}, and there are none in virtual time`, `With real processes: skein testnet run ${file}`)
}
