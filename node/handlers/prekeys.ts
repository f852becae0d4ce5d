/** Hands out prekey bundles of our own device. Who gets one-time keys: protocols/prekeys/policy.ts; law: docs/protocols/prekeys.md. */
import { equals } from 'uint8arrays'
import { admitBundle } from '../../protocols/prekeys/policy.ts'
import { decodeBundleRequest, encodeBundleAnswer, PREKEYS_VERSION } from '../../protocols/prekeys/wire.ts'
import { StorageError } from '../../protocols/core/errors.ts'
import { ONE_TIME_BUNDLE_BURST, ONE_TIME_BUNDLES_PER_SECOND } from '../../protocols/core/limits.ts'
import type { Reader } from '../../store/reader.ts'
import type { Own } from '../../store/types.ts'
import type { Clock, Network, Sealer } from '../ports.ts'
import { tokenState } from '../contacts/invites.ts'
import type { Directory } from '../directory.ts'
import type { Reach } from '../failpoints.ts'
import { PREKEYS_PROTOCOL } from '../protocols.ts'
import type { Turn } from '../turn/turn.ts'
import { Rates } from '../rates.ts'

export interface PrekeysHandlerParts {
  readonly network: Network
  readonly reader: Reader
  readonly own: () => Own
  readonly directory: Directory
  readonly sealer: Sealer
  readonly clock: Clock
  readonly turn: Turn
  readonly rates: Rates
  readonly reach: Reach
}

export function servePrekeys ({ network, reader, own, directory, sealer, clock, turn, rates, reach }: PrekeysHandlerParts): void {
  const oneTimeRates = new Rates(clock, () => ({ burst: ONE_TIME_BUNDLE_BURST, perSecond: ONE_TIME_BUNDLES_PER_SECOND }))
  network.serveRequest(PREKEYS_PROTOCOL, async (request, peerId) => {
    const { version, deviceId, token } = decodeBundleRequest(request)
    const standing = contactStanding(peerId, directory)
    const ask = {
      isVersionKnown: version === PREKEYS_VERSION,
      isOurDevice: equals(deviceId, own().deviceId),
      isContact: standing === 'accepted' || standing === 'requested',
      token: token === undefined ? 'none' as const : tokenState(token, reader, clock.now()),
      isWithinRate: rates.isAllowed(peerId)
    }
    const mayHaveOneTime = admitBundle({ ...ask, isWithinOneTimeRate: true })
    const isEntitled = mayHaveOneTime.type === 'issue' && mayHaveOneTime.kind === 'oneTime'
    const admission = admitBundle({ ...ask, isWithinOneTimeRate: isEntitled && oneTimeRates.isAllowed(peerId) })
    if (admission.type === 'refuse') return encodeBundleAnswer({ type: 'refusal', reason: admission.reason })
    const bundle = await turn.write(writer => sealer.issueBundle(writer, { nowMs: clock.now(), withOneTime: admission.kind === 'oneTime' }))
    reach('prekeys.issued')
    if (admission.kind === 'oneTime') void refillQuietly({ reader, sealer, clock, turn })
    return encodeBundleAnswer(bundle === undefined ? { type: 'refusal', reason: 'rate' } : { type: 'bundle', bundle })
  })
}

/** Makes prekeys when few are left, inside a turn. */
export async function refill ({ reader, sealer, clock, turn }: Pick<PrekeysHandlerParts, 'reader' | 'sealer' | 'clock' | 'turn'>): Promise<void> {
  await turn.write(() => {}, () => { sealer.refillPrekeys(reader, clock.now()) })
}

/** The answer does not depend on it: when the disk says no, the turn reports it and the reaper tries again. */
async function refillQuietly (parts: Parameters<typeof refill>[0]): Promise<void> {
  try {
    await refill(parts)
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
  }
}

function contactStanding (peerId: string, directory: Directory): string | undefined {
  const device = directory.peer(peerId)
  return device === undefined ? undefined : directory.contact(device.contact)?.contact.standing
}
