/**
 * Where an own message is. Proofs come from several devices, over several paths, late and twice, so a state is only ever joined
 * with what was learnt: a later word cannot undo an earlier proof. Law: docs/protocols/message.md, "States".
 */

/**
 * queued: durable here · stored: relays keep copies · delivered: on a device of the recipient · read: seen by the recipient ·
 * failed: nothing tries any more · expired: nobody collected it · cancelled: we took it back.
 */
export type DeliveryState = 'queued' | 'stored' | 'failed' | 'expired' | 'cancelled' | 'delivered' | 'read'

/** The lattice is a line: of two states one is always higher. */
const RANK: Readonly<Record<DeliveryState, number>> = { queued: 0, stored: 1, failed: 2, expired: 3, cancelled: 4, delivered: 5, read: 6 }

/**
 * The state after learning `learnt`: the higher one. Giving up overrides being under way, and a proof of arrival overrides giving
 * up, because it may have left before. Trying a failed message again is not learning: it sets the state anew.
 */
export function joinState (known: DeliveryState, learnt: DeliveryState): DeliveryState {
  return RANK[learnt] > RANK[known] ? learnt : known
}
