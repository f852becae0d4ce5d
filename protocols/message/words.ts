/** How the state of an own message is shown: the same shapes and words on every surface, and none of them by colour alone. */
import type { DeliveryState } from './receipt.ts'

/** Signed copies at relays. */
export interface Copies {
  readonly stored: number
  /** Relays that were asked. */
  readonly of: number
  /** Copies that make a message safe to leave there. */
  readonly enough: number
}

export interface GlyphOptions {
  /** For terminals whose locale is not UTF-8. */
  readonly ascii: boolean
  /** Without them, stored shows as kept once. */
  readonly copies?: Copies | undefined
}

/** More strokes than this cannot be counted at a glance: words only. */
const STROKES_MAX = 5

interface Shape { readonly unicode: string, readonly ascii: string }

/** A tick is a person's device that signed; read stands on a thread; ! and the crossed ring have ended. */
const SHAPES: Readonly<Record<Exclude<DeliveryState, 'stored'>, Shape>> = {
  queued: { unicode: '○', ascii: 'o' },
  delivered: { unicode: '✓✓', ascii: 'vv' },
  read: { unicode: '✓✓_', ascii: 'vv_' },
  failed: { unicode: '!', ascii: '!' },
  expired: { unicode: '⊘', ascii: 'x' },
  cancelled: { unicode: '–', ascii: '-' }
}

/** The sign of a state. Empty for more relays than can be drawn: `stateWord` then says it. */
export function stateGlyph (state: DeliveryState, { ascii, copies }: GlyphOptions): string {
  if (state === 'stored') return strokes(copies ?? { stored: 1, of: 1, enough: 1 }, ascii)
  return ascii ? SHAPES[state].ascii : SHAPES[state].unicode
}

/** A stroke is a copy: tall where a relay signed, a dot where it has not. */
function strokes ({ stored, of }: Copies, ascii: boolean): string {
  if (of > STROKES_MAX) return ''
  return '/'.repeat(stored) + (ascii ? '.' : '·').repeat(of - stored)
}

/** What stands beside the sign. Empty where the sign says it all: ticks are known from elsewhere. */
export function stateWord (state: DeliveryState, copies?: Copies): string {
  switch (state) {
    case 'queued': return 'Queued'
    case 'stored': return copies === undefined ? 'Stored' : `${copies.stored} of ${copies.of}`
    case 'delivered': return ''
    case 'read': return ''
    case 'failed': return 'Not sent'
    case 'expired': return 'Expired'
    case 'cancelled': return 'Taken back'
  }
}

export interface Spoken {
  readonly copies?: Copies | undefined
  /** Why it failed, in words. */
  readonly reason?: string | undefined
}

/** The state as a sentence without its full stop: for screen readers, titles and traces. */
export function stateSentence (state: DeliveryState, { copies, reason }: Spoken = {}): string {
  switch (state) {
    case 'queued': return 'Queued on this computer'
    case 'stored': return copies === undefined ? 'Stored at a relay' : copiesSentence(copies)
    case 'delivered': return 'Delivered'
    case 'read': return 'Read'
    case 'failed': return reason === undefined ? 'Not sent' : `Not sent, ${reason}`
    case 'expired': return 'Expired, nobody collected it'
    case 'cancelled': return 'Taken back before it arrived'
  }
}

function copiesSentence ({ stored, of, enough }: Copies): string {
  const sentence = `Stored at ${stored} of ${of} ${of === 1 ? 'relay' : 'relays'}`
  return stored < enough ? `${sentence}, not yet enough` : sentence
}
