/**
 * Our directory record: published to our relays and into the DHT when what it says has changed, and again every half a day, long
 * before anybody forgets it. Law: docs/protocols/directory.md, "Publishing".
 */
import { decodeSignedStatement } from '../../protocols/account/wire.ts'
import { MalformedError, StorageError, UnreachableError } from '../../protocols/core/errors.ts'
import { RECORD_ECHOES_ENOUGH, RECORD_PUBLISH_JITTER_MS, RECORD_PUBLISH_MS, RETRY_JITTER } from '../../protocols/core/limits.ts'
import { idKey } from '../../protocols/core/ids.ts'
import { nextSeq, recordName, validateRecord } from '../../protocols/directory/record.ts'
import { decodeDirectoryAnswer, DIRECTORY_VERSION, encodeDirectoryRequest, type DirectoryAnswer, type DirectoryRequest, type Entry } from '../../protocols/directory/wire.ts'
import type { Reader } from '../../store/reader.ts'
import { makeEntry, type SecretBox } from '../contacts/entries.ts'
import type { OwnAccount, RecordKeys } from '../own-account.ts'
import type { Clock, Network, PeerTarget, Random, RecordNetwork, Timer } from '../ports.ts'
import { DIRECTORY_PROTOCOL } from '../protocols.ts'
import type { Turn } from '../turn/turn.ts'

export interface RecordsParts {
  readonly reader: Reader
  readonly turn: Turn
  readonly clock: Clock
  readonly random: Random
  readonly network: Network
  /** undefined: without a DHT. */
  readonly records: RecordNetwork | undefined
  readonly account: OwnAccount
  readonly box: SecretBox
}

/** Who has our record now. */
export interface Publication {
  /** Of our relays; `of` them were asked. */
  readonly stored: number
  readonly of: number
  /** Keepers in the DHT that have shown it back. */
  readonly echoes: number
  readonly asked: number
}

const SEQ_FACT = 'record.seq'
const PUBLISHED_FACT = 'record.published-at'
const STATEMENT_FACT = 'record.statement'
/** After a start or a change: several changes in a row are one publication, and the mailboxes are open by then. */
const SOON_MS = 3_000
/** When too few have taken it: in steps that double. */
const RETRY_MS_MIN = 30_000
const RETRY_MS_MAX = 3 * 3_600_000

export class Records {
  readonly #parts: RecordsParts
  #timer: Timer | undefined
  #isStopped = true
  #isPublishing = false
  #failures = 0
  #last: Publication | undefined

  constructor (parts: RecordsParts) {
    this.#parts = parts
  }

  /** The last publication since the start. */
  get last (): Publication | undefined { return this.#last }

  start (): void {
    this.#isStopped = false
    this.#arm(Math.max(SOON_MS, this.#dueInMs()))
  }

  stop (): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }

