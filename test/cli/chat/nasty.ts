/** Texts that terminals stumble over. */
import fc from 'fast-check'

/** Everything that has surprised a terminal: marks without letters, joiners, flags, jamo, wide letters, controls. */
const NASTY = ['a', ' ', '\n', '\t', '\u001b[31m', '\u0301', '\u200d', '\u200b', '\u202e', '漢', 'ｱ', 'ﾞ', '가', '\u1100', '\u1161', '\u11a8', '👨‍👩‍👧‍👦', '❤️', '❤', '🇩', '🇪', '1️⃣', 'ا', 'ﷺ', '\u0600', '\u0d4e', 'का', 'ကြော', '\u3000', '\ufeff', '\u00ad', '😀🏽', '\ud800', '\u0903', 'é', '…', '│', '©', '©️', 'ൎ']

export const nastyText = fc.oneof(
  fc.array(fc.constantFrom(...NASTY), { maxLength: 60 }).map(parts => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.string({ unit: 'grapheme', maxLength: 80 })
)
