/**
 * Fetching a blob from several holders at once: which leaves to ask of whom, when to give a holder up, and how it ends. Who they are and how
 * they are asked is for the node. Law: docs/protocols/media.md, "Transfer".
 *
 *            due             opened                      bad block
 *   waiting ─────▶ opening ─────────▶ open ─────────────────────────▶ over
 *      ▲              │                │  silent for 5 s, line lost      ▲
 *      └──────────────┴────────────────┘  (three times in vain) ────────┘
 *
 * It ends by itself: each holder has a number of attempts that only a leaf gives back, and there are as many leaves as there are.
 */
import {
  HOLDER_ATTEMPTS_MAX, HOLDER_OPEN_MS_MAX, HOLDER_RETRY_MS_MAX, HOLDER_SILENT_MS_MAX, HOLDERS_OPEN_MAX, LEAF_BYTES, WANTED_LEAVES_FIRST,
  WANTED_LEAVES_MAX, WANTED_LEAVES_MIN, WANTED_MS
} from '../core/limits.ts'
import { retryDelayMs } from '../deposit/delivery.ts'
import { countLeaves, hasAnyBeyond, hasLeaf, withLeaf } from './leaves.ts'

/** Why a holder is asked no more. */
export type HolderEnd =
  /** It has nothing that is missing here. */
  | 'notFound'
  | 'unreachable'
  /** It answers and brings nothing, or breaks off each time. */
  | 'stalled'
  /** It says that it has too much to do. */
  | 'limited'
  /** It refuses us for good. */
  | 'refused'
  /** It brought something else than what was asked for. */
  | 'lied'

/** `attempts`: failures in a row since it last brought a leaf. */
export type Holder =
  | { readonly at: 'waiting', readonly attempts: number, readonly retryAtMs: number }
  | { readonly at: 'opening', readonly attempts: number, readonly sinceMs: number }
  | OpenHolder
  | { readonly at: 'over', readonly reason: HolderEnd }

interface OpenHolder {
  readonly at: 'open'
  readonly attempts: number
  /** A bit for each leaf that it has. */
  readonly have: Uint8Array
  /** Asked of it and not brought yet, in order. */
  readonly wanted: readonly number[]
  /** When a byte came from it last. */
  readonly movedAtMs: number
  /** When it brought a leaf last, or was asked for the first one. */
  readonly leafAtMs: number
  /** Measured; 0: not yet. */
  readonly bytesPerMs: number
  /** Since it was opened. */
  readonly broughtCount: number
}

export interface FetchPlan {
  readonly leafCount: number
  /** A bit for each leaf that is here and verified. */
  readonly have: Uint8Array
  readonly missingCount: number
  /** All before this one are here. */
  readonly firstMissing: number
  /** By name, the best ones first. */
  readonly holders: ReadonlyMap<string, Holder>
}

/** Times are monotonic. */
export type FetchEvent =
  /** A timer, or the beginning. */
  | { readonly type: 'due' }
  /** The holder answers, the tree of the blob is known, and it has these leaves. */
  | { readonly type: 'opened', readonly holder: string, readonly have: Uint8Array }
  /** Bytes came from it, not necessarily a whole leaf. */
  | { readonly type: 'moved', readonly holder: string }
  /** A leaf that it was asked for: verified, and on the disk. */
  | { readonly type: 'brought', readonly holder: string, readonly index: number, readonly bytes: number }
  | { readonly type: 'lacking', readonly holder: string, readonly index: number }
  /** The stream to it is over, or never began. `lost` may pass soon; `limited` after `retryAfterMs`. */
  | { readonly type: 'closed', readonly holder: string, readonly reason: HolderEnd | 'lost', readonly retryAfterMs?: number }
  /** Another one that might have it. One that is known already is left as it is. */
  | { readonly type: 'found', readonly holder: string }

export interface Moment { readonly nowMs: number, readonly fraction: number }

export type FetchEffect =
  /** Open a stream to it; report `opened` or `closed`. */
  | { readonly type: 'open', readonly holder: string }
  | { readonly type: 'want', readonly holder: string, readonly first: number, readonly count: number }
  /** End the stream to it, and report nothing more of it. */
  | { readonly type: 'close', readonly holder: string }

export interface FetchStep { readonly next: FetchPlan, readonly effects: readonly FetchEffect[] }

export type FetchFailure = 'NOT_FOUND' | 'NO_PROVIDERS' | 'TIMEOUT' | 'QUOTA'

