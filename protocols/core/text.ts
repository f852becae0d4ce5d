/**
 * Text that people wrote: what we take in, and how text of others is shown. A message may hold anything that is Unicode;
 * a name may not, because names stand inside our own sentences. Whatever is printed passes `displaySafe`: escape sequences
 * would let a contact rewrite the reader's terminal, bidirectional overrides would let him reverse what stands around it.
 */
import { MalformedError } from './errors.ts'
import { NAME_BYTES_MAX } from './limits.ts'

/**
 * Text of a message or request: any well-formed Unicode, also NUL and control characters, which some editors paste.
 * @throws MalformedError when it is empty, longer than `bytesMax` bytes of UTF-8, or holds half of a surrogate pair
 */
export function checkText (text: string, bytesMax: number, what: string): string {
  if (text.length === 0) throw new MalformedError(what, 'must not be empty')
  // Before anything that walks the text: UTF-8 is never shorter than UTF-16.
  if (text.length > bytesMax) throw new MalformedError(what, `must be at most ${bytesMax} bytes of UTF-8`)
  if (!text.isWellFormed()) throw new MalformedError(what, 'must be well-formed Unicode')
  if (utf8Bytes(text) > bytesMax) throw new MalformedError(what, `must be at most ${bytesMax} bytes of UTF-8`)
  return text
}

/**
 * A name that its owner chooses: one line, no control or direction characters, no space at its ends.
 * @throws MalformedError with the rule that it breaks
 */
export function checkName (name: string, what: string): string {
  checkText(name, NAME_BYTES_MAX, what)
  if (unsafe.test(name)) throw new MalformedError(what, 'must not contain control characters')
  if (name !== name.trim()) throw new MalformedError(what, 'must not begin or end with a space')
  return name
}

/**
 * A name that somebody else chose, made fit for one line: a bad name must not cost us the message it came with.
 * May be empty; the caller then shows the account id.
 */
export function cleanName (name: string): string {
  const line = name.slice(0, NAME_BYTES_MAX * 2).toWellFormed().replace(unsafeAll, ' ').replace(/\s+/gu, ' ').trim()
  return cutToBytes(line, NAME_BYTES_MAX)
}

/**
 * Text of others as a terminal may print it: control characters and direction overrides are replaced by visible signs,
 * so that nothing vanishes unseen. Line ends become `\n`, or are shown as signs unless `areLinesKept`.
 */
export function displaySafe (text: string, { areLinesKept = false }: { readonly areLinesKept?: boolean } = {}): string {
  const wellFormed = text.toWellFormed()
  if (!unsafe.test(wellFormed)) return wellFormed
  return wellFormed.replace(/\r\n/g, '\n').replace(unsafeAll, character => visible(character, areLinesKept))
}

/** Length of well-formed text in UTF-8. */
export function utf8Bytes (text: string): number {
  let bytes = text.length
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit < 0x80) continue
    // The two halves of a surrogate pair take two bytes each.
    bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2
  }
  return bytes
}

/**
 * C0, DEL, C1; line and paragraph separator; embeddings, overrides (U+202A to U+202E) and isolates (U+2066 to U+2069).
 * The marks U+200E, U+200F and U+061C stay: right-to-left scripts need them and they reverse nothing.
 */
// eslint-disable-next-line no-control-regex -- controls are what is looked for
const unsafe = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/
const unsafeAll = new RegExp(unsafe.source, 'g')

const REPLACEMENT = '\ufffd'
/** U+2400 is the picture of NUL; those of the other C0 characters follow in order (Unicode, Control Pictures). */
const CONTROL_PICTURES = 0x2400
const PICTURE_OF_DELETE = '\u2421'

function visible (character: string, areLinesKept: boolean): string {
  const code = character.charCodeAt(0)
  if (code === 0x0a || code === 0x0d || code === 0x2028 || code === 0x2029) return areLinesKept ? '\n' : '\u240a'
  if (code === 0x09) return '  '
  if (code < 0x20) return String.fromCharCode(CONTROL_PICTURES + code)
  return code === 0x7f ? PICTURE_OF_DELETE : REPLACEMENT
}

export function cutToBytes (text: string, bytesMax: number): string {
  let cut = ''
  let bytes = 0
  for (const character of text) {
    bytes += utf8Bytes(character)
    if (bytes > bytesMax) break
    cut += character
  }
  return cut.trimEnd()
}
