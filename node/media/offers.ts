/** What the relays of a contact would take of a blob, asked before it is made: their cards say so. Law: docs/protocols/mailbox.md, "Questions". */
import { decodeRelayCard, encodeRelayQuery, type RelayCard } from '../../protocols/mailbox/questions.ts'
import { MAILBOX_VERSION } from '../../protocols/mailbox/wire.ts'
import { MalformedError, UnreachableError } from '../../protocols/core/errors.ts'
import { relayLabel } from '../contacts/copies.ts'
import type { Directory } from '../directory.ts'
import type { Network, PeerTarget, Random } from '../ports.ts'
import { RELAY_PROTOCOL } from '../protocols.ts'
import type { MediaOffer } from './ports.ts'

const NONCE_BYTES = 16

export interface OffersParts { readonly network: Network, readonly random: Random, readonly directory: Directory }

export async function askOffers (contact: number, blobBytes: number, { network, random, directory }: OffersParts): Promise<readonly MediaOffer[]> {
  const relays = directory.contact(contact)?.list?.relays ?? []
  return await Promise.all(relays.map(async target => await askOne(target, relayLabel(target.peerId, relays), { network, random, blobBytes })))
}

async function askOne (target: PeerTarget, relay: string, { network, random, blobBytes }: Pick<OffersParts, 'network' | 'random'> & { readonly blobBytes: number }): Promise<MediaOffer> {
  const nothing = { relay, bytesMax: undefined, keepUntilMs: undefined }
  try {
    const card = decodeRelayCard(await network.request(target, RELAY_PROTOCOL, encodeRelayQuery({ version: MAILBOX_VERSION, nonce: random.bytes(NONCE_BYTES) })))
    return { relay, ...offerOf(card, blobBytes) }
  } catch (error) {
    if (error instanceof UnreachableError || error instanceof MalformedError) return { ...nothing, refusal: 'unreachable' }
    throw error
  }
}

function offerOf ({ media, timeMs }: RelayCard, blobBytes: number): Omit<MediaOffer, 'relay'> {
  if (media === undefined) return { refusal: 'notOffered', bytesMax: undefined, keepUntilMs: undefined }
  const bytesMax = Math.min(media.blobBytesMax, media.mailboxBytesMax)
  if (blobBytes > bytesMax) return { refusal: 'tooLarge', bytesMax, keepUntilMs: undefined }
  return { refusal: undefined, bytesMax, keepUntilMs: timeMs + media.keepMsMax }
}
