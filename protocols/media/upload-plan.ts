/**
 * Bringing a blob to relays: which ones, when again, and whether there are enough copies. The recipient's own come first; ours take their place
 * when fewer than two of them take it. Who carries it is for the node. Law: docs/protocols/media.md, "Transfer" (`put`).
 */
import { COPIES_ENOUGH, COPY_RENEW_MS, PUT_SILENT_MS_MAX, REFUSED_RETRY_MS_MAX } from '../core/limits.ts'
import { afterFailure, copiesOf, copyDueAtMs, enoughOf, isCopyDue, NO_COPY, type Copies, type CopyState } from '../deposit/copies.ts'

/** What a relay says when it does not take a blob. */
export interface PutRefusal {
  readonly reason: PutRefusalReason
  /** Of one blob, or what is left of a quota; 0: not said. */
  readonly limitBytes: number
  readonly retryAfterMs: number
}

export type PutRefusalReason = 'version' | 'notFound' | 'badKey' | 'unknownAlias' | 'tooLarge' | 'quota' | 'capacity' | 'busy' | 'rate' | 'notOffered' | 'malformed' | 'other'

export interface UploadRelay {
  /** Of the sender: the recipient learns of it from the attachment. */
  readonly isOwn: boolean
  readonly copy: CopyState
  /** A stream to it is open. */
  readonly putting: { readonly movedAtMs: number } | undefined
  /** Until when it has signed that it will keep it, should all of it come. */
  readonly promisedUntilMs: number | undefined
  /** What it said last, when it was no. */
  readonly refusal: PutRefusal | undefined
  /** Its time could not be made longer; not before then it is tried again. */
  readonly renewAtMs: number
}

export interface UploadPlan {
  /** By PeerId; the recipient's own first, the best of them first. */
  readonly relays: ReadonlyMap<string, UploadRelay>
}

export interface UploadCandidate { readonly relay: string, readonly isOwn: boolean, readonly copy?: CopyState | undefined }

/** Times are of the wall clock, since promises are. */
export type UploadEvent =
  /** A timer, the beginning, or the line is back. */
  | { readonly type: 'due' }
  | { readonly type: 'promised', readonly relay: string, readonly keepUntilMs: number }
  /** Something was taken by the stream to it, or came from there. */
  | { readonly type: 'moved', readonly relay: string }
  /** It has more of it than before: whatever failed until now counts no more. */
  | { readonly type: 'progress', readonly relay: string }
  /** It has signed that all of it is on its disk. */
  | { readonly type: 'stored', readonly relay: string, readonly keepUntilMs: number }
  | { readonly type: 'refused', readonly relay: string, readonly refusal: PutRefusal }
  | { readonly type: 'closed', readonly relay: string }
  /** What it sent was not true: a promise that it has not signed, a leaf that is not of this blob. It is asked no more. */
  | { readonly type: 'lied', readonly relay: string }
  /** There is reason to believe that relays answer now. */
  | { readonly type: 'hint' }

export type UploadEffect =
  /** Open a stream and put; report `stored`, `refused`, `closed` or `lied`. */
  | { readonly type: 'put', readonly relay: string }
  /** End the stream, and report nothing more of it. */
  | { readonly type: 'close', readonly relay: string }

export interface UploadStep { readonly next: UploadPlan, readonly effects: readonly UploadEffect[] }

interface Moment { readonly nowMs: number, readonly fraction: number }

export function planUpload (candidates: readonly UploadCandidate[]): UploadPlan {
  const sorted = [...candidates.filter(({ isOwn }) => !isOwn), ...candidates.filter(({ isOwn }) => isOwn)]
  const relays = new Map<string, UploadRelay>()
  // A relay of both is the recipient's: that is where it is looked for first.
  for (const { relay, isOwn, copy = NO_COPY } of sorted) if (!relays.has(relay)) relays.set(relay, { isOwn, copy, putting: undefined, promisedUntilMs: undefined, refusal: undefined, renewAtMs: 0 })
  return { relays }
}

