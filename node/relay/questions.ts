/**
 * What anybody may ask a relay: what it holds of what they left there, and what it offers. The answers about custody are signed, so
 * that it cannot say one thing to one and another to another. Law: docs/protocols/mailbox.md, "Custody" and "Card".
 */
import { custodyMacInput, custodySigningInput } from '../../protocols/deposit/custody.ts'
import {
  custodyNumber, decodeCustodyRequest, decodeRelayQuery, encodeCustodyAnswer, encodeRelayCard, MEDIA_FEATURE, type CustodyAnswer, type CustodyRefusal, type CustodyRequest, type RelayCard, type RelayMediaLimits
} from '../../protocols/mailbox/questions.ts'
import { MAILBOX_VERSION } from '../../protocols/mailbox/wire.ts'
import { isMacOf } from '../crypto/mac.ts'
import type { Clock, Network, Signer } from '../ports.ts'
import { CUSTODY_PROTOCOL, RELAY_PROTOCOL } from '../protocols.ts'
import { mailboxLimits, relayDescription, type MailboxAdmission, type RelayConfig } from './config.ts'
import type { Rates } from '../rates.ts'
import type { Scribe } from './scribe.ts'
import type { Tally } from './tally.ts'

export interface CustodyParts {
  readonly network: Network
  readonly scribe: Scribe
  readonly clock: Clock
  readonly signer: Signer
  readonly rates: Rates
  readonly tally: Tally
}

export function serveCustody (parts: CustodyParts): void {
  parts.network.serveRequest(CUSTODY_PROTOCOL, async (request, peerId) => encodeCustodyAnswer(await auditOf(decodeCustodyRequest(request), peerId, parts)))
}

/** Read inside a transaction: what a signature affirms is on the disk, and not only on its way there. @throws StorageError */
async function auditOf (request: CustodyRequest, peerId: string, { scribe, clock, signer, rates, tally }: CustodyParts): Promise<CustodyAnswer<CustodyRefusal>> {
  const { version, alias, depositIds, nonce, mac } = request
  if (version !== MAILBOX_VERSION) return { type: 'refusal', reason: 'version' }
  if (rates.draw(peerId) > 0) return { type: 'refusal', reason: 'rate' }
  const states = await scribe.write(({ read }) => {
    const door = read.aliasOf(alias)
    if (door === undefined) return 'unknownAlias'
    return isMacOf(mac, door.macKey, custodyMacInput({ nonce, depositIds })) ? read.custody(alias, depositIds) : 'badMac'
  })
  if (typeof states === 'string') return { type: 'refusal', reason: states }
  const relayTimeMs = clock.now()
  tally.traffic.auditsAsked += states.length
  tally.traffic.auditsAffirmed += states.filter(state => state !== 'unknown').length
  return { type: 'custody', states, relayTimeMs, signature: signer.sign(custodySigningInput({ nonce, alias, relayTimeMs, depositIds, states: states.map(custodyNumber) })) }
}

export interface CardParts {
  readonly network: Network
  readonly clock: Clock
  readonly config: () => RelayConfig
  readonly software: string
  readonly features: readonly string[]
  readonly takesMailboxes: () => boolean
  /** undefined: it takes no blobs now. */
  readonly media: () => RelayMediaLimits | undefined
}

export function serveCard (parts: CardParts): void {
  parts.network.serveRequest(RELAY_PROTOCOL, request => {
    decodeRelayQuery(request)
    return encodeRelayCard(cardOf(parts))
  })
}

/** What the relay says about itself, now. */
function cardOf ({ network, clock, config, software, features, takesMailboxes, media }: CardParts): RelayCard & { readonly admission: MailboxAdmission['type'] } {
  const { admission, quotas } = config()
  const blobs = media()
  return {
    description: relayDescription(config(), software),
    admission: admission.type,
    limits: mailboxLimits(quotas),
    timeMs: clock.now(),
    takesMailboxes: takesMailboxes(),
    features: [...features, ...blobs === undefined ? [] : [MEDIA_FEATURE]],
    ...blobs !== undefined && { media: blobs },
    relay: { peerId: network.peerId, addresses: network.addresses() }
  }
}
