/** The relay that runs in a home, over its socket. Nothing is started for a command: a relay is its operator's to start. */
import { socketPathFor } from '../../../node/api/socket-path.ts'
import { LockedError } from '../../../protocols/core/errors.ts'
import type { RelayOperationName, RelayParams, RelayResult } from '../../../protocols/local/relay.ts'
import { callOver } from '../../client.ts'
import type { Invocation } from '../../command.ts'

/** Nothing listens at the socket of this home. */
export class NoRelayError extends LockedError {
  override name = 'NoRelayError'
  constructor () { super('no relay runs here', 'Start it with: skein relay up, or name its home with --home.') }
}

/** Expiry and vacuum go in slices and may take their time with a large database; whoever waits can press Ctrl-C. */
const SILENCE_MS_MAX = 10 * 60_000

/** @throws NoRelayError when none runs, and what the relay answers, as a SkeinError with the same code, exit and hint */
export async function callRelay<Name extends RelayOperationName> ({ home, interrupted }: Pick<Invocation, 'home' | 'interrupted'>, name: Name, params: RelayParams<Name>): Promise<RelayResult<Name>> {
  const silence = name === 'relay.gc' ? { silenceMsMax: SILENCE_MS_MAX } : {}
  return await callOver({ socketPath: socketPathFor(home), who: 'relay', absent: () => new NoRelayError(), name, params, signal: interrupted, ...silence }) as RelayResult<Name>
}