/** Pure: one event, one step. */
export function stepUpload (plan: UploadPlan, event: UploadEvent, moment: Moment): UploadStep {
  const relays = new Map(plan.relays)
  const effects: UploadEffect[] = []
  if (event.type === 'hint') for (const [name, relay] of relays) relays.set(name, hinted(relay, moment))
  else if (event.type !== 'due') take(relays, event, moment)
  for (const [name, relay] of relays) {
    if (relay.putting === undefined || moment.nowMs < relay.putting.movedAtMs + PUT_SILENT_MS_MAX) continue
    effects.push({ type: 'close', relay: name })
    relays.set(name, failed(relay, moment))
  }
  for (const name of dueRelays(relays, moment.nowMs)) {
    const relay = relays.get(name)
    if (relay === undefined) continue
    relays.set(name, { ...relay, putting: { movedAtMs: moment.nowMs } })
    effects.push({ type: 'put', relay: name })
  }
  return { next: { relays }, effects }
}

/** What is kept now, and how much is enough: a message whose recipient has one relay, and its sender none, has one copy. */
export function uploadCopies ({ relays }: UploadPlan, nowMs: number): Copies & { readonly keepUntilMs: number } {
  const used = [...relays.values()].filter(({ isOwn, copy, putting }) => !isOwn || copy.at === 'stored' || putting !== undefined).map(({ copy }) => copy)
  const held = used.flatMap(state => state.at === 'stored' && state.expiresAtMs > nowMs ? [state.expiresAtMs] : [])
  return { ...copiesOf(used, nowMs), enough: enoughOf(relays.size), keepUntilMs: held.length === 0 ? 0 : Math.min(...held) }
}

/** Whether nobody takes it: everybody refuses for good, or there is nobody. What has been stored does not make it better once it has run out. */
export function isRefused ({ relays }: UploadPlan): boolean {
  return [...relays.values()].every(({ copy }) => copy.at === 'refused')
}

/** When to step again though nothing happens; undefined: never. */
export function uploadDueAtMs ({ relays }: UploadPlan, nowMs: number): number | undefined {
  const next = [...candidatesOf(relays, nowMs)].flatMap(([, { copy }]) => copyDueAtMs(copy) ?? [])
  const silent = [...relays.values()].flatMap(({ putting }) => putting === undefined ? [] : [putting.movedAtMs + PUT_SILENT_MS_MAX])
  const renewed = [...relays.values()].flatMap(relay => relay.copy.at === 'stored' && relay.putting === undefined ? [renewAtMs(relay)] : [])
  const all = [...next, ...silent, ...renewed]
  return all.length === 0 ? undefined : Math.min(...all)
}

function take (relays: Map<string, UploadRelay>, event: Exclude<UploadEvent, { type: 'due' | 'hint' }>, moment: Moment): void {
  const relay = relays.get(event.relay)
  if (relay?.putting === undefined) return
  switch (event.type) {
    case 'promised':
      relays.set(event.relay, { ...relay, putting: { movedAtMs: moment.nowMs }, promisedUntilMs: event.keepUntilMs, refusal: undefined })
      return
    case 'moved':
      relays.set(event.relay, { ...relay, putting: { movedAtMs: moment.nowMs } })
      return
    case 'progress':
      relays.set(event.relay, { ...relay, putting: { movedAtMs: moment.nowMs }, copy: relay.copy.at === 'none' ? NO_COPY : relay.copy })
      return
    case 'stored':
      // A relay that signs for a moment that is over has stored nothing, and must not be asked again and again.
      relays.set(event.relay, event.keepUntilMs <= moment.nowMs
        ? { ...relay, putting: undefined, copy: { at: 'refused' } }
        : { ...relay, putting: undefined, refusal: undefined, copy: { at: 'stored', storedAtMs: moment.nowMs, expiresAtMs: event.keepUntilMs } })
      return
    case 'refused':
      relays.set(event.relay, { ...relay, putting: undefined, refusal: event.refusal, copy: afterRefusal(relay.copy, event.refusal, moment) })
      return
    case 'closed':
      relays.set(event.relay, failed(relay, moment))
      return
    case 'lied':
      relays.set(event.relay, { ...relay, putting: undefined, promisedUntilMs: undefined, copy: { at: 'refused' } })
  }
}

