/**
 * W of N: an envelope's copies at the recipient's relays. Decides when which copy is due and how many there are; who carries them is for
 * the node. Law: docs/protocols/deposit.md, "Copies".
 */
import { COPIES_ENOUGH, COPY_RENEW_MS, HEDGE_MS_MAX, HEDGE_MS_MIN } from '../core/limits.ts'
import { retryDelayMs } from './delivery.ts'

/** One copy at one relay. */
export type CopyState =
  /** Not deposited yet, or to be deposited anew. */
  | { readonly at: 'none', readonly attempts: number, readonly retryAtMs: number }
  /** The relay signed. */
  | { readonly at: 'stored', readonly storedAtMs: number, readonly expiresAtMs: number }
  /** The relay refuses it for good: it would not help to ask again. */
  | { readonly at: 'refused' }

export interface Copies {
  /** Signed and not expired. */
  readonly stored: number
  /** Relays of the recipient. */
  readonly of: number
  /** Signed copies that make the envelope safe to leave there. */
  readonly enough: number
}

export const NO_COPY: CopyState = { at: 'none', attempts: 0, retryAtMs: 0 }

/** W for N relays: one relay is all there is, and shown as such. */
export function enoughOf (relays: number): number {
  return Math.min(COPIES_ENOUGH, relays)
}

export function copiesOf (states: readonly CopyState[], nowMs: number): Copies {
  return { stored: states.filter(state => isHeld(state, nowMs)).length, of: states.length, enough: enoughOf(states.length) }
}

export function isStored ({ stored, of, enough }: Copies): boolean {
  return of > 0 && stored >= enough
}

/** The least of what several devices have: a message is as safe as at the device that is worst off. */
export function leastCopies (copies: readonly Copies[]): Copies | undefined {
  return copies.reduce<Copies | undefined>((least, each) => least === undefined || each.stored - each.enough < least.stored - least.enough ? each : least, undefined)
}

/**
 * How long a warm direct connection may try alone before the relays are used: three round trips of the slowest twentieth.
 * @param p95RoundTripMs undefined: not known
 */
export function headStartMs (p95RoundTripMs: number | undefined): number {
  return Math.min(HEDGE_MS_MAX, Math.max(HEDGE_MS_MIN, 3 * (p95RoundTripMs ?? 0)))
}

/** Whether a copy should be deposited now. */
export function isCopyDue (state: CopyState, nowMs: number): boolean {
  switch (state.at) {
    case 'none': return nowMs >= state.retryAtMs
    case 'stored': return nowMs >= renewAtMs(state)
    case 'refused': return false
  }
}

/** When to look at it again; undefined: never by itself. */
export function copyDueAtMs (state: CopyState): number | undefined {
  switch (state.at) {
    case 'none': return state.retryAtMs
    case 'stored': return renewAtMs(state)
    case 'refused': return undefined
  }
}

/** After an attempt that came to nothing, for a reason that may pass. */
export function afterFailure (state: CopyState, { nowMs, fraction, retryAfterMs = 0 }: { readonly nowMs: number, readonly fraction: number, readonly retryAfterMs?: number }): CopyState {
  const attempts = state.at === 'none' ? state.attempts + 1 : 1
  return { at: 'none', attempts, retryAtMs: nowMs + Math.max(retryAfterMs, retryDelayMs(attempts, fraction)) }
}

function isHeld (state: CopyState, nowMs: number): boolean {
  return state.at === 'stored' && nowMs < state.expiresAtMs
}

/** Before it expires, with a day to spare, or a quarter of a time that is shorter. */
function renewAtMs ({ storedAtMs, expiresAtMs }: Extract<CopyState, { at: 'stored' }>): number {
  return expiresAtMs - Math.min(COPY_RENEW_MS, Math.max(0, expiresAtMs - storedAtMs) / 4)
}
