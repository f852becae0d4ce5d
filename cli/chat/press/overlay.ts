/** What lies over the conversation takes all keys: search, go-to, the keys, a trace, a reaction, a question. */
import { insert, type Editing } from '../editor.ts'
import { matchingConversations } from '../match.ts'
import { act, jumpTo, openConversationStep, stay } from '../navigate.ts'
import { KEY_ROWS } from '../paint/keys.ts'
import { allTraceRows } from '../paint/trace.ts'
import { REACTIONS } from '../reactions.ts'
import { geometry, knownMessage, openAccount } from '../select.ts'
import type { ChatState, Overlay, Step } from '../shape.ts'
import { insertText } from './composer.ts'
import { edited } from './field.ts'

/** What a search takes (protocols/local: `query`). */
const FIELD_UNITS_MAX = 1_024

export function pressOverlay (state: ChatState, chord: string): Step {
  const { overlay } = state
  if (overlay === undefined) return stay(state)
  if (chord === 'escape') return closed(state)
  switch (overlay.type) {
    case 'search': return pressSearch(state, overlay, chord)
    case 'goTo': return pressGoTo(state, overlay, chord)
    case 'keys': return chord === 'enter' ? closed(state) : stay({ ...state, overlay: { ...overlay, top: scrolledTop(overlay.top, chord, { rows: KEY_ROWS, height: geometry(state).innerRows }) } })
    case 'trace': return pressTrace(state, overlay, chord)
    case 'react': return pressReact(state, overlay, chord)
    case 'confirm': return closed(state)
  }
}

export function typeInOverlay (state: ChatState, text: string): Step {
  const { overlay } = state
  switch (overlay?.type) {
    case 'search': return overlay.field.text === '' && text === '/' ? typedTwice(state, '/') : withQuery(state, overlay, typed(overlay.field, text))
    case 'goTo': return stay({ ...state, overlay: { ...overlay, field: typed(overlay.field, text), cursor: 0 } })
    case 'keys': return text === '?' ? typedTwice(state, '?') : closed(state)
    case 'trace': return typeInTrace(state, overlay, text)
    case 'react': return typeInReact(state, overlay, text)
    case 'confirm': return text.toLowerCase() === 'y' ? act({ ...state, overlay: undefined }, overlay.yes) : closed(state)
    case undefined: return stay(state)
  }
}

function closed (state: ChatState): Step {
  return stay({ ...state, overlay: undefined })
}

/** The sign that opened this from an empty composer was meant as text. */
function typedTwice (state: ChatState, sign: string): Step {
  const without = { ...state, overlay: undefined }
  return state.focus === 'composer' ? insertText(without, sign) : stay(without)
}

function typed (field: Editing, text: string): Editing {
  return field.text.length + text.length > FIELD_UNITS_MAX ? field : insert(field, text.replace(/\s/g, ' '))
}

type OverlayOf<Type extends Overlay['type']> = Extract<Overlay, { readonly type: Type }>

function pressSearch (state: ChatState, overlay: OverlayOf<'search'>, chord: string): Step {
  const found = overlay.found?.query === overlay.field.text.trim() ? overlay.found.messages : []
  const message = found[overlay.cursor]
  switch (chord) {
    case 'enter': return message === undefined ? stay(state) : jumpTo(state, message)
    case 'up': case 'down': return stay({ ...state, overlay: { ...overlay, cursor: stepped(overlay.cursor, chord, found.length) } })
    case 'tab': case 'shift+tab': return openAccount(state) === undefined ? stay(state) : withQuery(state, { ...overlay, scope: overlay.scope === 'everywhere' ? 'conversation' : 'everywhere' }, overlay.field)
    default: {
      const field = edited(overlay.field, chord)
      return field === undefined ? stay(state) : withQuery(state, overlay, field)
    }
  }
}

