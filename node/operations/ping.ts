/** `ping`: whether a contact answers now, over which path, and how long it takes. Says nothing to them and stores nothing. */
import { RefusedError, UnreachableError } from '../../protocols/core/errors.ts'
import type { Params, Result } from '../../protocols/local/operations.ts'
import type { Reader } from '../../store/reader.ts'
import { labelOf, resolveContact } from '../contacts/resolve.ts'
import { targetOf } from '../loops/sessions.ts'
import type { Network } from '../ports.ts'
import type { Handlers } from './handlers.ts'

export interface PingParts {
  readonly reader: Reader
  readonly network: Network
}

export function pingOperations (parts: PingParts): Handlers<'ping'> {
  return { ping: async params => await ping(params, parts) }
}

async function ping ({ who }: Params<'ping'>, { reader, network }: PingParts): Promise<Result<'ping'>> {
  const contact = resolveContact(who, reader)
  if (contact.standing === 'blocked') throw new RefusedError(`${labelOf(contact)} is blocked`, 'Nothing was sent.')
  const devices = reader.devices.ofContact(contact.contact).filter(({ isListed }) => isListed)
  if (devices.length === 0) throw new UnreachableError(`no device of ${labelOf(contact)} is known yet`, 'They have not answered the request to be a contact, or nobody could be asked.')
  try {
    // Whichever of their devices answers first speaks for them.
    const { path, ms } = await Promise.any(devices.map(device => network.ping(targetOf(device))))
    return { path: path.type, ...path.type === 'relayed' && { relay: path.relay }, ms: Math.round(ms * 10) / 10 }
  } catch (error) {
    throw new UnreachableError(`no device of ${labelOf(contact)} answers`, `${reasonIn(error)}. What you send them waits, and goes out by itself.`, error)
  }
}

function reasonIn (error: unknown): string {
  const causes: readonly unknown[] = error instanceof AggregateError ? error.errors : [error]
  const [first] = causes
  return first instanceof Error ? first.message : 'no answer'
}
