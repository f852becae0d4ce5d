/** Among the messages: choosing one, and what can be done with it. */
import { EMPTY } from '../editor.ts'
import { act, stay, streamShape, toEnd, withNotice } from '../navigate.ts'
import { openAccount, openDraft, openStream, selectedMessage, withDraft, withStream } from '../select.ts'
import type { ChatState, Step } from '../shape.ts'
import { hiddenRows, revealed, scrolled, startingAt, viewOf } from '../viewport.ts'
import { beginChange, scroll } from './composer.ts'

export function pressStream (state: ChatState, chord: string): Step {
  switch (chord) {
    case 'up': return select(state, -1)
    case 'down': return select(state, 1)
    case 'pageup': return page(state, -1)
    case 'pagedown': return page(state, 1)
    case 'home': return toStart(state)
    case 'end': return selectLast(toEnd(state))
    case 'tab': case 'shift+tab': case 'escape': case 'enter': return stay({ ...state, focus: 'composer' })
    default: return pressLetter(state, chord)
  }
}

function pressLetter (state: ChatState, letter: string): Step {
  const message = selectedMessage(state)
  const account = openAccount(state)
  if (message === undefined || account === undefined) return stay(state)
  switch (letter) {
    case 't': return act({ ...state, overlay: { type: 'trace', id: message.id, trace: undefined, top: 0 } }, { do: 'trace', id: message.id })
    case 'r': return stay({ ...withDraft(state, account, { ...openDraft(state), replyTo: message.id }), focus: 'composer' })
    case 'e': return beginChange(state, message.id)
    case 'd': case 'delete': return remove(state)
    case '+': case '=': return stay({ ...state, overlay: { type: 'react', id: message.id, field: EMPTY } })
    default: return stay(state)
  }
}

function remove (state: ChatState): Step {
  const message = selectedMessage(state)
  if (message === undefined || message.deleted) return stay(state)
  if (!message.isOwn) return stay(withNotice(state, 'Only your own messages can be deleted.'))
  return stay({ ...state, overlay: { type: 'confirm', question: 'Delete this message for everyone?', yes: { do: 'delete', id: message.id } } })
}

/** The message above or below; one that is taller than the screen is scrolled through first. */
function select (state: ChatState, by: -1 | 1): Step {
  const { paint, height } = streamShape(state)
  const account = openAccount(state)
  const { messages, anchor } = paint.stream
  const index = messages.findIndex(({ id }) => id === paint.stream.selected)
  if (account === undefined) return stay(state)
  if (index === -1) return selectLast(stay(state))
  const hidden = hiddenRows(paint, anchor, { height, index })
  const rows = by === -1 ? hidden.above : hidden.below
  if (rows > 0) {
    const moved = scrolled(paint, anchor, { height, by: by * Math.min(rows, Math.max(1, height - 1)) })
    return stay(withStream(state, account, stream => ({ ...stream, anchor: moved })))
  }
  const next = messages[index + by]
  if (next === undefined) return by === 1 ? stay({ ...state, focus: 'composer' }) : stay(state)
  const shown = revealed(paint, anchor, { height, index: index + by })
  return stay(withStream(state, account, stream => ({ ...stream, selected: next.id, anchor: shown })))
}

function page (state: ChatState, pages: -1 | 1): Step {
  const scrolledStep = scroll(state, pages)
  const account = openAccount(scrolledStep.state)
  const { paint, height } = streamShape(scrolledStep.state)
  const view = viewOf(paint, paint.stream.anchor, height)
  const { messages } = paint.stream
  const next = pages === 1 && view.isAtEnd ? messages.at(-1) : messages[Math.min(messages.length - 1, view.top.row === 0 ? view.top.index : view.top.index + 1)]
  if (account === undefined || next === undefined) return scrolledStep
  return stay(withStream(scrolledStep.state, account, stream => ({ ...stream, selected: next.id })))
}

function toStart (state: ChatState): Step {
  const account = openAccount(state)
  const { paint, height } = streamShape(state)
  const first = paint.stream.messages[0]
  if (account === undefined || first === undefined) return stay(state)
  const anchor = startingAt(paint, 0, { height, above: 0 })
  return stay(withStream(state, account, stream => ({ ...stream, selected: first.id, anchor })))
}

function selectLast ({ state, effects }: Step): Step {
  const account = openAccount(state)
  const last = openStream(state).messages.at(-1)
  if (account === undefined || last === undefined) return { state, effects }
  return { state: withStream(state, account, stream => ({ ...stream, selected: last.id })), effects }
}
