/**
 * What counts as a word, and when a text matches a query. Pure; the index (tables/search.ts) and the scan of what is not yet
 * indexed follow the same rule because both are given the words that this file makes.
 *
 * Words are runs of letters, digits, symbols and their marks, without regard to case, composition, width or accents. In
 * scripts that are written without spaces, and in emoji, every character is a word of its own and a run of them is searched for
 * as a phrase. A text matches when it has every word of the query, the last one perhaps only begun.
 */

/** A part of a query between spaces: words that follow each other, the last of which may be the beginning of a longer one. */
export interface Phrase { readonly words: readonly string[], readonly isPrefix: boolean }

/**
 * Raised when texts split differently than before, so that indexes are made again. The Unicode version belongs to it: the same
 * code may split differently under a newer one.
 */
const RULE_VERSION = 2

/** A longer query is cut: nobody types it. */
const QUERY_CHARACTERS_MAX = 500
const QUERY_PHRASES_MAX = 16
/** A longer run is cut: it is a key or a file, not a word. FTS5 itself would cut at 32,768 bytes. */
const WORD_CHARACTERS_MAX = 64

/**
 * Marks that readers leave out: accents, emoji variations, Arabic and Hebrew vowels, the Arabic stretch and soft hyphens. Not the
 * Japanese voicing marks, nor the vowel signs of Indic scripts: those make other letters.
 */
const IGNORED = /[[[\p{Mn}&&[\p{Script=Inherited}\p{Script=Hebrew}\p{Script=Arabic}]]--[\u3099\u309A]]\u0640\u00AD]/gv

/** Characters that are words by themselves. ー is common to two Japanese scripts. */
const SINGLE = '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Hangul}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}ー\\p{Extended_Pictographic}\\p{Regional_Indicator}'
const IS_SINGLE = new RegExp(`^[${SINGLE}]`, 'v')
const WORDS = new RegExp(`[${SINGLE}]|[[\\p{L}\\p{M}\\p{N}\\p{Co}\\p{So}]--[${SINGLE}]]+`, 'gv')

const IS_ASCII = /^[\0-\x7F]*$/
const ASCII_WORDS = /[a-z0-9]+/g
const HAS_LONG_ASCII_WORD = new RegExp(`[A-Za-z0-9]{${WORD_CHARACTERS_MAX + 1}}`)

/** Begins the word that stands for a contact in the index: an invisible character that no word of a text can hold. */
const CONTACT_MARK = '\u200B'

/** Names the rule that an index was made with. */
export function searchRule (): string { return `${RULE_VERSION}/${process.versions['unicode'] ?? ''}` }

/** The words of a text, in order. None of them holds a space or an ASCII character other than a small letter or a digit. */
export function splitForSearch (text: string): string[] {
  const words = IS_ASCII.test(text) ? text.toLowerCase().match(ASCII_WORDS) : foldForSearch(text).match(WORDS)
  return words?.map(cut) ?? []
}

/** What the index is given for a message: its words, and one for its contact, so that a search in one conversation is an AND. */
export function indexEntry (text: string, contact: number): string {
  // The index's tokenizer finds the words of an ASCII text by itself, and they are the same ones.
  if (IS_ASCII.test(text) && !HAS_LONG_ASCII_WORD.test(text)) return `${contactWord(contact)} ${text}`
  return [contactWord(contact), ...splitForSearch(text)].join(' ')
}

/** Empty when there is nothing to search for. Every string is a query; none is a mistake. */
export function parseQuery (query: string): Phrase[] {
  const phrases = query.slice(0, QUERY_CHARACTERS_MAX).split(/\s+/).map(splitForSearch).filter(words => words.length > 0).slice(0, QUERY_PHRASES_MAX)
  return phrases.map((words, index) => ({ words, isPrefix: index === phrases.length - 1 && !IS_SINGLE.test(words.at(-1) ?? '') }))
}

export interface MatchOptions {
  /** In the conversation with this contact only. */
  readonly contact: number | undefined
  /** The words that the last word of the query may be the beginning of; `undefined`: whatever begins so. */
  readonly completions: readonly string[] | undefined
}

/** The query in FTS5's language. Words hold neither quotes nor operators, so there is nothing to escape. */
export function matchExpression (phrases: readonly Phrase[], { contact, completions }: MatchOptions): string {
  const parts = phrases.map(phrase => phrase.isPrefix ? prefixExpression(phrase, completions) : `"${phrase.words.join(' ')}"`)
  return (contact === undefined ? parts : [`"${contactWord(contact)}"`, ...parts]).join(' AND ')
}

function prefixExpression ({ words }: Phrase, completions: readonly string[] | undefined): string {
  if (completions === undefined) return `"${words.join(' ')}" *`
  const endings = completions.map(completion => `"${[...words.slice(0, -1), completion].join(' ')}"`)
  return `(${endings.join(' OR ')})`
}

/** Whether a text has every phrase. */
export function isMatch (text: string, phrases: readonly Phrase[]): boolean {
  const words = splitForSearch(text)
  return phrases.every(phrase => hasPhrase(words, phrase))
}

/**
 * Compatibility forms, accents and case are alike; what is left of decomposed letters is composed again. Upper case between: it
 * makes ß ss and ı i, and only small letters have that: ẞ is made ß first. The final sigma is a sigma.
 */
function foldForSearch (text: string): string {
  return text.normalize('NFKD').replace(IGNORED, '').normalize('NFC').toLowerCase().toUpperCase().toLowerCase().replaceAll('ς', 'σ')
}

/** Half of a pair at the cut becomes a replacement character, here as in the index. */
function cut (word: string): string {
  return word.length <= WORD_CHARACTERS_MAX ? word : word.slice(0, WORD_CHARACTERS_MAX).toWellFormed()
}

function contactWord (contact: number): string { return `${CONTACT_MARK}${contact}` }

function hasPhrase (words: readonly string[], phrase: Phrase): boolean {
  for (let start = 0; start <= words.length - phrase.words.length; start++) {
    if (isPhraseAt(words, start, phrase)) return true
  }
  return false
}

function isPhraseAt (words: readonly string[], start: number, phrase: Phrase): boolean {
  const last = phrase.words.length - 1
  return phrase.words.every((word, index) => {
    const found = words[start + index] ?? ''
    return index === last && phrase.isPrefix ? found.startsWith(word) : found === word
  })
}
