import assert from 'node:assert/strict'
import fc from 'fast-check'
import { indexEntry, isMatch, matchExpression, parseQuery, searchRule, splitForSearch } from '../../store/search.ts'

/** Text, a query that finds it, in one script or habit of writing after the other. */
const FOUND: ReadonlyArray<readonly [what: string, text: string, query: string]> = [
  ['Chinese, from the middle', '今天北京天气很好', '天气'],
  ['a single Chinese character', '今天北京天气很好', '京'],
  ['Chinese beside Latin', '我的iPhone手机', 'iphone手'],
  ['hiragana', 'おはようございます', 'よう'],
  ['katakana with a long vowel', 'コンピューターを買った', 'ピューター'],
  ['half-width katakana', 'ｶﾞｷﾞｸﾞ', 'ガギグ'],
  ['part of a Korean word', '한국어로 검색합니다', '국어'],
  ['Thai, without spaces', 'สวัสดีครับผม', 'ครับ'],
  ['Arabic, without its vowels', 'مُحَمَّدٌ كتب رسالة', 'محمد'],
  ['Arabic, stretched', 'محـــمد', 'محمد'],
  ['Hebrew, without its points', 'שָׁלוֹם לכולם', 'שלום'],
  ['Cyrillic, another case', 'Привет, Мир!', 'привет мир'],
  ['Hindi, the beginning of a word', 'मैं किताब पढ़ता हूँ', 'किता'],
  ['Greek, with its final letter', 'Ο ΔΡΟΜΟΣ είναι μακρύς', 'δρόμος'],
  ['accents left out', 'crème brûlée', 'creme brulee'],
  ['accents put in', 'naive', 'naïve'],
  ['a composed letter by its parts', 'caf\u00e9', 'cafe\u0301'],
  ['ss for ß', 'Große Straße', 'strasse'],
  ['a Turkish i without its dot', 'ışık', 'isik'],
  ['full-width letters', 'ＦＵＬＬ ｗｉｄｔｈ', 'full width'],
  ['a ligature', 'the ﬁnal oﬃce', 'final office'],
  ['an emoji', 'good morning 👋 all', '👋'],
  ['an emoji in another skin', 'well done 👍🏽', '👍'],
  ['one of a family', '👨‍👩‍👧', '👩'],
  ['a flag', 'from 🇧🇷🇯🇵', '🇯🇵'],
  ['an emoji newer than SQLite’s tables', 'melting 🫠', '🫠'],
  ['a heart with or without its variation', 'I ❤️ it', '❤'],
  ['the beginning of a word', 'implementation', 'impl'],
  ['words in another order', 'the quick brown fox', 'fox quick'],
  ['an address, by its parts together', 'see https://example.org/path?x=1', 'example.org/pa'],
  ['a word that is quoted', 'call me "Ishmael"', '"ishmael"'],
  ['an apostrophe', "don't stop", "don't"],
  ['a number', 'invoice 2026-0042', '2026-0042'],
  ['a soft hyphen left out', 'Donau\u00addampf', 'donaudampf']
]

const NOT_FOUND: ReadonlyArray<readonly [what: string, text: string, query: string]> = [
  ['when one word is missing', 'the quick brown fox', 'quick cat'],
  ['by the middle of a word', 'implementation', 'mentation'],
  ['when a word before the last is only begun', 'the quick brown fox', 'qui fox'],
  ['when the characters stand in another order', '北京', '京北'],
  ['when a phrase is interrupted', 'example of org', 'example.org'],
  ['by another voicing', 'かき', 'がぎ']
]

