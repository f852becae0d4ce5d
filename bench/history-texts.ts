/** Texts for a long history: the same at every run, words as frequent as in a language (Zipf), and a few that are looked for. */

/** One in so many messages has it. */
const RARE_EVERY = 200_000
const CHINESE_EVERY = 50
const VOCABULARY = 30_000
const SYLLABLES = ['an', 'be', 'ca', 'do', 'el', 'fi', 'go', 'hu', 'in', 'jo', 'ka', 'lu', 'me', 'no', 'or', 'pa', 'qui', 'ra', 'se', 'tu', 'un', 'ver', 'wi', 'xe', 'yo', 'zu']
const CHINESE = ['明天', '渡轮', '九点', '出发', '记得', '手套', '我们', '码头', '见面', '下雨', '不来', '晚上', '一起', '吃饭', '票价', '便宜']

/** What is looked for: each query has its own way through the index. `match`: the same in FTS5's own language. */
export const QUERIES = [
  { what: 'a rare word', query: 'quicksilver', match: 'quicksilver' },
  { what: 'a word of every third message', query: 'ferry', match: 'ferry' },
  { what: 'two words', query: 'ferry gloves', match: 'ferry AND gloves' },
  { what: 'two frequent words that are never together', query: 'ferry train', match: 'ferry AND train' },
  { what: 'the first four letters of a word', query: 'ferr', match: 'ferr*' },
  { what: 'two letters', query: 'fe', match: 'fe*' },
  { what: 'Chinese', query: '码头见面', match: '"码 头 见 面"' }
] as const

export class HistoryTexts {
  #state = 1
  readonly #words = Array.from({ length: VOCABULARY }, (_, index) => wordOf(index))

  /** The text of the `index`-th message. */
  at (index: number): string {
    if (index % CHINESE_EVERY === 7) return Array.from({ length: 6 }, () => CHINESE[Math.floor(this.#next() * CHINESE.length)]).join('')
    const words = Array.from({ length: 6 + Math.floor(this.#next() * 8) }, () => this.#word())
    if (index % 3 === 0) words.push('ferry')
    if (index % 3 === 1) words.push('train')
    if (index % 40 === 0) words.push('gloves')
    if (index % RARE_EVERY === 11) words.push('quicksilver')
    return words.join(' ')
  }

  /** Zipf's law: the n-th word about 1/n as often as the first. */
  #word (): string {
    return this.#words[Math.floor(VOCABULARY ** this.#next()) - 1] ?? ''
  }

  /** mulberry32: small, and the same everywhere. */
  #next (): number {
    this.#state = (this.#state + 0x6D2B79F5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function wordOf (index: number): string {
  let word = ''
  for (let rest = index + SYLLABLES.length; rest > 0; rest = Math.floor(rest / SYLLABLES.length)) word += SYLLABLES[rest % SYLLABLES.length] ?? ''
  return word
}
