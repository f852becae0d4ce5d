/** The testnet that runs in a directory, over its socket. */
import { callOver } from '../../cli/client.ts'
import { socketPathFor } from '../../node/api/socket-path.ts'
import { LockedError } from '../../protocols/core/errors.ts'
import type { OperationName, Params, Result } from './operations.ts'

/** Nothing listens at the socket of this directory. */
export class NoTestnetError extends LockedError {
  override name = 'NoTestnetError'
  constructor () { super('no testnet runs here', 'Start it with: skein testnet up, or name its directory with --dir.') }
}

/** Starting a node takes half a second, or twenty times that on a machine that does ten things at once. */
const SILENCE_MS_MAX = 60_000

export interface Caller {
  readonly directory: string
  readonly interrupted?: AbortSignal
}

/** @throws NoTestnetError when none runs, and what the testnet answers, as a SkeinError with the same code, exit and hint */
export async function callTestnet<Name extends OperationName> ({ directory, interrupted }: Caller, name: Name, params: Params<Name>): Promise<Result<Name>> {
  return await callOver({ socketPath: socketPathFor(directory), who: 'testnet', absent: () => new NoTestnetError(), name, params, signal: interrupted, silenceMsMax: SILENCE_MS_MAX }) as Result<Name>
}
