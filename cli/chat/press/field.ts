/** The keys of text editing, as shells and editors have them. */
import { erase, move, type Editing, type Motion } from '../editor.ts'

const MOTIONS: Readonly<Record<string, Motion>> = {
  left: 'left',
  right: 'right',
  'ctrl+b': 'left',
  'alt+b': 'wordLeft',
  'alt+left': 'wordLeft',
  'ctrl+left': 'wordLeft',
  'alt+f': 'wordRight',
  'alt+right': 'wordRight',
  'ctrl+right': 'wordRight',
  home: 'lineStart',
  'ctrl+a': 'lineStart',
  end: 'lineEnd',
  'ctrl+e': 'lineEnd',
  'ctrl+home': 'start',
  'ctrl+end': 'end'
}

const ERASURES: Readonly<Record<string, Motion>> = {
  backspace: 'left',
  'ctrl+h': 'left',
  delete: 'right',
  'ctrl+d': 'right',
  'ctrl+w': 'wordLeft',
  'alt+backspace': 'wordLeft',
  'ctrl+backspace': 'wordLeft',
  'alt+d': 'wordRight',
  'ctrl+delete': 'wordRight',
  'ctrl+u': 'lineStart'
}

/** The text after a key, or undefined when the key edits nothing. */
export function edited (editing: Editing, chord: string): Editing | undefined {
  const motion = MOTIONS[chord]
  if (motion !== undefined) return move(editing, motion)
  const erasure = ERASURES[chord]
  return erasure === undefined ? undefined : erase(editing, erasure)
}
