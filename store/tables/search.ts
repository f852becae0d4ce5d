/**
 * Full text of messages. Indexing is deferred: a message costs its index entry when nobody waits for it. The watermark (the
 * highest row in the index) moves in the transaction of the entries; what lies above it is scanned.
 */
import type { Database, Statement } from '../database.ts'
import { indexEntry, isMatch, matchExpression, parseQuery, searchRule, type Phrase } from '../search.ts'
import type { Message } from '../types.ts'
import type { FactReader, FactWriter } from './facts.ts'
import type { MessageReader, TextRow } from './messages.ts'

const WATERMARK = 'search.watermark'
const RULE = 'search.rule'

/** Rows above the watermark that one search scans, newest first: some 5 ms. The index is hardly ever this far behind. */
export const TAIL_ROWS_MAX = 2_000
/** Read at a time, so that a search which finds enough among the newest stops there. */
const TAIL_STEP_ROWS = 200

/**
 * Longer beginnings have no prefix index (migrations/001-account.sql): one of two characters costs 5 µs per message, one for each
 * of 1 to 3 costs 14, which is as much as the words themselves.
 */
const PREFIX_INDEX_CHARACTERS_MAX = 2
/** A beginning with more completions than this is rare in each of them, and FTS5 may put them together. */
const COMPLETIONS_MAX = 64
/** Sorts before every other character that a word can go on with. */
const LOWEST_CHARACTER = '\u0001'

export interface FindOptions {
  readonly limit: number
  /** In the conversation with this contact only. */
  readonly contact?: number
  /** Messages below this row only: the last row of the page before. */
  readonly beforeRow?: number
}

export interface SearchReaderParts { readonly database: Database, readonly facts: FactReader, readonly messages: MessageReader }

export class SearchReader {
  readonly #facts: FactReader
  readonly #messages: MessageReader
  readonly #find: Statement<[string, number, number], { readonly row: number }>
  readonly #nextWord: Statement<[string], { readonly term: string }>
  readonly #tail: Statement<[number, number], TextRow>
  readonly #newestRow: Statement<[], { readonly row: number | null }>

  constructor ({ database, facts, messages }: SearchReaderParts) {
    this.#facts = facts
    this.#messages = messages
    // By row and never by rank: rank looks at every match.
    this.#find = database.prepare('SELECT rowid AS row FROM search WHERE search MATCH ? AND rowid < ? ORDER BY rowid DESC LIMIT ?')
    this.#nextWord = database.prepare('SELECT term FROM search_words WHERE term >= ? LIMIT 1')
    this.#tail = database.prepare("SELECT row, contact, text FROM messages WHERE row >= ? AND row < ? AND text <> '' ORDER BY row DESC")
    this.#newestRow = database.prepare('SELECT max(row) AS row FROM messages')
  }

