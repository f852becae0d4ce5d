/**
 * From what Ink reads to what a person pressed. A slow line or a terminal without bracketed paste delivers many
 * characters at once, so one read may be several presses.
 */
import type { Key } from 'ink'

/** Typed characters, or a named key with its modifiers: `enter`, `ctrl+k`, `alt+up`. */
export type Press =
  | { readonly type: 'text', readonly text: string }
  | { readonly type: 'chord', readonly chord: string }

const NAMED = [
  ['return', 'enter'], ['escape', 'escape'], ['tab', 'tab'], ['backspace', 'backspace'], ['delete', 'delete'], ['upArrow', 'up'], ['downArrow', 'down'],
  ['leftArrow', 'left'], ['rightArrow', 'right'], ['pageUp', 'pageup'], ['pageDown', 'pagedown'], ['home', 'home'], ['end', 'end']
] as const

/** The presses in what `useInput` hands over. */
export function pressesOf (input: string, key: Key): Press[] {
  const name = NAMED.find(([flag]) => key[flag])?.[1]
  if (name !== undefined) return [chord(name, key)]
  if (key.ctrl || key.meta) return input === '' ? [] : [chord(input.toLowerCase(), key)]
  return split(input)
}

function chord (name: string, key: Key): Press {
  const isShiftMeant = name === 'tab' && key.shift
  return { type: 'chord', chord: `${key.ctrl ? 'ctrl+' : ''}${key.meta ? 'alt+' : ''}${isShiftMeant ? 'shift+' : ''}${name}` }
}

/**
 * Characters that came in one read. A line end in their midst is pasted text, where Enter would send half of it; the one
 * at their end was Enter.
 */
function split (input: string): Press[] {
  const presses: Press[] = []
  let text = ''
  for (let index = 0; index < input.length; index++) {
    const control = controlChord(input, index)
    if (control === undefined) {
      text += input.charAt(index)
      continue
    }
    if (text !== '') presses.push({ type: 'text', text })
    text = ''
    presses.push({ type: 'chord', chord: control })
  }
  if (text !== '') presses.push({ type: 'text', text })
  return presses
}

function controlChord (input: string, index: number): string | undefined {
  const code = input.charCodeAt(index)
  if (code >= 0x20) return undefined
  const isInside = index < input.length - 1
  if (code === 0x0d) return isInside ? 'ctrl+j' : 'enter'
  if (code === 0x09) return isInside ? undefined : 'tab'
  return code === 0 ? 'ctrl+ ' : `ctrl+${String.fromCharCode(code + 96)}`
}
