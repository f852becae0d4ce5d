/**
 * Custody: relays sign what they keep, and here they are held to it. What a relay has signed for and does not have is deposited again, and
 * the relay is named. Law: docs/protocols/mailbox.md, "Custody".
 */
import { custodyMacInput, isCustodySigned, type CustodyFacts } from '../../protocols/deposit/custody.ts'
import { decodeCustodyAnswer, encodeCustodyRequest, type CustodyState } from '../../protocols/mailbox/questions.ts'
import { MAILBOX_VERSION } from '../../protocols/mailbox/wire.ts'
import { MalformedError, UnreachableError } from '../../protocols/core/errors.ts'
import { idKey, type DeviceId } from '../../protocols/core/ids.ts'
import { CUSTODY_IDS_MAX, RELAY_NONCE_BYTES } from '../../protocols/core/limits.ts'
import { networkKeyOf } from '../../protocols/core/peer-id.ts'
import type { ListedRelay } from '../../protocols/account/wire.ts'
import type { Result } from '../../protocols/local/operations.ts'
import type { Reader } from '../../store/reader.ts'
import type { Copy, Outgoing } from '../../store/types.ts'
import { relayLabel, type Destinations } from '../contacts/copies.ts'
import type { Clock, Network, Random } from '../ports.ts'
import { CUSTODY_PROTOCOL } from '../protocols.ts'
import type { Copies } from '../loops/copies.ts'
import type { Turn } from '../turn/turn.ts'
import type { Handlers } from './handlers.ts'

export interface AuditParts {
  readonly reader: Reader
  readonly network: Network
  readonly clock: Clock
  readonly random: Random
  readonly turn: Turn
  readonly destinations: Destinations
  readonly copies: Copies
  readonly macOf: (key: Uint8Array, input: Uint8Array) => Uint8Array
}

type Audit = Result<'message.audit'>
type RelayAudit = Audit['relays'][number]

/** A promise: the copy, and the door that it went through. */
interface Promised { readonly copy: Copy, readonly relay: ListedRelay, readonly alias: Uint8Array, readonly macKey: Uint8Array }

/** Open rows read at a time. */
const ROWS = 256

export function auditOperations (parts: AuditParts): Handlers<'message.audit'> {
  return {
    'message.audit': async () => {
      await parts.turn.settled()
      const byRelay = promisesByRelay(parts)
      const relays = await Promise.all([...byRelay.values()].map(async promises => await auditRelay(promises, parts)))
      const lost = relays.reduce((sum, relay) => sum + relay.lost, 0)
      return { ...parts.reader.messages.ownCounts(), lost, relays }
    }
  }
}

function promisesByRelay (parts: AuditParts): Map<string, Promised[]> {
  const byRelay = new Map<string, Promised[]>()
  for (const { deviceId, sealedCount } of parts.reader.outbox.openDevices()) {
    for (const outgoing of sealedCount === 0 ? [] : sealedRows(deviceId, parts.reader)) {
      for (const promised of promisesOf(outgoing, parts)) note(promised, byRelay)
    }
  }
  return byRelay
}

function note (promised: Promised, byRelay: Map<string, Promised[]>): void {
  const known = byRelay.get(promised.copy.relay)
  if (known === undefined) byRelay.set(promised.copy.relay, [promised])
  else known.push(promised)
}

function * sealedRows (device: DeviceId, reader: Reader): Generator<Outgoing> {
  for (let afterRow = 0; ;) {
    const rows = reader.outbox.sealed(device, { afterRow, limit: ROWS })
    yield * rows
    const last = rows.at(-1)
    if (last === undefined || rows.length < ROWS) return
    afterRow = last.row
  }
}

/** What has run out was promised until then, and no longer. */
function promisesOf (outgoing: Outgoing, { reader, destinations, clock }: AuditParts): Promised[] {
  const doors = destinations.of(outgoing)
  if (doors.length === 0) return []
  return reader.copies.ofOutbox(outgoing.row).flatMap(copy => {
    const found = doors.find(({ relay }) => relay.peerId === copy.relay)
    if (found === undefined || copy.state !== 'stored' || (copy.expiresAtMs ?? 0) <= clock.now()) return []
    return [{ copy, relay: found.relay, alias: found.door.alias, macKey: found.door.macKey }]
  })
}