  /** The highest row that is in the index. */
  watermark (): number { return this.#facts.number(WATERMARK) ?? 0 }

  /** Newest first. Any string is a query; one without words finds nothing. */
  find (query: string, options: FindOptions): Message[] {
    const phrases = parseQuery(query)
    if (phrases.length === 0) return []
    const afterIndex = this.#indexedBelow(phrases)
    const tail = this.#findInTail(phrases, afterIndex, options)
    const rows = tail.length < options.limit ? [...tail, ...this.#findInIndex(phrases, afterIndex, { ...options, limit: options.limit - tail.length })] : tail
    return rows.map(row => this.#messages.byRow(row)).filter(message => message !== undefined && !message.isDeleted) as Message[]
  }

  /**
   * Rows from here on are scanned. A beginning of one character is in nearly every message: the newest ones are looked at first,
   * since the index would put a good part of all rows together to find the same.
   */
  #indexedBelow (phrases: readonly Phrase[]): number {
    const unindexed = this.watermark() + 1
    const [only] = phrases
    const isSingleCharacter = phrases.length === 1 && only?.isPrefix === true && only.words.length === 1 && only.words[0]?.length === 1
    return isSingleCharacter ? Math.max(1, Math.min(unindexed, this.#newest() + 1 - TAIL_ROWS_MAX)) : unindexed
  }

  #newest (): number { return this.#newestRow.get()?.row ?? 0 }

  #findInIndex (phrases: readonly Phrase[], afterIndex: number, { limit, contact, beforeRow = Number.MAX_SAFE_INTEGER }: FindOptions): number[] {
    const completions = this.#completionsOf(phrases)
    if (completions?.length === 0) return []
    return this.#find.all(matchExpression(phrases, { contact, completions }), Math.min(beforeRow, afterIndex), limit).map(({ row }) => row)
  }

  /**
   * The words of the index that begin as the query ends; `undefined` when FTS5 shall look for them itself. It would first put
   * together all rows of all of them, which takes 20 ms for a word of every message; the words themselves it reads from the newest.
   */
  #completionsOf (phrases: readonly Phrase[]): string[] | undefined {
    const last = phrases.at(-1)
    const prefix = last?.words.at(-1) ?? ''
    if (last?.isPrefix !== true || prefix.length <= PREFIX_INDEX_CHARACTERS_MAX) return undefined
    const completions: string[] = []
    for (let word = this.#wordFrom(prefix); word?.startsWith(prefix) === true; word = this.#wordFrom(word + LOWEST_CHARACTER)) {
      if (completions.length === COMPLETIONS_MAX) return undefined
      completions.push(word)
    }
    return completions
  }

  #wordFrom (lowest: string): string | undefined { return this.#nextWord.get(lowest)?.term }

  #findInTail (phrases: readonly Phrase[], afterIndex: number, { limit, contact, beforeRow = Number.MAX_SAFE_INTEGER }: FindOptions): number[] {
    const found: number[] = []
    let end = Math.min(beforeRow, this.#newest() + 1)
    const start = Math.max(afterIndex, end - TAIL_ROWS_MAX)
    while (end > start && found.length < limit) {
      const from = Math.max(start, end - TAIL_STEP_ROWS)
      const matching = this.#tail.all(from, end).filter(row => (contact === undefined || row.contact === contact) && isMatch(row.text, phrases))
      found.push(...matching.map(({ row }) => row))
      end = from
    }
    return found.slice(0, limit)
  }
}

export interface SearchWriterParts { readonly database: Database, readonly reader: SearchReader, readonly known: FactReader, readonly facts: FactWriter }

export class SearchWriter {
  readonly #reader: SearchReader
  readonly #known: FactReader
  readonly #facts: FactWriter
  readonly #next: Statement<[number, number], TextRow>
  readonly #add: Statement<[number, string], never>
  readonly #remove: Statement<[number, string], never>
  readonly #clear: Statement<[], never>

  constructor ({ database, reader, known, facts }: SearchWriterParts) {
    this.#reader = reader
    this.#known = known
    this.#facts = facts
    this.#next = database.prepare('SELECT row, contact, text FROM messages WHERE row > ? ORDER BY row LIMIT ?')
    this.#add = database.prepare('INSERT INTO search (rowid, text) VALUES (?, ?)')
    this.#remove = database.prepare("INSERT INTO search (search, rowid, text) VALUES ('delete', ?, ?)")
    this.#clear = database.prepare("INSERT INTO search (search) VALUES ('delete-all')")
  }

  /** Indexes the next rows. Returns how many: less than `limit` when it has caught up. */
  indexNext (limit: number): number {
    const rows = this.#next.all(this.#reader.watermark(), limit)
    for (const { row, contact, text } of rows) {
      if (text !== '') this.#add.run(row, indexEntry(text, contact))
    }
    const last = rows.at(-1)
    if (last !== undefined) this.#facts.set(WATERMARK, last.row)
    return rows.length
  }

  /**
   * A message's text has changed. The index has no copy of the old one and must be told exactly what to take out, so both are as
   * the database gives them.
   */
  replace (before: TextRow, after: TextRow): void {
    const { row, contact } = before
    if (before.text === after.text || row > this.#reader.watermark()) return
    if (before.text !== '') this.#remove.run(row, indexEntry(before.text, contact))
    if (after.text !== '') this.#add.run(row, indexEntry(after.text, contact))
  }

  /** Renews an index whose words were made by another rule. */
  renewIfStale (): void {
    if (this.#known.text(RULE) !== searchRule()) this.renew()
  }

  /** Empties the index, whatever state it is in; it fills again by `indexNext`. */
  renew (): void {
    this.#clear.run()
    this.#facts.set(WATERMARK, 0)
    this.#facts.set(RULE, searchRule())
  }
}