/** Finds while one types; the model leaves out queries that were overtaken. */
function withQuery (state: ChatState, overlay: OverlayOf<'search'>, field: Editing): Step {
  const query = field.text.trim()
  const isSame = query === overlay.field.text.trim() && state.overlay?.type === 'search' && state.overlay.scope === overlay.scope
  const next: ChatState = { ...state, overlay: { ...overlay, field, cursor: isSame ? overlay.cursor : 0, found: isSame ? overlay.found : undefined } }
  if (query === '' || isSame) return stay(next)
  return act(next, { do: 'search', query, account: overlay.scope === 'conversation' ? openAccount(state) : undefined })
}

function pressGoTo (state: ChatState, overlay: OverlayOf<'goTo'>, chord: string): Step {
  const matches = matchingConversations(state, overlay.field.text)
  const match = matches[overlay.cursor]
  switch (chord) {
    case 'enter': return match === undefined ? stay(state) : openConversationStep(state, match.contact.account)
    case 'up': case 'down': return stay({ ...state, overlay: { ...overlay, cursor: stepped(overlay.cursor, chord, matches.length) } })
    default: {
      const field = edited(overlay.field, chord)
      return field === undefined ? stay(state) : stay({ ...state, overlay: { ...overlay, field, cursor: 0 } })
    }
  }
}

function pressTrace (state: ChatState, overlay: OverlayOf<'trace'>, chord: string): Step {
  const { streamColumns, innerRows } = geometry(state)
  const rows = allTraceRows(state, overlay, streamColumns).length
  return stay({ ...state, overlay: { ...overlay, top: scrolledTop(overlay.top, chord, { rows, height: innerRows }) } })
}

function typeInTrace (state: ChatState, overlay: OverlayOf<'trace'>, text: string): Step {
  const message = overlay.trace?.message ?? knownMessage(state, overlay.id)
  const isWaiting = message?.isOwn === true && (message.state === 'queued' || message.state === 'stored' || message.state === 'failed')
  if (text === 'r' && isWaiting) return act(state, { do: 'retry', id: overlay.id })
  if (text === 'x' && isWaiting) return stay({ ...state, overlay: { type: 'confirm', question: 'Take this message back before it arrives?', yes: { do: 'cancel', id: overlay.id } } })
  return text === 't' ? closed(state) : stay(state)
}

function pressReact (state: ChatState, overlay: OverlayOf<'react'>, chord: string): Step {
  const emoji = overlay.field.text.trim()
  if (chord === 'enter') return emoji === '' ? closed(state) : act({ ...state, overlay: undefined }, { do: 'react', id: overlay.id, emoji })
  const field = edited(overlay.field, chord)
  return field === undefined ? stay(state) : stay({ ...state, overlay: { ...overlay, field } })
}

function typeInReact (state: ChatState, overlay: OverlayOf<'react'>, text: string): Step {
  const isPick = overlay.field.text === '' && /^[0-6]$/.test(text)
  if (!isPick) return stay({ ...state, overlay: { ...overlay, field: typed(overlay.field, text) } })
  const emoji = text === '0' ? '' : REACTIONS[Number(text) - 1]?.emoji ?? ''
  const mine = knownMessage(state, overlay.id)?.reactions.find(({ from }) => from === state.status.account)?.emoji
  // The same sign again takes it back.
  return act({ ...state, overlay: undefined }, { do: 'react', id: overlay.id, emoji: emoji === mine ? '' : emoji })
}

function stepped (cursor: number, chord: 'up' | 'down', count: number): number {
  return Math.max(0, Math.min(count - 1, cursor + (chord === 'up' ? -1 : 1)))
}

function scrolledTop (top: number, chord: string, { rows, height }: { readonly rows: number, readonly height: number }): number {
  const by = { up: -1, down: 1, pageup: -(height - 1), pagedown: height - 1, home: -rows, end: rows }[chord] ?? 0
  return Math.max(0, Math.min(Math.max(0, rows - height), top + by))
}
