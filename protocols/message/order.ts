/**
 * Display order: parents first, then clock, then id; the same on every device that holds the same messages, in whatever
 * order they came. Each message has a position, which is its clock, or just above the highest position among its parents
 * when a parent's clock runs ahead. Messages are shown by (position, id). Law: docs/protocols/message.md, "Order".
 */
import { compareIds, idKey, type ContentId } from '../core/ids.ts'
import { PARENTS_MAX } from '../core/limits.ts'

/** Where a message stands in its conversation. */
export interface Place {
  readonly id: ContentId
  readonly positionUs: number
}

export interface Placed extends Place {
  readonly parents: readonly ContentId[]
}

/** Order of display: negative when `left` stands above `right`. */
export function comparePlaces (left: Place, right: Place): number {
  return left.positionUs - right.positionUs || compareIds(left.id, right.id)
}

/**
 * @param hlcUs the message's own clock
 * @param parentPositionsUs positions of those parents that we have; one that arrives later is the business of `reposition`
 */
export function positionOf (hlcUs: number, parentPositionsUs: readonly number[]): number {
  let positionUs = hlcUs
  for (const parentUs of parentPositionsUs) positionUs = Math.max(positionUs, parentUs + 1)
  return positionUs
}

/**
 * Messages that one late arrival may make us look at. Honest clocks need none; a contact whose clock is a year ahead needs as
 * many as were written in answer to it. Beyond it the order stays as it is, so that nobody can make us move a
 * conversation of any length again and again by holding back one parent.
 */
const SWEEP_MAX = 16_384

export interface Repositioned {
  /** New places, in the order in which they are to be written. */
  readonly moves: readonly Place[]
  /** False when SWEEP_MAX was reached: positions further down may lie below a parent's. */
  readonly isComplete: boolean
}

/**
 * Which messages move when `arrived` comes after messages that name it as parent. Positions only grow, and a child stands below
 * its parents already, so one sweep downwards through the old order settles every message at once.
 * @param later known messages in display order, beginning with the first that names `arrived`; read only as far as needed
 */
export function reposition (arrived: Place, later: Iterable<Placed>, sweepMax = SWEEP_MAX): Repositioned {
  const movedUs = new Map([[idKey(arrived.id), arrived.positionUs]])
  const moves: Place[] = []
  let highestUs = arrived.positionUs
  let looked = 0
  for (const message of later) {
    // From here on everything stands after all that moved, as a child must.
    if (message.positionUs > highestUs) break
    if (looked++ === sweepMax) return { moves, isComplete: false }
    const positionUs = positionOf(message.positionUs, movedParents(message, movedUs))
    const key = idKey(message.id)
    // Ids are no hashes: a liar can name parents in a circle. Each message moves once, the arrived one never, so it ends.
    if (positionUs === message.positionUs || movedUs.has(key)) continue
    movedUs.set(key, positionUs)
    moves.push({ id: message.id, positionUs })
    highestUs = Math.max(highestUs, positionUs)
  }
  return { moves, isComplete: true }
}

function movedParents ({ parents }: Placed, movedUs: ReadonlyMap<string, number>): number[] {
  return parents.map(parent => movedUs.get(idKey(parent))).filter(positionUs => positionUs !== undefined)
}

export interface ArrivedMessage extends Placed {
  /** Whether a message that we have names it as parent: it came late, and is no head. */
  readonly isNamed: boolean
}

/**
 * Heads after a message: those that nobody names as parent, in display order. Of more than `limit` the last ones are kept, by
 * place and not by arrival: so the last message of the conversation is always a head, and what we write next, which
 * names all heads, always stands last.
 */
export function advanceHeads (heads: readonly Place[], message: ArrivedMessage, limit = PARENTS_MAX): Place[] {
  const superseded = new Set(message.parents.map(idKey))
  const own = idKey(message.id)
  const remaining = heads.filter(head => !superseded.has(idKey(head.id)) && idKey(head.id) !== own)
  if (!message.isNamed) remaining.push({ id: message.id, positionUs: message.positionUs })
  return lastOf(remaining, limit)
}

/**
 * Heads after messages have moved. A message that was left out as too high up may be the last one now, and then it is one again.
 */
export function moveHeads (heads: readonly Place[], moves: readonly Place[], limit = PARENTS_MAX): Place[] {
  const moved = new Map(moves.map(place => [idKey(place.id), place]))
  const placed = heads.map(head => moved.get(idKey(head.id)) ?? head).sort(comparePlaces)
  const lastMove = [...moves].sort(comparePlaces).at(-1)
  const lastHead = placed.at(-1)
  // Below every head it is the last of all, so nobody names it. Elsewhere we cannot tell whether somebody does.
  if (lastMove !== undefined && (lastHead === undefined || comparePlaces(lastMove, lastHead) > 0)) placed.push(lastMove)
  return lastOf(placed, limit)
}

function lastOf (heads: readonly Place[], limit: number): Place[] {
  return [...heads].sort(comparePlaces).slice(-limit)
}
