/**
 * Custody: relays sign what they keep, and here they are held to it, some times a day and whenever a person asks. What a relay has signed for
 * and does not have is deposited again, and the relay is named. Law: docs/protocols/mailbox.md, "Custody".
 */
import { custodyMacInput, isCustodySigned, type CustodyFacts } from '../../protocols/deposit/custody.ts'
import { decodeCustodyAnswer, encodeCustodyRequest, type CustodyState } from '../../protocols/mailbox/questions.ts'
import { MAILBOX_VERSION } from '../../protocols/mailbox/wire.ts'
import { MalformedError, StorageError, UnreachableError } from '../../protocols/core/errors.ts'
import { CUSTODY_IDS_MAX, RELAY_NONCE_BYTES } from '../../protocols/core/limits.ts'
import { networkKeyOf } from '../../protocols/core/peer-id.ts'
import type { ListedRelay } from '../../protocols/account/wire.ts'
import type { DerivedAlias } from '../../protocols/mailbox/alias.ts'
import type { Reader } from '../../store/reader.ts'
import type { Copy, Outgoing } from '../../store/types.ts'
import { relayLabel, type Destinations } from '../contacts/copies.ts'
import type { Clock, Network, Random, Timer } from '../ports.ts'
import { CUSTODY_PROTOCOL } from '../protocols.ts'
import type { Copies } from './copies.ts'
import type { Turn } from '../turn/turn.ts'

export interface CustodyParts {
  readonly reader: Reader
  readonly network: Network
  readonly clock: Clock
  readonly random: Random
  readonly turn: Turn
  readonly destinations: Destinations
  readonly copies: Copies
  readonly macOf: (key: Uint8Array, input: Uint8Array) => Uint8Array
}

/** What became of what one relay has signed for. */
export interface CustodyAudit {
  readonly relay: string
  readonly label: string
  /** Copies that it has signed for, that have not run out, and that nobody has a receipt for. */
  readonly promised: number
  readonly held: number
  readonly collected: number
  readonly lost: number
  /** It has answered every question. */
  readonly isReachable: boolean
  /** What it has answered is its own word, and nothing is lost. */
  readonly isHonest: boolean
}

/** What one relay has signed for through one door: at most as much as fits a question. */
interface Question {
  readonly relay: ListedRelay
  readonly door: Pick<DerivedAlias, 'alias' | 'macKey'>
  readonly copies: Copy[]
}

/** Open rows read at a time. */
const ROWS = 256

/** A relay that lost its disk is found out in this time, and not when somebody misses a message: its copies run for weeks. */
const EVERY_MS = 6 * 3_600_000
/** Relays and contacts are found again first. */
const FIRST_MS = 600_000

export class Custody {
  readonly #parts: CustodyParts
  #timer: Timer | undefined
  #isStopped = false

  constructor (parts: CustodyParts) {
    this.#parts = parts
  }

  start (): void { this.#arm(FIRST_MS) }

  stop (): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }

