/** The list of keys. */
import type { PaintedPane } from './conversation.ts'
import type { PaneSize } from './list.ts'
import { BLANK, line, span, type Row } from './row.ts'

const KEYS: readonly (readonly [string, string])[] = [
  ['', 'Everywhere'],
  ['Ctrl-K', 'go to a conversation'],
  ['Ctrl-F', 'search'],
  ['Alt-Up Alt-Down', 'the conversation above, below'],
  ['PgUp PgDn', 'scroll; older messages are loaded at the top'],
  ['Esc', 'back'],
  ['Ctrl-Q Ctrl-C', 'quit'],
  ['', 'While writing'],
  ['Enter', 'send'],
  ['Ctrl-J Alt-Enter', 'new line'],
  ['Up', 'in an empty line: change the last own message'],
  ['Tab', 'to the messages and back'],
  ['/  ?', 'in an empty line: search, keys; twice types it'],
  ['Ctrl-A Ctrl-E', 'beginning and end of the line'],
  ['Alt-B Alt-F', 'a word back, on'],
  ['Ctrl-W Ctrl-U', 'delete the word, the line'],
  ['', 'In the messages'],
  ['Up Down', 'choose a message'],
  ['t', 'trace: everything that happened to it'],
  ['r  e  d  +', 'reply, edit, delete, react'],
  ['Home End', 'the oldest loaded, the newest'],
  ['', 'Requests'],
  ['a  d  b', 'accept, decline, block']
]

export const KEY_ROWS = KEYS.length + 1

export function keysRows (top: number, { rows }: PaneSize): PaintedPane {
  const all: Row[] = [BLANK, ...KEYS.map(([keys, what]): Row => keys === '' ? line(`  ${what}`, 'bold') : [span(`    ${keys.padEnd(18)}`, 'accent'), span(what)])]
  return { rows: all.slice(top, top + rows), cursor: undefined, rule: undefined }
}