export function planFetch ({ leafCount, have, holders }: { readonly leafCount: number, readonly have: Uint8Array, readonly holders: readonly string[] }): FetchPlan {
  const missingCount = leafCount - countLeaves(have)
  return advance({ leafCount, have, missingCount, firstMissing: 0, holders: new Map(holders.map(holder => [holder, FRESH])) })
}

/** Pure: one event, one step. What is said of a holder in a state in which it means nothing is left as it is. */
export function stepFetch (plan: FetchPlan, event: FetchEvent, moment: Moment): FetchStep {
  const draft = new Draft(plan, moment)
  draft.take(event)
  draft.giveUpSilent()
  draft.openHolders()
  draft.wantLeaves()
  return { next: draft.plan, effects: draft.effects }
}

/** How it has ended: 'done', or why not; undefined while there is hope. */
export function fetchEnd ({ missingCount, holders }: FetchPlan): 'done' | FetchFailure | undefined {
  if (missingCount === 0) return 'done'
  const reasons = new Set<HolderEnd>()
  for (const holder of holders.values()) {
    if (holder.at !== 'over') return undefined
    reasons.add(holder.reason)
  }
  if (reasons.has('stalled')) return 'TIMEOUT'
  if (reasons.has('limited')) return 'QUOTA'
  if (reasons.has('unreachable') || reasons.size === 0) return 'NO_PROVIDERS'
  // Who lies or refuses has not got it, as far as we are concerned.
  return 'NOT_FOUND'
}

/** Whether somebody who was to keep it has answered that it does not: that the others cannot be reached is then no reason to wait for them. */
export function isMissed ({ holders }: FetchPlan): boolean {
  return [...holders.values()].some(holder => holder.at === 'over' && holder.reason === 'notFound')
}

/**
 * When to step again though nothing happens; undefined: never.
 * @param nowMs of the last step: by a later one, what was not due then and is due now would be forgotten
 */
export function fetchDueAtMs (plan: FetchPlan, nowMs: number): number | undefined {
  if (fetchEnd(plan) !== undefined) return undefined
  const hasSlot = openCount(plan.holders) < HOLDERS_OPEN_MAX
  return leastOf([...plan.holders.values()].flatMap(holder => {
    if (holder.at === 'waiting') return hasSlot ? [holder.retryAtMs] : []
    if (holder.at === 'opening') return [holder.sinceMs + HOLDER_OPEN_MS_MAX]
    if (holder.at === 'over' || holder.wanted.length === 0) return []
    // At half of it others are asked for the same: see `spare`.
    return [holder.movedAtMs + HOLDER_SILENT_MS_MAX / 2, holder.movedAtMs + HOLDER_SILENT_MS_MAX]
  }).filter(atMs => atMs > nowMs))
}

/** What all open holders bring together now, bytes in a second. */
export function fetchBytesPerSecond ({ holders }: FetchPlan): number {
  let bytesPerMs = 0
  for (const holder of holders.values()) if (holder.at === 'open' && holder.wanted.length > 0) bytesPerMs += holder.bytesPerMs
  return bytesPerMs * 1000
}

/** One step under way. */
class Draft {
  readonly effects: FetchEffect[] = []
  readonly #moment: Moment
  #plan: FetchPlan
  readonly #holders: Map<string, Holder>

  constructor (plan: FetchPlan, moment: Moment) {
    this.#plan = plan
    this.#holders = new Map(plan.holders)
    this.#moment = moment
  }

