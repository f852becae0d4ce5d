/** Writing: text, line breaks, sending, changing the last message. */
import { TEXT_BYTES_MAX } from '../../../protocols/core/limits.ts'
import { utf8Bytes } from '../../../protocols/core/text.ts'
import { editingOf, EMPTY, insert, moveByRow, type Editing } from '../editor.ts'
import { act, stay, streamShape, toEnd, withNotice } from '../navigate.ts'
import { geometry, openAccount, openDraft, openStream, withDraft, withStream } from '../select.ts'
import { NO_DRAFT, type ChatState, type Draft, type Step } from '../shape.ts'
import { scrolled, viewOf } from '../viewport.ts'
import { grouped } from '../words.ts'
import { edited } from './field.ts'

/** What a composer holds at most: somebody may paste a book. A message takes TEXT_BYTES_MAX bytes. */
const COMPOSER_UNITS_MAX = 4 * TEXT_BYTES_MAX

/** Typed or pasted. In an empty composer a lone / or ? is a command; typed twice it is text. */
export function typeInComposer (state: ChatState, text: string): Step {
  const { editing } = openDraft(state)
  if (editing.text === '' && text === '/') return stay({ ...state, overlay: { type: 'search', field: EMPTY, scope: 'conversation', found: undefined, cursor: 0 } })
  if (editing.text === '' && text === '?') return stay({ ...state, overlay: { type: 'keys', top: 0 } })
  return insertText(state, text)
}

export function insertText (state: ChatState, text: string): Step {
  const { editing } = openDraft(state)
  if (editing.text.length + text.length > COMPOSER_UNITS_MAX) {
    return stay(withNotice(state, `Not pasted: ${grouped(text.length)} characters, and a message takes ${grouped(TEXT_BYTES_MAX)} bytes. What was written before is here.`, 'danger'))
  }
  return stay(withEditing(state, insert(editing, text)))
}

export function pressComposer (state: ChatState, chord: string): Step {
  switch (chord) {
    case 'enter': return send(state)
    case 'ctrl+j': case 'alt+enter': return stay(withEditing(state, insert(openDraft(state).editing, '\n')))
    case 'escape': return back(state)
    case 'tab': case 'shift+tab': return toStream(state)
    case 'up': return up(state)
    case 'down': return down(state)
    case 'pageup': return scroll(state, -1)
    case 'pagedown': return scroll(state, 1)
    case 'end': return openDraft(state).editing.text === '' ? toEnd(state) : edit(state, chord)
    default: return edit(state, chord)
  }
}

/** A screen up or down, with a row in common. */
export function scroll (state: ChatState, pages: -1 | 1): Step {
  const account = openAccount(state)
  if (account === undefined) return stay(state)
  const { paint, height } = streamShape(state)
  const anchor = scrolled(paint, paint.stream.anchor, { height, by: pages * Math.max(1, height - 1) })
  return stay(withStream(state, account, stream => ({ ...stream, anchor })))
}

function edit (state: ChatState, chord: string): Step {
  const after = edited(openDraft(state).editing, chord)
  return stay(after === undefined ? state : withEditing(state, after))
}

function withEditing (state: ChatState, editing: Editing): ChatState {
  return changedDraft(state, draft => ({ ...draft, editing }))
}

function changedDraft (state: ChatState, change: (draft: Draft) => Draft): ChatState {
  const account = openAccount(state)
  return account === undefined ? state : withDraft(state, account, change(openDraft(state)))
}

function send (state: ChatState): Step {
  const account = openAccount(state)
  const draft = openDraft(state)
  const { text } = draft.editing
  if (account === undefined || text.trim() === '') return stay(state)
  const bytes = utf8Bytes(text.toWellFormed())
  if (bytes > TEXT_BYTES_MAX) return stay(withNotice(state, `Not sent: ${grouped(bytes)} bytes are over the limit of a message, ${grouped(TEXT_BYTES_MAX)}. It is safe here; shorten it or send it in parts.`, 'danger'))
  if (draft.changes !== undefined) return change(state, account, draft.changes)
  const key = draft.returned?.text === text ? draft.returned.key : undefined
  const there = toEnd(withDraft(state, account, NO_DRAFT))
  return act(there.state, { do: 'send', account, text, replyTo: draft.replyTo, key }, ...there.effects)
}

function change (state: ChatState, account: string, { id, kept }: NonNullable<Draft['changes']>): Step {
  const { text } = openDraft(state).editing
  const before = openStream(state).messages.find(message => message.id === id)
  const after = withDraft(state, account, { ...NO_DRAFT, editing: kept })
  return before?.text === text ? stay(after) : act(after, { do: 'edit', account, id, text })
}

/** Back by one: from changing, from replying, then to the list. */
function back (state: ChatState): Step {
  const draft = openDraft(state)
  const { changes } = draft
  if (changes !== undefined) return stay(changedDraft(state, () => ({ ...draft, editing: changes.kept, changes: undefined })))
  if (draft.replyTo !== undefined) return stay(changedDraft(state, () => ({ ...draft, replyTo: undefined })))
  return stay({ ...state, focus: 'list' })
}

function toStream (state: ChatState): Step {
  const account = openAccount(state)
  const { paint, height } = streamShape(state)
  const view = viewOf(paint, paint.stream.anchor, height)
  const { messages } = paint.stream
  // The lowest message that begins on the screen.
  const shown = view.isAtEnd ? messages.at(-1) : messages[Math.min(messages.length - 1, view.top.index + 1)]
  if (account === undefined || shown === undefined) return stay(state)
  return stay({ ...withStream(state, account, stream => ({ ...stream, selected: shown.id })), focus: 'stream' })
}

function up (state: ChatState): Step {
  const { editing, changes } = openDraft(state)
  const above = moveByRow(editing, -1, geometry(state).composerColumns)
  if (above !== undefined) return stay(withEditing(state, above))
  if (editing.text !== '' || changes !== undefined) return edit(state, 'home')
  const last = openStream(state).messages.findLast(message => message.isOwn)
  return last === undefined ? stay(state) : beginChange(state, last.id)
}

function down (state: ChatState): Step {
  const below = moveByRow(openDraft(state).editing, 1, geometry(state).composerColumns)
  return below === undefined ? edit(state, 'end') : stay(withEditing(state, below))
}

/** Puts an own message into the composer; what stood there comes back afterwards. */
export function beginChange (state: ChatState, id: string): Step {
  const account = openAccount(state)
  const message = openStream(state).messages.find(candidate => candidate.id === id)
  if (account === undefined || message === undefined) return stay(state)
  if (!message.isOwn) return stay(withNotice(state, 'Only your own messages can be changed.'))
  if (message.deleted || message.kind === 'unsupported') return stay(withNotice(state, 'This message has no text to change.'))
  const draft = openDraft(state)
  const kept = draft.changes === undefined ? draft.editing : draft.changes.kept
  return stay({ ...withDraft(state, account, { ...draft, editing: editingOf(message.text), changes: { id, kept } }), focus: 'composer' })
}
