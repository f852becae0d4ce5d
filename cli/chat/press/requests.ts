/** Among the requests. Declining and blocking ask again: neither can be taken back here. */
import { displaySafe } from '../../../protocols/core/text.ts'
import { act, stay } from '../navigate.ts'
import type { ChatState, Step } from '../shape.ts'

export function pressRequests (state: ChatState, chord: string): Step {
  const request = state.requests[state.requestCursor]
  switch (chord) {
    case 'escape': case 'tab': case 'shift+tab': return stay({ ...state, focus: 'list' })
    case 'up': return stay({ ...state, requestCursor: Math.max(0, state.requestCursor - 1) })
    case 'down': return stay({ ...state, requestCursor: Math.max(0, Math.min(state.requests.length - 1, state.requestCursor + 1)) })
    default: break
  }
  if (request === undefined) return stay(state)
  const who = request.name === '' ? 'this person' : displaySafe(request.name)
  switch (chord) {
    case 'a': return act(state, { do: 'answer', id: request.id, answer: 'accept' })
    case 'd': return stay({ ...state, overlay: { type: 'confirm', question: `Decline ${who}?`, yes: { do: 'answer', id: request.id, answer: 'decline' } } })
    case 'b': return stay({ ...state, overlay: { type: 'confirm', question: `Decline ${who}, and take nothing from them any more?`, yes: { do: 'answer', id: request.id, answer: 'block' } } })
    default: return stay(state)
  }
}
