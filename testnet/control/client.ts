/** The testnet that runs in a directory, over its socket. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { callOver } from '../../cli/client.ts'
import { socketPathFor } from '../../node/api/socket-path.ts'
import { LockedError } from '../../protocols/core/errors.ts'
import { layoutOf } from '../layout.ts'
import type { OperationName, Params, Result } from './operations.ts'

/** Whoever stops in order takes this file along. */
function wasEnded (directory: string): boolean { return existsSync(join(directory, 'node.pid')) }

/** Nothing listens at the socket of this directory. */
export class NoTestnetError extends LockedError {
  override name = 'NoTestnetError'
  constructor (directory: string) {
    if (!existsSync(layoutOf(directory).planFile)) super('no testnet runs here', 'Start it with: skein testnet up, or name its directory with --dir.')
    else super(`the testnet in ${directory} is down${wasEnded(directory) ? ': the process that held it together was ended, and its nodes with it' : ''}`, 'Homes, logs and everything that was accepted are safe. It goes on with: skein testnet up')
  }
}

/** Starting a node takes half a second, or twenty times that on a machine that does ten things at once. */
const SILENCE_MS_MAX = 60_000

export interface Caller {
  readonly directory: string
  readonly interrupted?: AbortSignal
}

/** @throws NoTestnetError when none runs, and what the testnet answers, as a SkeinError with the same code, exit and hint */
export async function callTestnet<Name extends OperationName> ({ directory, interrupted }: Caller, name: Name, params: Params<Name>): Promise<Result<Name>> {
  return await callOver({ socketPath: socketPathFor(directory), who: 'testnet', absent: () => new NoTestnetError(directory), name, params, signal: interrupted, silenceMsMax: SILENCE_MS_MAX }) as Result<Name>
}