  /** Our device list may have changed, or a relay may answer again; `isForgotten`: one that had our record has it no more. */
  hint (isForgotten = false): void {
    if (isForgotten || this.#isChanged() || this.#failures > 0) this.#arm(SOON_MS)
  }

  /**
   * Publishes now, whether it is due or not. undefined: there is nothing to tell.
   * @throws StorageError
   */
  async publish (): Promise<Publication | undefined> {
    const { account, network, records, clock } = this.#parts
    const keys = account.recordKeys
    if (keys === undefined || !this.#hasSomethingToTell()) return undefined
    const statement = account.statement
    const entry = await this.#nextEntry(keys)
    const name = recordName(keys.publicKey)
    const [answers, put] = await Promise.all([
      Promise.all(account.relays.map(async relay => await this.#put(relay, entry, network))),
      records?.put(name, entry.record) ?? { echoes: 0, asked: 0 }
    ])
    const stored = answers.filter(answer => answer?.type === 'stored').length
    this.#last = { stored, of: answers.length, ...put }
    if (answers.some(answer => answer?.type === 'refusal' && answer.reason === 'older')) await this.#catchUp(name, keys)
    else if (isEnough(this.#last)) await this.#note(statement.hash, clock.now())
    return this.#last
  }

  #arm (delayMs: number): void {
    if (this.#isStopped) return
    this.#timer?.cancel()
    this.#timer = this.#parts.clock.timer(delayMs, () => { void this.#run() })
  }

  async #run (): Promise<void> {
    if (this.#isPublishing || this.#isStopped) return
    this.#isPublishing = true
    try {
      const publication = await this.publish()
      this.#failures = publication === undefined || isEnough(publication) ? 0 : this.#failures + 1
    } catch (error) {
      // The disk says no: the turn reports it.
      if (!(error instanceof StorageError)) throw error
      this.#failures += 1
    } finally {
      this.#isPublishing = false
    }
    this.#arm(this.#failures > 0 ? this.#retryInMs() : Math.max(SOON_MS, this.#dueInMs()))
  }

  #retryInMs (): number {
    const delayMs = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(this.#failures - 1, 10))
    return delayMs * (1 + RETRY_JITTER * (2 * this.#parts.random.fraction() - 1))
  }

  #dueInMs (): number {
    const { reader, clock, random } = this.#parts
    if (this.#isChanged() && this.#hasSomethingToTell()) return 0
    const jitterMs = RECORD_PUBLISH_JITTER_MS * (2 * random.fraction() - 1)
    const agoMs = clock.now() - (reader.facts.number(PUBLISHED_FACT) ?? clock.now())
    // A clock that was set back must not make us wait for it to catch up.
    return agoMs < 0 ? 0 : RECORD_PUBLISH_MS + jitterMs - agoMs
  }

  /** Whoever has never had relays has nothing to tell; whoever has none any more tells that. */
  #hasSomethingToTell (): boolean {
    const { account, reader } = this.#parts
    return account.relays.length > 0 || reader.facts.bytes(STATEMENT_FACT) !== undefined
  }

  #isChanged (): boolean {
    const { account, reader } = this.#parts
    const published = reader.facts.bytes(STATEMENT_FACT)
    return published === undefined || idKey(published) !== idKey(account.statement.hash)
  }

  /** Its seq is on the disk before anybody sees it: after a crash none is used twice for different things. */
  async #nextEntry (keys: RecordKeys): Promise<Entry> {
    const { turn, account, box, random, clock } = this.#parts
    const nowMs = clock.now()
    const seq = await turn.write(writer => {
      const next = nextSeq(writer.read.facts.number(SEQ_FACT) ?? 0, nowMs)
      writer.facts.set(SEQ_FACT, next)
      return next
    })
    const { own, ref, relays } = account
    return makeEntry({ keys, accountId: own.accountId, statement: decodeSignedStatement(own.statement), ref, relays, seq }, { box, random, nowMs })
  }

  async #put (relay: PeerTarget, entry: Entry, network: Network): Promise<DirectoryAnswer | undefined> {
    return await this.#ask(relay, { type: 'put', version: DIRECTORY_VERSION, entry }, network)
  }

  async #ask (relay: PeerTarget, request: DirectoryRequest, network: Network): Promise<DirectoryAnswer | undefined> {
    try {
      return decodeDirectoryAnswer(await network.request(relay, DIRECTORY_PROTOCOL, encodeDirectoryRequest(request)))
    } catch (error) {
      if (error instanceof UnreachableError || error instanceof MalformedError) return undefined
      throw error
    }
  }

  /** There is a newer one, by the same key: another device of ours, or we were restored from an old copy. The next one tops it. */
  async #catchUp (name: Uint8Array, keys: RecordKeys): Promise<void> {
    const { account, network, turn, clock } = this.#parts
    const answers = await Promise.all(account.relays.map(async relay => await this.#ask(relay, { type: 'get', version: DIRECTORY_VERSION, name }, network)))
    const seqs = answers.flatMap(answer => answer?.type === 'entry' ? [seqOf(answer.entry.record, { key: recordName(keys.publicKey), nowMs: clock.now() })] : [])
    await turn.write(writer => { writer.facts.set(SEQ_FACT, Math.max(writer.read.facts.number(SEQ_FACT) ?? 0, ...seqs)) })
  }

  async #note (statementHash: Uint8Array, nowMs: number): Promise<void> {
    await this.#parts.turn.write(writer => {
      writer.facts.set(STATEMENT_FACT, statementHash)
      writer.facts.set(PUBLISHED_FACT, nowMs)
    })
  }
}

/** The relays are what people ask first; the DHT is for the day on which all of them are gone. */
function isEnough ({ stored, of, echoes, asked }: Publication): boolean {
  return stored === of && (asked === 0 || echoes >= Math.min(RECORD_ECHOES_ENOUGH, Math.ceil(asked / 2)))
}

/** 0 when it is not what it should be. */
function seqOf (record: Uint8Array, rules: Parameters<typeof validateRecord>[1]): number {
  try {
    return validateRecord(record, rules).seq
  } catch (error) {
    if (error instanceof MalformedError) return 0
    throw error
  }
}
