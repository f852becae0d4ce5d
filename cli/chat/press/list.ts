/** In the list of conversations. */
import { editingOf } from '../editor.ts'
import { openConversationStep, openRequestsStep, stay } from '../navigate.ts'
import type { ChatState, Step } from '../shape.ts'

/** Rows that PgUp and PgDn move by. */
const PAGE_STEPS = 10

export function pressList (state: ChatState, chord: string): Step {
  const last = state.conversations.length
  switch (chord) {
    case 'up': return cursorAt(state, state.listCursor - 1)
    case 'down': return cursorAt(state, state.listCursor + 1)
    case 'pageup': return cursorAt(state, state.listCursor - PAGE_STEPS)
    case 'pagedown': return cursorAt(state, state.listCursor + PAGE_STEPS)
    case 'home': return cursorAt(state, 0)
    case 'end': return cursorAt(state, last)
    case 'enter': case 'right': return openAtCursor(state)
    case 'escape': case 'tab': case 'shift+tab': return backToOpen(state)
    default: return typed(state, chord)
  }
}

function cursorAt (state: ChatState, index: number): Step {
  return stay({ ...state, listCursor: Math.max(0, Math.min(state.conversations.length, index)) })
}

function openAtCursor (state: ChatState): Step {
  const conversation = state.conversations[state.listCursor]
  return conversation === undefined ? openRequestsStep(state) : openConversationStep(state, conversation.contact.account)
}

function backToOpen (state: ChatState): Step {
  switch (state.open.type) {
    case 'conversation': return stay({ ...state, focus: 'composer' })
    case 'requests': return stay({ ...state, focus: 'requests' })
    case 'none': return stay(state)
  }
}

/** Letters begin a name: there is nothing else to type in a list. */
function typed (state: ChatState, chord: string): Step {
  if (!/^[\p{L}\p{N}@]$/u.test(chord)) return stay(state)
  return stay({ ...state, overlay: { type: 'goTo', field: editingOf(chord), cursor: 0 } })
}
