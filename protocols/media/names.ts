/**
 * Names of files that others chose. Shown, they are one line without anything that could reverse or hide a part of it; on the disk, they are a
 * name in one folder and nothing else, on every file system that we know. Law: docs/protocols/media.md, "Attachment".
 */
import { displaySafe, utf8Bytes } from '../core/text.ts'

/** Of one name: ext4, APFS, NTFS (255 UTF-16 units, never more than the bytes) and FAT. */
const DISK_NAME_BYTES_MAX = 255
/** An ending beyond this is no ending but a name with a dot in it. */
const ENDING_BYTES_MAX = 32
/** What is left of a name of which nothing can be kept. */
const NAMELESS = 'file'

/** Of people it is shown to: controls and direction characters as signs, runs of white space as one space. */
export function displayFileName (name: string): string {
  const line = displaySafe(name.replace(/\s+/gu, ' ').trim())
  return line === '' ? NAMELESS : line
}

/**
 * A name for the disk: never a path, hidden, reserved or empty, and at most 255 bytes with the ending kept. Letters stay as they are, in the
 * composed form, so that a name that looks the same is the same.
 */
export function diskFileName (name: string): string {
  const plain = trimmed(name.toWellFormed().normalize('NFC').replace(FORBIDDEN, '_').replace(INVISIBLE, '').replace(/\s+/gu, ' '))
  const kept = trimmed(shorten(plain, DISK_NAME_BYTES_MAX - 1))
  if (kept === '') return NAMELESS
  return DEVICES.test(kept) ? `_${kept}` : kept
}

/** The nth name for what may not replace the first: `photo (2).jpg`. At most 255 bytes, too. */
export function numberedName (name: string, number: number): string {
  const { stem, ending } = split(name)
  const mark = ` (${number})`
  return cut(stem, DISK_NAME_BYTES_MAX - utf8Bytes(mark + ending)) + mark + ending
}

/** Separators and what Windows forbids in names; controls, which no person has typed. */
// eslint-disable-next-line no-control-regex -- controls are what is looked for
const FORBIDDEN = /[\u0000-\u001f\u007f-\u009f/\\:*?"<>|]/gu
/**
 * Formats, which nobody sees: direction marks could show `gpj.exe` as `exe.jpg`. The joiners U+200C and U+200D stay: Persian words and
 * families of emoji need them.
 */
const INVISIBLE = /(?![\u200c\u200d])[\p{Cf}\p{Cs}\u2028\u2029\ufffe\uffff]/gu
/** Windows opens a device under such a name, whatever the ending (Microsoft, "Naming Files, Paths, and Namespaces"). */
const DEVICES = /^(?:con|prn|aux|nul|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3]|conin\$|conout\$) *(?:\.|$)/iu

/** Leading dots hide a file, a leading hyphen makes it an option; Windows drops dots and spaces at the end, and so would open another file. */
function trimmed (name: string): string {
  return name.replace(/^[\s.-]+/u, '').replace(/[\s.]+$/u, '')
}

function shorten (name: string, bytesMax: number): string {
  if (utf8Bytes(name) <= bytesMax) return name
  const { stem, ending } = split(name)
  return trimmed(cut(stem, bytesMax - utf8Bytes(ending))) + ending
}

function split (name: string): { readonly stem: string, readonly ending: string } {
  // Two endings in one, of archives: `notes.tar (2).gz` would be none.
  const ending = /(?:\.tar)?\.[^.\s]+$/iu.exec(name)?.[0] ?? ''
  if (ending.length === name.length || utf8Bytes(ending) > ENDING_BYTES_MAX) return { stem: name, ending: '' }
  return { stem: name.slice(0, name.length - ending.length), ending }
}

/** Between characters as people see them: half of a flag or of a family is another one. */
function cut (text: string, bytesMax: number): string {
  if (utf8Bytes(text) <= bytesMax) return text
  let kept = ''
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (utf8Bytes(kept) + utf8Bytes(segment) > bytesMax) break
    kept += segment
  }
  return kept
}
