/** Lays the cable that a testnet is to have. */
import type { Plan } from '../plan.ts'
import type { CableOptions } from './cable.ts'
import type { LaidCable } from './kinds.ts'
import { layUserspace } from './userspace.ts'

/** @throws UnfitError when this computer cannot have it */
export async function layCable ({ cable = 'userspace', nodes }: Plan, options: CableOptions): Promise<LaidCable> {
  if (cable === 'userspace') return await layUserspace(options)
  const { NamespacedCable } = await import('./namespaces/cable.ts')
  return await NamespacedCable.lay(nodes, options.rules)
}