  get plan (): FetchPlan { return { ...this.#plan, holders: this.#holders } }

  take (event: FetchEvent): void {
    if (event.type === 'due') return
    const holder = this.#holders.get(event.holder)
    if (event.type === 'found') {
      if (holder === undefined) this.#holders.set(event.holder, FRESH)
    } else if (holder !== undefined) {
      this.#takeOf(event, holder)
    }
  }

  /** A holder that owes leaves and has brought nothing for 5 s loses them; one that does not open in time as well. */
  giveUpSilent (): void {
    const { nowMs } = this.#moment
    for (const [name, holder] of this.#holders) {
      const isLate = (holder.at === 'opening' && nowMs >= holder.sinceMs + HOLDER_OPEN_MS_MAX) ||
        (holder.at === 'open' && holder.wanted.length > 0 && nowMs >= holder.movedAtMs + HOLDER_SILENT_MS_MAX)
      if (!isLate) continue
      this.effects.push({ type: 'close', holder: name })
      this.#failed(name, holder)
    }
  }

  openHolders (): void {
    const { nowMs } = this.#moment
    let free = this.#plan.missingCount === 0 ? 0 : HOLDERS_OPEN_MAX - openCount(this.#holders)
    for (const [name, holder] of this.#holders) {
      if (free <= 0) return
      if (holder.at !== 'waiting' || holder.retryAtMs > nowMs) continue
      this.#holders.set(name, { at: 'opening', attempts: holder.attempts, sinceMs: nowMs })
      this.effects.push({ type: 'open', holder: name })
      free -= 1
    }
  }

  wantLeaves (): void {
    if (this.#plan.missingCount === 0) return
    const asked = askedOf(this.#holders)
    for (const [name, holder] of this.#holders) {
      if (holder.at !== 'open') continue
      const leaves = this.#pick(name, holder, asked)
      if (leaves.length > 0) this.#want(name, holder, leaves)
      else if (holder.wanted.length === 0 && !hasAnyBeyond(holder.have, this.#plan.have)) this.#exhausted(name, holder)
    }
  }

  #takeOf (event: Exclude<FetchEvent, { type: 'due' | 'found' }>, holder: Holder): void {
    const { nowMs } = this.#moment
    switch (event.type) {
      case 'opened':
        if (holder.at === 'opening') this.#holders.set(event.holder, { at: 'open', attempts: holder.attempts, have: event.have, wanted: [], movedAtMs: nowMs, leafAtMs: nowMs, bytesPerMs: 0, broughtCount: 0 })
        return
      case 'moved':
        if (holder.at === 'open') this.#holders.set(event.holder, { ...holder, movedAtMs: nowMs })
        return
      case 'brought':
        if (holder.at === 'open') this.#brought(event, holder)
        return
      case 'lacking':
        if (holder.at === 'open') this.#holders.set(event.holder, { ...holder, movedAtMs: nowMs, wanted: without(holder.wanted, event.index), have: withLeaf(holder.have, event.index, false) })
        return
      case 'closed':
        if (holder.at !== 'over') this.#closed(event, holder)
    }
  }

  #brought ({ holder: name, index, bytes }: FetchEvent & { readonly type: 'brought' }, holder: OpenHolder): void {
    const { nowMs } = this.#moment
    const measured = bytes / Math.max(1, nowMs - holder.leafAtMs)
    const bytesPerMs = holder.bytesPerMs === 0 ? measured : holder.bytesPerMs * (1 - NEWEST_SHARE) + measured * NEWEST_SHARE
    this.#holders.set(name, { ...holder, attempts: 0, wanted: without(holder.wanted, index), movedAtMs: nowMs, leafAtMs: nowMs, bytesPerMs, broughtCount: holder.broughtCount + 1 })
    if (hasLeaf(this.#plan.have, index)) return
    this.#plan = advance({ ...this.#plan, have: withLeaf(this.#plan.have, index, true), missingCount: this.#plan.missingCount - 1 })
  }

  #closed ({ holder: name, reason, retryAfterMs = 0 }: FetchEvent & { readonly type: 'closed' }, holder: Holder & { readonly at: 'waiting' | 'opening' | 'open' }): void {
    if (reason === 'lost') this.#failed(name, holder)
    else if (reason === 'limited' && retryAfterMs <= HOLDER_RETRY_MS_MAX) this.#failed(name, holder, { reason, retryAfterMs })
    else this.#holders.set(name, { at: 'over', reason })
  }

  #failed (name: string, { attempts }: Holder & { readonly attempts: number }, { reason = 'stalled', retryAfterMs = 0 }: { readonly reason?: HolderEnd, readonly retryAfterMs?: number } = {}): void {
    const { nowMs, fraction } = this.#moment
    const failures = attempts + 1
    this.#holders.set(name, failures >= HOLDER_ATTEMPTS_MAX
      ? { at: 'over', reason }
      : { at: 'waiting', attempts: failures, retryAtMs: nowMs + Math.max(retryAfterMs, retryDelayMs(failures, fraction)) })
  }

  /** It has nothing more that is missing. If it brought something it may just be getting the rest itself: it is looked at again. */
  #exhausted (name: string, holder: OpenHolder): void {
    this.effects.push({ type: 'close', holder: name })
    const isGrowing = holder.broughtCount > 0
    this.#holders.set(name, isGrowing ? { at: 'waiting', attempts: 1, retryAtMs: this.#moment.nowMs + retryDelayMs(1, this.#moment.fraction) } : { at: 'over', reason: 'notFound' })
  }

  /** In rising order, so that what is played can be played meanwhile. */
  #pick (name: string, holder: OpenHolder, asked: Map<number, string[]>): number[] {
    const { have, firstMissing, leafCount } = this.#plan
    const room = windowOf(holder) - holder.wanted.length
    const leaves: number[] = []
    for (let index = firstMissing; index < leafCount && leaves.length < room; index++) {
      if (!hasLeaf(have, index) && hasLeaf(holder.have, index) && !asked.has(index)) leaves.push(index)
    }
    // Everything that it could bring is asked of others already. One leaf at a time may be asked of it, too.
    if (leaves.length === 0 && holder.wanted.length === 0) leaves.push(...this.#spare(name, holder, asked))
    for (const index of leaves) asked.set(index, [...asked.get(index) ?? [], name])
    return leaves
  }

  /**
   * The end game: the leaf for which another holder will need longest, if this one would bring it in half of that time, or if the other
   * has been silent for half of what it may be. Of two holders at most: nothing comes three times.
   */
  #spare (name: string, holder: OpenHolder, asked: ReadonlyMap<number, readonly string[]>): number[] {
    const ownMs = holder.bytesPerMs === 0 ? undefined : LEAF_BYTES / holder.bytesPerMs
    let slowest: { readonly index: number, readonly waitMs: number } | undefined
    for (const [other, { wanted, bytesPerMs, movedAtMs }] of openOf(this.#holders)) {
      const isSilent = this.#moment.nowMs - movedAtMs >= HOLDER_SILENT_MS_MAX / 2
      for (const [place, index] of other === name ? [] : wanted.entries()) {
        if (asked.get(index)?.length !== 1 || hasLeaf(this.#plan.have, index) || !hasLeaf(holder.have, index)) continue
        const waitMs = isSilent ? Infinity : bytesPerMs === 0 ? 0 : (place + 1) * LEAF_BYTES / bytesPerMs
        if (!isSilent && (ownMs === undefined || ownMs * 2 > waitMs)) continue
        if (slowest === undefined || waitMs > slowest.waitMs) slowest = { index, waitMs }
      }
    }
    return slowest === undefined ? [] : [slowest.index]
  }

  #want (name: string, holder: OpenHolder, leaves: readonly number[]): void {
    const { nowMs } = this.#moment
    const isFirst = holder.wanted.length === 0
    this.#holders.set(name, { ...holder, wanted: [...holder.wanted, ...leaves], ...isFirst && { movedAtMs: nowMs, leafAtMs: nowMs } })
    for (const { first, count } of runsOf(leaves)) this.effects.push({ type: 'want', holder: name, first, count })
  }
}

const FRESH: Holder = { at: 'waiting', attempts: 0, retryAtMs: 0 }
/** How much the newest leaf counts in a holder's rate: five leaves tell of a change. */
const NEWEST_SHARE = 0.3

function advance (plan: FetchPlan): FetchPlan {
  let { firstMissing } = plan
  while (firstMissing < plan.leafCount && hasLeaf(plan.have, firstMissing)) firstMissing++
  return { ...plan, firstMissing }
}

/** As much as it brings in a moment, so that others need not wait for what a slow one was asked for. */
function windowOf ({ bytesPerMs }: OpenHolder): number {
  if (bytesPerMs === 0) return WANTED_LEAVES_FIRST
  return Math.min(WANTED_LEAVES_MAX, Math.max(WANTED_LEAVES_MIN, Math.ceil(bytesPerMs * WANTED_MS / LEAF_BYTES)))
}

function openCount (holders: ReadonlyMap<string, Holder>): number {
  let count = 0
  for (const { at } of holders.values()) if (at === 'opening' || at === 'open') count += 1
  return count
}

function openOf (holders: ReadonlyMap<string, Holder>): Array<readonly [string, OpenHolder]> {
  return [...holders].flatMap(([name, holder]) => holder.at === 'open' ? [[name, holder] as const] : [])
}

/** Who has been asked for each leaf that is under way. */
function askedOf (holders: ReadonlyMap<string, Holder>): Map<number, string[]> {
  const asked = new Map<number, string[]>()
  for (const [name, { wanted }] of openOf(holders)) {
    for (const index of wanted) asked.set(index, [...asked.get(index) ?? [], name])
  }
  return asked
}

function without (leaves: readonly number[], index: number): readonly number[] {
  return leaves.filter(other => other !== index)
}

function runsOf (leaves: readonly number[]): Array<{ readonly first: number, readonly count: number }> {
  const runs: Array<{ first: number, count: number }> = []
  for (const index of leaves) {
    const last = runs.at(-1)
    if (last !== undefined && last.first + last.count === index) last.count += 1
    else runs.push({ first: index, count: 1 })
  }
  return runs
}

function leastOf (values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.min(...values)
}