/** Those to which it is put now: as many as are missing, and those whose time runs out. */
function dueRelays (relays: ReadonlyMap<string, UploadRelay>, nowMs: number): string[] {
  const renewed = [...relays].filter(([, relay]) => relay.copy.at === 'stored' && relay.putting === undefined && renewAtMs(relay) <= nowMs).map(([name]) => name)
  const due = candidatesOf(relays, nowMs).filter(([, { copy }]) => isCopyDue(copy, nowMs)).map(([name]) => name)
  return [...new Set([...renewed, ...due.slice(0, missingCount(relays, nowMs))])]
}

/** Who may be asked next, while copies are missing: ours only when too few of theirs are left that may take it. */
function candidatesOf (relays: ReadonlyMap<string, UploadRelay>, nowMs: number): Array<readonly [string, UploadRelay]> {
  if (missingCount(relays, nowMs) === 0) return []
  const isOwnNeeded = [...relays.values()].filter(relay => !relay.isOwn && isHopeful(relay)).length < COPIES_ENOUGH
  return [...relays].filter(([, { copy, putting, isOwn }]) => copy.at === 'none' && putting === undefined && (!isOwn || isOwnNeeded))
}

function missingCount (relays: ReadonlyMap<string, UploadRelay>, nowMs: number): number {
  const counted = [...relays.values()].filter(({ copy, putting }) => (copy.at === 'stored' && copy.expiresAtMs > nowMs) || (putting !== undefined && copy.at === 'none'))
  return Math.max(0, COPIES_ENOUGH - counted.length)
}

function isHopeful ({ copy }: UploadRelay): boolean {
  return copy.at === 'stored' || (copy.at === 'none' && copy.attempts === 0)
}

/** It would say the same of the same blob. Room may be made, and a newer list of devices may bring a newer door. */
const LASTING: ReadonlySet<PutRefusalReason> = new Set(['version', 'badKey', 'tooLarge', 'notOffered', 'malformed', 'notFound'])

function afterRefusal (copy: CopyState, { reason, retryAfterMs }: PutRefusal, { nowMs, fraction }: Moment): CopyState {
  if (LASTING.has(reason)) return { at: 'refused' }
  return afterFailure(copy, { nowMs, fraction, retryAfterMs: Math.min(retryAfterMs, REFUSED_RETRY_MS_MAX) })
}

/** What is stored stays so when its time could not be made longer: that is tried again when half of the rest is over, and once it is out, anew. */
function failed (relay: UploadRelay, moment: Moment): UploadRelay {
  const { copy } = relay
  if (copy.at !== 'stored') return { ...relay, putting: undefined, copy: afterFailure(copy, moment) }
  const leftMs = copy.expiresAtMs - moment.nowMs
  if (leftMs < PUT_SILENT_MS_MAX) return { ...relay, putting: undefined, copy: afterFailure(NO_COPY, moment) }
  return { ...relay, putting: undefined, renewAtMs: moment.nowMs + Math.min(COPY_RENEW_MS, leftMs) / 2 }
}

function renewAtMs (relay: UploadRelay): number { return Math.max(copyDueAtMs(relay.copy) ?? 0, relay.renewAtMs) }

function hinted (relay: UploadRelay, { nowMs }: Moment): UploadRelay {
  const { copy, refusal } = relay
  // That the line is back is no news of a relay that has said no.
  return copy.at === 'none' && refusal === undefined ? { ...relay, copy: { at: 'none', attempts: 0, retryAtMs: nowMs } } : relay
}