async function auditRelay (promises: readonly Promised[], parts: AuditParts): Promise<RelayAudit> {
  const { relay } = promises[0] as Promised
  const audit = { relay: relay.peerId, label: relayLabel(relay.peerId, [relay]), promised: promises.length, held: 0, collected: 0, lost: 0, isReachable: true, isHonest: true }
  const gone: Copy[] = []
  for (const asked of questionsOf(promises)) {
    const answer = await tryAsk(asked, parts)
    if (answer === 'silent') audit.isReachable = false
    else if (answer === 'unsigned') audit.isHonest = false
    else {
      audit.held += answer.filter(state => state === 'held').length
      audit.collected += answer.filter(state => state === 'collected').length
      gone.push(...asked.flatMap(({ copy }, index) => answer[index] === 'held' || answer[index] === 'collected' ? [] : [copy]))
    }
  }
  if (gone.length === 0) return audit
  await depositAgain(gone, parts)
  return { ...audit, lost: gone.length, isHonest: false }
}

async function tryAsk (asked: readonly Promised[], parts: AuditParts): Promise<readonly CustodyState[] | 'silent' | 'unsigned'> {
  try {
    return await ask(asked, parts)
  } catch (error) {
    if (error instanceof UnreachableError) return 'silent'
    if (error instanceof MalformedError) return 'unsigned'
    throw error
  }
}

/** Promises of one alias, as many as fit a question. */
function questionsOf (promises: readonly Promised[]): Promised[][] {
  const questions = new Map<string, Promised[]>()
  const full: Promised[][] = []
  for (const promised of promises) {
    const key = idKey(promised.alias)
    const question = [...questions.get(key) ?? [], promised]
    if (question.length === CUSTODY_IDS_MAX) {
      full.push(question)
      questions.delete(key)
    } else {
      questions.set(key, question)
    }
  }
  return [...full, ...questions.values()]
}

/** @throws UnreachableError, and MalformedError when the answer is not the relay's own word */
async function ask (asked: readonly Promised[], { network, random, macOf }: AuditParts): Promise<readonly CustodyState[]> {
  const { relay, alias, macKey } = asked[0] as Promised
  const depositIds = asked.map(({ copy }) => copy.depositId)
  const nonce = random.bytes(RELAY_NONCE_BYTES)
  const mac = macOf(macKey, custodyMacInput({ nonce, depositIds }))
  const answer = decodeCustodyAnswer(await network.request(relay, CUSTODY_PROTOCOL, encodeCustodyRequest({ version: MAILBOX_VERSION, alias, depositIds, nonce, mac })))
  if (answer.type === 'refusal') {
    // It had this door when it signed. Its owner may have closed it, and then it is no promise that was broken.
    if (answer.reason === 'unknownAlias' || answer.reason === 'badMac') return asked.map(() => 'unknown')
    throw new UnreachableError('the relay does not answer questions about custody now')
  }
  const facts: CustodyFacts = { nonce, alias, relayTimeMs: answer.relayTimeMs, depositIds, states: answer.numbers ?? [] }
  const key = networkKeyOf(relay.peerId)
  if (answer.states.length !== depositIds.length || key === undefined || !isCustodySigned(facts, answer.signature, key)) throw new MalformedError('custody answer', 'must be signed by the relay, for this question')
  return answer.states
}

async function depositAgain (gone: readonly Copy[], { turn, copies }: AuditParts): Promise<void> {
  await turn.write((writer, round) => {
    for (const copy of gone) {
      writer.copies.put({ ...copy, state: 'waiting', detail: 'it was signed for, and is not there any more', evidence: undefined, storedAtMs: undefined, expiresAtMs: undefined })
      writer.traces.add({ outbox: copy.outbox, atMs: round.nowMs, step: 'relay.lost', detail: `it signed that it would keep it until ${new Date(copy.expiresAtMs ?? 0).toISOString().slice(0, 10)}, and has lost it` })
    }
  })
  for (const { outbox } of gone) copies.retry(outbox)
}
