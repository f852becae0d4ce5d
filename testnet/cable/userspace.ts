/** The cable that works without any right: TCP of this computer's loopback, carried by cable.ts. */
import { LOOPBACK } from '../../cli/skein-process.ts'
import { UsageError } from '../../protocols/core/errors.ts'
import { Cable, type CableOptions } from './cable.ts'
import type { LaidCable } from './kinds.ts'

/** What to do about everything that this one cannot. */
const OTHER = 'Start a testnet that can, as root on Linux: skein testnet up --cable namespaces'

export async function layUserspace (options: CableOptions): Promise<LaidCable> {
  const cable = await Cable.lay(options)
  return {
    kind: 'userspace',
    means: 'TCP on loopback, carried by the testnet itself; loses nothing',
    place: () => ({ enter: [], cablePort: cable.port, listen: LOOPBACK, host: '127.0.0.1' }),
    bytesBetween: (from, to) => cable.bytesBetween(from, to),
    recut: () => { cable.pump() },
    requireLink: ({ loss = 0 }) => { if (loss > 0) throw new UsageError('this cable loses nothing: it carries TCP, which would send again', OTHER) },
    // It looks at the rules with every piece.
    reline: async () => { await Promise.resolve() },
    natOf: () => undefined,
    setNat: async () => { await Promise.reject(new UsageError('this cable has no routers: everybody is on one loopback', OTHER)) },
    [Symbol.asyncDispose]: async () => { await cable[Symbol.asyncDispose]() }
  }
}
