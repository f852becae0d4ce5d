/** The two rows under the frame: the keys that work now, and what was just said. */
import { displaySafe } from '../../../protocols/core/text.ts'
import { cutTo, wrapText } from '../layout.ts'
import type { ChatState } from '../shape.ts'
import { BLANK, line, type Row } from './row.ts'

export function footerRows (state: ChatState, columns: number): Row[] {
  const keys = line(cutTo(`  ${fitting(keysNow(state), columns - 2)}`, columns), 'dim')
  if (state.overlay?.type === 'confirm') return [keys, line(cutTo(`  ${displaySafe(state.overlay.question)}  y yes   n no`, columns), 'warn')]
  if (state.notice === undefined) return [keys, BLANK]
  const { text, tone } = state.notice
  const rows = wrapText(displaySafe(text.slice(0, columns * 4)), columns - 4)
  if (rows.length === 1) return [keys, line(`  ${rows[0]?.shown ?? ''}`, tone)]
  // What to do next stands at the end of an error: it is worth more than the keys.
  return [line(`  ${rows[0]?.shown ?? ''}`, tone), line(`  ${cutTo(rows.slice(1).map(row => row.shown).join(' '), columns - 4)}`, tone)]
}

/** Whole entries only; the way to the list of all keys stays. */
function fitting (keys: string, columns: number): string {
  const entries = keys.split(GAP)
  while (entries.length > 1 && entries.join(GAP).length > columns) entries.splice(entries.at(-1) === MORE_KEYS ? -2 : -1, 1)
  return entries.join(GAP)
}

const GAP = '   '
const MORE_KEYS = '? keys'

function keysNow (state: ChatState): string {
  switch (state.overlay?.type) {
    case 'search': return 'Enter open   Up Down choose   Tab here or everywhere   Esc back'
    case 'goTo': return 'Enter open   Up Down choose   Esc back'
    case 'keys': return 'Esc back'
    case 'trace': return 'Up Down scroll   r try again now   x take it back   Esc back'
    case 'react': return '1 to 6, or type a sign and Enter   0 take yours back   Esc back'
    case 'confirm': return 'y yes   n no'
    case undefined: return keysOfFocus(state)
  }
}

function keysOfFocus (state: ChatState): string {
  switch (state.focus) {
    case 'composer': return 'Enter send   ^J new line   Tab messages   / search   ^K go to   Esc list   ^Q quit   ? keys'
    case 'stream': return 't trace   r reply   e edit   d delete   + react   Tab write   / search   ^K go to   ? keys'
    case 'requests': return 'a accept   d decline   b block   Up Down choose   Esc list   ? keys'
    case 'list': return 'Enter open   Up Down choose   / search   ^K go to   ^Q quit   ? keys'
  }
}
