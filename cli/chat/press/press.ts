/** A key press: keys that work everywhere, then those of what lies on top, then those of what has the focus. */
import { openAccount, withStream } from '../select.ts'
import { openConversationStep, act, stay } from '../navigate.ts'
import type { Press } from '../keys.ts'
import type { ChatState, Step } from '../shape.ts'
import { pressComposer, typeInComposer } from './composer.ts'
import { pressList } from './list.ts'
import { pressOverlay, typeInOverlay } from './overlay.ts'
import { pressRequests } from './requests.ts'
import { pressStream } from './stream.ts'
import { EMPTY } from '../editor.ts'

/** A refused or failed load is tried again when somebody does something. */
export function onPress (before: ChatState, press: Press): Step {
  const state = { ...forgiven(before), notice: clearsNotice(press) ? undefined : before.notice }
  if (press.type === 'text') return onText(state, press.text)
  return onGlobalChord(state, press.chord) ?? (state.overlay === undefined ? onFocused(state, press.chord) : pressOverlay(state, press.chord))
}

/** A paste is text as a whole, also where letters are commands: there it is ignored. */
export function onPaste (state: ChatState, text: string): Step {
  if (state.overlay !== undefined) return typeInOverlay(state, text.replace(/\s+/g, ' '))
  return state.focus === 'composer' ? typeInComposer(state, text) : stay(state)
}

function onText (state: ChatState, text: string): Step {
  if (state.overlay !== undefined) return typeInOverlay(state, text)
  if (state.focus === 'composer') return typeInComposer(state, text)
  // Several letters in one read are several commands.
  return Array.from(text).reduce<Step>((step, letter) => {
    const next = step.state.overlay === undefined ? onLetter(step.state, letter) : typeInOverlay(step.state, letter)
    return { state: next.state, effects: [...step.effects, ...next.effects] }
  }, stay(state))
}

function onLetter (state: ChatState, letter: string): Step {
  if (letter === '/') return stay({ ...state, overlay: { type: 'search', field: EMPTY, scope: openAccount(state) === undefined || state.focus === 'list' ? 'everywhere' : 'conversation', found: undefined, cursor: 0 } })
  if (letter === '?') return stay({ ...state, overlay: { type: 'keys', top: 0 } })
  return state.focus === 'composer' ? typeInComposer(state, letter) : onFocused(state, letter)
}

function onFocused (state: ChatState, chord: string): Step {
  switch (state.focus) {
    case 'composer': return pressComposer(state, chord)
    case 'stream': return pressStream(state, chord)
    case 'requests': return pressRequests(state, chord)
    case 'list': return pressList(state, chord)
  }
}

function onGlobalChord (state: ChatState, chord: string): Step | undefined {
  switch (chord) {
    case 'ctrl+q': case 'ctrl+c': return quit(state)
    case 'ctrl+k': return stay({ ...state, overlay: { type: 'goTo', field: EMPTY, cursor: 0 } })
    case 'ctrl+f': return onLetter({ ...state, overlay: undefined }, '/')
    case 'alt+up': case 'ctrl+p': return neighbour(state, -1)
    case 'alt+down': case 'ctrl+n': return neighbour(state, 1)
    default: return undefined
  }
}

/** Drafts live in memory only: leaving them needs a second word. */
function quit (state: ChatState): Step {
  const isAsked = state.overlay?.type === 'confirm' && state.overlay.yes.do === 'quit'
  const unsent = [...state.drafts.values()].filter(({ editing, changes }) => changes === undefined && editing.text.trim() !== '').length
  if (isAsked || unsent === 0) return act(state, { do: 'quit' })
  const question = unsent === 1 ? 'One text is not sent, and drafts are not kept. Quit?' : `${unsent} texts are not sent, and drafts are not kept. Quit?`
  return stay({ ...state, overlay: { type: 'confirm', question, yes: { do: 'quit' } } })
}

function neighbour (state: ChatState, by: -1 | 1): Step {
  const account = openAccount(state)
  const index = state.conversations.findIndex(({ contact }) => contact.account === account)
  const next = state.conversations[index === -1 ? 0 : index + by]
  return next === undefined ? stay(state) : openConversationStep(state, next.contact.account)
}

function clearsNotice (press: Press): boolean {
  return press.type === 'chord' && (press.chord === 'enter' || press.chord === 'escape')
}

function forgiven (state: ChatState): ChatState {
  const account = openAccount(state)
  if (account === undefined || state.streams.get(account)?.loading !== 'failed') return state
  return withStream(state, account, stream => ({ ...stream, loading: 'no' }))
}