  /** Asks every relay about everything that it has signed for. */
  async audit (): Promise<CustodyAudit[]> {
    const { turn } = this.#parts
    await turn.settled()
    return await Promise.all([...questionsByRelay(this.#parts)].map(async ([relay, questions]) => await auditRelay(relay, questions, this.#parts)))
  }

  /** Not all nodes at the same time. */
  #arm (delayMs: number): void {
    const { clock, random } = this.#parts
    this.#timer = clock.timer(delayMs * (1 + random.fraction()), () => { void this.#watch() })
  }

  async #watch (): Promise<void> {
    try {
      await this.audit()
    } catch (error) {
      // What is lost stays noted as it was, and is found the next time. A node that has stopped meanwhile writes nothing more.
      if (!this.#isStopped && !(error instanceof StorageError)) throw error
    }
    if (!this.#isStopped) this.#arm(EVERY_MS)
  }
}

/** Everything that is signed for, not run out and not delivered. */
function questionsByRelay ({ reader, destinations, clock }: CustodyParts): Map<string, Question[]> {
  const byRelay = new Map<string, Question[]>()
  for (const outgoing of sealedRows(reader)) {
    const doors = destinations.of(outgoing)
    for (const copy of doors.length === 0 ? [] : reader.copies.ofOutbox(outgoing.row)) {
      const found = doors.find(({ relay }) => relay.peerId === copy.relay)
      if (found === undefined || copy.state !== 'stored' || (copy.expiresAtMs ?? 0) <= clock.now()) continue
      const questions = byRelay.get(copy.relay) ?? []
      byRelay.set(copy.relay, questions)
      const open = questions.find(({ door, copies }) => door.alias === found.door.alias && copies.length < CUSTODY_IDS_MAX)
      if (open === undefined) questions.push({ ...found, copies: [copy] })
      else open.copies.push(copy)
    }
  }
  return byRelay
}

function * sealedRows (reader: Reader): Generator<Outgoing> {
  for (const { deviceId } of reader.outbox.openDevices()) {
    for (let afterRow = 0; ;) {
      const rows = reader.outbox.sealed(deviceId, { afterRow, limit: ROWS })
      yield * rows
      const last = rows.at(-1)
      if (last === undefined || rows.length < ROWS) break
      afterRow = last.row
    }
  }
}

async function auditRelay (peerId: string, questions: readonly Question[], parts: CustodyParts): Promise<CustodyAudit> {
  const audit = { relay: peerId, label: relayLabel(peerId, questions.map(({ relay }) => relay)), promised: 0, held: 0, collected: 0, lost: 0, isReachable: true, isHonest: true }
  const gone: Copy[] = []
  for (const question of questions) {
    audit.promised += question.copies.length
    try {
      const states = await ask(question, parts)
      audit.held += states.filter(state => state === 'held').length
      audit.collected += states.filter(state => state === 'collected').length
      gone.push(...question.copies.filter((_, index) => states[index] !== 'held' && states[index] !== 'collected'))
    } catch (error) {
      if (error instanceof UnreachableError) audit.isReachable = false
      else if (error instanceof MalformedError) audit.isHonest = false
      else throw error
    }
  }
  if (gone.length > 0) await depositAgain(gone, parts)
  if (gone.length > 0 || !audit.isHonest) parts.destinations.demote(peerId)
  return { ...audit, lost: gone.length, isHonest: audit.isHonest && gone.length === 0 }
}

/** @throws UnreachableError, and MalformedError when the answer is not the relay's own word */
async function ask ({ relay, door: { alias, macKey }, copies }: Question, { network, random, macOf }: CustodyParts): Promise<readonly CustodyState[]> {
  const depositIds = copies.map(({ depositId }) => depositId)
  const nonce = random.bytes(RELAY_NONCE_BYTES)
  const mac = macOf(macKey, custodyMacInput({ nonce, depositIds }))
  const answer = decodeCustodyAnswer(await network.request(relay, CUSTODY_PROTOCOL, encodeCustodyRequest({ version: MAILBOX_VERSION, alias, depositIds, nonce, mac })))
  if (answer.type === 'refusal') {
    // It had this door when it signed, and what lay behind it is gone with it.
    if (answer.reason === 'unknownAlias' || answer.reason === 'badMac') return copies.map(() => 'unknown')
    throw new UnreachableError('the relay does not answer questions about custody now')
  }
  const facts: CustodyFacts = { nonce, alias, relayTimeMs: answer.relayTimeMs, depositIds, states: answer.numbers ?? [] }
  const key = networkKeyOf(relay.peerId)
  if (answer.states.length !== depositIds.length || key === undefined || !isCustodySigned(facts, answer.signature, key)) throw new MalformedError('custody answer', 'must be signed by the relay, for this question')
  return answer.states
}

async function depositAgain (gone: readonly Copy[], { turn, copies }: CustodyParts): Promise<void> {
  await turn.write((writer, round) => {
    for (const copy of gone) {
      writer.copies.put({ ...copy, state: 'waiting', detail: 'it was signed for, and is not there any more', evidence: undefined, storedAtMs: undefined, expiresAtMs: undefined })
      writer.traces.add({ outbox: copy.outbox, atMs: round.nowMs, step: 'relay.lost', detail: `it signed that it would keep it until ${new Date(copy.expiresAtMs ?? 0).toISOString().slice(0, 10)}` })
    }
  })
  for (const { outbox } of gone) copies.retry(outbox)
}
