/** What the relays of a contact would take of a blob, asked before it is made: their cards say so. Law: docs/protocols/mailbox.md, "Questions". */
import { decodeRelayCard, encodeRelayQuery } from '../../protocols/mailbox/questions.ts'
import { MAILBOX_VERSION } from '../../protocols/mailbox/wire.ts'
import { MalformedError, UnreachableError } from '../../protocols/core/errors.ts'
import { relayLabel } from '../contacts/copies.ts'
import type { Directory } from '../directory.ts'
import type { Network, PeerTarget, Random } from '../ports.ts'
import { RELAY_PROTOCOL } from '../protocols.ts'
import type { MediaOffer } from './ports.ts'

const NONCE_BYTES = 16
/** How a relay says on its card that it keeps blobs. */
export const MEDIA_FEATURE = 'media'

export interface OffersParts { readonly network: Network, readonly random: Random, readonly directory: Directory }

export async function askOffers (contact: number, _blobBytes: number, { network, random, directory }: OffersParts): Promise<readonly MediaOffer[]> {
  const relays = directory.contact(contact)?.list?.relays ?? []
  return await Promise.all(relays.map(async target => await askOne(target, relayLabel(target.peerId, relays), { network, random })))
}

async function askOne (target: PeerTarget, relay: string, { network, random }: Pick<OffersParts, 'network' | 'random'>): Promise<MediaOffer> {
  const nothing = { relay, bytesMax: undefined, keepUntilMs: undefined }
  try {
    const card = decodeRelayCard(await network.request(target, RELAY_PROTOCOL, encodeRelayQuery({ version: MAILBOX_VERSION, nonce: random.bytes(NONCE_BYTES) })))
    return { ...nothing, refusal: card.features.includes(MEDIA_FEATURE) ? undefined : 'notOffered' }
  } catch (error) {
    if (error instanceof UnreachableError || error instanceof MalformedError) return { ...nothing, refusal: 'unreachable' }
    throw error
  }
}