describe('a text', () => {
  for (const [what, text, query] of FOUND) {
    it(`is found: ${what}`, () => { assert.equal(isMatch(text, parseQuery(query)), true) })
  }
  for (const [what, text, query] of NOT_FOUND) {
    it(`is not found ${what}`, () => { assert.equal(isMatch(text, parseQuery(query)), false) })
  }

  it('is found by itself, by each of its words and by each beginning of them, whatever it is', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.nat(), (text, seed) => {
      const words = splitForSearch(text)
      if (words.length === 0) return
      const word = words[seed % words.length] ?? ''
      assert.ok(isMatch(text, parseQuery(word)), word)
      const characters = Array.from(word)
      const beginning = characters.slice(0, 1 + seed % characters.length).join('')
      // Half of a letter that is written in two characters may be no letter.
      if (splitForSearch(beginning).join('') === beginning) assert.ok(isMatch(text, parseQuery(beginning)), beginning)
    }), { numRuns: 500 })
  })

  it('splits into the same words in any case and form of composition', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), text => {
      assert.deepEqual(splitForSearch(text.normalize('NFD')), splitForSearch(text.normalize('NFC')))
    }), { numRuns: 500 })
  })

  it('splits into words that are split into themselves, for every character that there is', () => {
    for (let codePoint = 0; codePoint <= 0x10FFFF; codePoint++) {
      const words = splitForSearch(String.fromCodePoint(codePoint).toWellFormed())
      if (words.length > 0) assert.deepEqual(splitForSearch(words.join(' ')), words, `U+${codePoint.toString(16)}`)
    }
  })

  it('splits into words that a tokenizer for ASCII leaves alone', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 60 }), text => {
      for (const word of splitForSearch(text)) {
        assert.match(word, /^[a-z0-9\u0080-\u{10FFFF}]+$/u)
        assert.ok(word.length <= 64)
      }
    }), { numRuns: 200 })
  })

  it('splits by a rule that has a number: whoever changes the rule raises it, or old indexes forget wrongly', () => {
    const sample = 'Große GROẞE ﬁ ＦＵＬＬ café İı Привет ё, ΔΡΟΜΟΣ 北京ー天気 ｶﾞ がぎ 한국어 สวัสดี किताब مُحَمَّد שָׁלוֹם 👍🏽👨‍👩‍👧🇧🇷❤️1️⃣ a.b@c-d_e 2026-0042 ²½ №'
    assert.equal(searchRule().split('/')[0], '2')
    assert.equal(splitForSearch(sample).join(' '), 'grosse grosse fi full cafe ii привет е δρομοσ 北 京 ー 天 気 ガ が ぎ 한 국 어 ส ว ั ส ด ี किताब محمد שלום 👍 👨 👩 👧 🇧 🇷 ❤ 1⃣ a b c d e 2026 0042 21 2 no')
  })

  it('costs no more for a word without an end', () => {
    assert.deepEqual(splitForSearch('x'.repeat(60_000)), ['x'.repeat(64)])
    assert.equal(isMatch('y'.repeat(60_000), parseQuery('y'.repeat(70))), true)
  })
})

describe('a query', () => {
  it('of nothing but punctuation asks for nothing', () => {
    for (const query of ['', '   ', '"', '*', '-', '( ) : ^ +', "'';--", '\0', '\u200b']) assert.deepEqual(parseQuery(query), [])
  })

  it('is cut when it is longer than anybody types', () => {
    assert.equal(parseQuery('word '.repeat(1000)).length, 16)
    assert.ok(matchExpression(parseQuery('a,'.repeat(10_000)), { contact: undefined, completions: undefined }).length < 2000)
  })

  it('becomes an expression that quotes each of its phrases', () => {
    const phrases = parseQuery('hello NEAR(a OR 北京')
    assert.equal(matchExpression(phrases, { contact: undefined, completions: undefined }), '"hello" AND "near a" AND "or" AND "北 京"')
    assert.equal(matchExpression(parseQuery('hello wor'), { contact: 7, completions: undefined }), '"\u200b7" AND "hello" AND "wor" *')
    assert.equal(matchExpression(parseQuery('hello new.wor'), { contact: undefined, completions: ['word', 'world'] }), '"hello" AND ("new word" OR "new world")')
  })

  it('cannot name the mark of a contact', () => {
    assert.equal(indexEntry('hello', 7), '\u200b7 hello')
    assert.equal(isMatch('hello', parseQuery('\u200b7')), false)
  })
})
