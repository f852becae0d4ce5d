/**
 * The first half of the receive pipeline: an envelope that a peer left with us, or that we collected at a relay, becomes contents,
 * or an answer why not. Nothing here is durable: the ratchet moves in the sealer's unit of work, and the turn commits it together
 * with what was inside (docs/protocols/session.md). One bad envelope never fails its neighbours: every failure is a value.
 */
import { decodeCiphertext, decodeEnvelope, decodeRetryRequest, type Ciphertext, type RetryRequest } from '../../protocols/envelope/wire.ts'
import { unpadBucket, unpadContent } from '../../protocols/envelope/padding.ts'
import { decodePack } from '../../protocols/message/wire.ts'
import type { Content } from '../../protocols/message/content.ts'
import { MalformedError } from '../../protocols/core/errors.ts'
import { idKey, type DeviceId, type EnvelopeId } from '../../protocols/core/ids.ts'
import type { StatementRef } from '../../protocols/account/wire.ts'
import type { RefusalReason } from '../../protocols/deposit/wire.ts'
import type { Device } from '../../store/types.ts'
import type { Reader } from '../../store/reader.ts'
import type { Sealer, DecryptFailure } from '../ports.ts'
import type { Directory } from '../directory.ts'
import { judgeStranger, type Stranger } from '../contacts/stranger.ts'

interface Carried {
  /**
   * Told after the commit, or when nothing was committed. `envelope`: which one it was; undefined when nobody can tell.
   */
  readonly onOutcome: (outcome: Outcome, envelope?: EnvelopeId) => void
}

/** As the deposit handler took it from a peer. */
export interface DirectArrival extends Carried {
  readonly via: 'direct'
  /** The peer that the connection has proven. */
  readonly peerId: string
  readonly envelopeId: EnvelopeId
  readonly body: Uint8Array
  readonly gateToken: Uint8Array | undefined
}

/** As we collected it at a relay: nobody is proven, and what envelope it is stands under its seal. */
export interface CollectedArrival extends Carried {
  readonly via: 'relay'
  /** PeerId of the relay. */
  readonly relay: string
  readonly door: Door
  /** What was under its seal, padded; undefined: it was not sealed to us. */
  readonly letter: Uint8Array | undefined
}

export type Arrival = DirectArrival | CollectedArrival

/** Whose alias an envelope was left at: a contact's, or the gate that an invite opens. */
export type Door =
  | { readonly type: 'contact', readonly contact: number }
  | { readonly type: 'gate', readonly token: Uint8Array }

export type Outcome =
  | { readonly type: 'stored' }
  | { readonly type: 'refused', readonly reason: RefusalReason, readonly retryAfterMs: number, readonly decryptionError?: Uint8Array | undefined }

export type Opened =
  | { readonly type: 'answered', readonly outcome: Outcome }
  | { readonly type: 'contents', readonly from: Device, readonly contents: readonly Content[], readonly senderStatement: StatementRef | undefined, readonly isFirstFlight: boolean }
  | { readonly type: 'request', readonly from: Stranger, readonly contents: readonly Content[] }
  /** A copy, at a relay, of what we have: its author may not know that. */
  | { readonly type: 'copy', readonly contact: number, readonly senderDevice: DeviceId }
  /** They could not read an envelope of ours: the row of it. */
  | { readonly type: 'retryRequest', readonly row: number, readonly from: Device }
  /** Decrypted or not, nothing in it can be used; it must not be tried again. */
  | { readonly type: 'useless', readonly outcome: Outcome }
  | { readonly type: 'undecryptable', readonly from: Device, readonly reason: DecryptFailure, readonly decryptionError: Uint8Array | undefined }
  /** It came by a contact's alias, from a device that their list does not name: perhaps a newer one does. */
  | { readonly type: 'unlisted', readonly contact: number }

/** An arrival with what was in it. `envelopeId` is undefined only of what was answered. */
export interface OpenedArrival {
  readonly arrival: Arrival
  readonly envelopeId: EnvelopeId | undefined
  readonly opened: Opened
}

/** What to wait before depositing again what was refused for a reason that passes by itself. */
const RETRY_SOON_MS = 2_000

export interface OpenParts {
  readonly reader: Reader
  readonly sealer: Sealer
  readonly directory: Directory
  /** Whether a device may still make us seal something anew: a broken one must not keep us busy. */
  readonly mayAskAgain: (device: Device) => boolean
}

export function refused (reason: RefusalReason, retryAfterMs = 0): Outcome {
  return { type: 'refused', reason, retryAfterMs }
}

/** Opens one envelope. `seen` holds the keys of envelopes that this turn has taken already. */
export async function openArrival (arrival: Arrival, parts: OpenParts, seen: Set<string>): Promise<OpenedArrival> {
  // Before decrypting: a redelivered ciphertext would be "duplicate" to libsignal, which cannot tell it from a lost key.
  if (arrival.via === 'direct' && isTaken(arrival.envelopeId, parts, seen)) return { arrival, envelopeId: arrival.envelopeId, opened: TAKEN }
  const ciphertext = arrival.via === 'direct' ? readCiphertext(arrival.body, parts.sealer) : readLetter(arrival.letter)
  const id = arrival.via === 'direct' ? arrival.envelopeId : ciphertext?.envelopeId
  if (ciphertext === undefined || id === undefined) return { arrival, envelopeId: id, opened: { type: 'answered', outcome: refused('malformed') } }
  if (arrival.via === 'relay' && isTaken(id, parts, seen)) return { arrival, envelopeId: id, opened: copyOf(arrival.door, ciphertext) }
  const opened = await openUnseen(arrival, ciphertext, parts)
  // What the ratchet has opened, it opens no second time, whatever was inside.
  if (opened.type === 'contents' || opened.type === 'request' || opened.type === 'retryRequest' || opened.type === 'useless') seen.add(idKey(id))
  return { arrival, envelopeId: id, opened }
}

const TAKEN: Opened = { type: 'answered', outcome: { type: 'stored' } }

function copyOf (door: Door, { senderDevice }: Ciphertext): Opened {
  return door.type === 'contact' ? { type: 'copy', contact: door.contact, senderDevice } : TAKEN
}

function isTaken (envelope: EnvelopeId, { reader }: OpenParts, seen: ReadonlySet<string>): boolean {
  return seen.has(idKey(envelope)) || reader.received.outcome(envelope) === 'done'
}

async function openUnseen (arrival: Arrival, ciphertext: Ciphertext, parts: OpenParts): Promise<Opened> {
  if (arrival.via === 'relay') {
    const { door } = arrival
    return door.type === 'gate' ? await openRequest(ciphertext, undefined, parts) : await openAtDoor(ciphertext, door.contact, parts)
  }
  if (arrival.gateToken !== undefined) return await openRequest(ciphertext, arrival.peerId, parts)
  const from = parts.directory.peer(arrival.peerId)
  if (from === undefined) return { type: 'answered', outcome: refused('unknownSender') }
  // The connection has proven the peer; a letter that claims another device is a lie or a mix-up.
  if (idKey(from.deviceId) !== idKey(ciphertext.senderDevice)) return { type: 'answered', outcome: refused('malformed') }
  return await openFromContact(from, ciphertext, parts)
}

/** By a contact's alias: who wrote it is a claim, which the ratchet proves or not. */
async function openAtDoor (ciphertext: Ciphertext, contact: number, parts: OpenParts): Promise<Opened> {
  const standing = parts.directory.contact(contact)?.contact.standing
  if (standing !== 'accepted' && standing !== 'requested') return { type: 'answered', outcome: refused('unknownSender') }
  const from = parts.directory.device(ciphertext.senderDevice)
  if (from !== undefined && from.contact !== contact) return { type: 'answered', outcome: refused('malformed') }
  if (from?.isListed !== true) return { type: 'unlisted', contact }
  return await openFromContact(from, ciphertext, parts)
}

async function openFromContact (from: Device, ciphertext: Ciphertext, parts: OpenParts): Promise<Opened> {
  if (ciphertext.kind === 'plaintext') return openRetryRequest(from, ciphertext.body, parts)
  const decrypted = await parts.sealer.decrypt(from.deviceId, { kind: ciphertext.kind, body: ciphertext.body })
  if (decrypted.type === 'failed') {
    return { type: 'undecryptable', from, reason: decrypted.reason, decryptionError: decrypted.decryptionError }
  }
  const pack = readPack(decrypted.bytes)
  if (pack === undefined) return { type: 'useless', outcome: refused('malformed') }
  return { type: 'contents', from, contents: pack.contents, senderStatement: pack.senderStatement, isFirstFlight: ciphertext.kind === 'prekey' }
}

/**
 * "I could not read that envelope." Nothing proves who says so through a relay; but the envelope's id is known to its author and
 * its recipient alone, and all it brings about is that the same contents are sealed once more for the same device.
 */
function openRetryRequest (from: Device, body: Uint8Array, { reader, sealer, mayAskAgain }: OpenParts): Opened {
  const request = readRetryRequest(body)
  if (request === undefined) return { type: 'useless', outcome: refused('malformed') }
  const outgoing = reader.outbox.byEnvelope(request.envelopeId)
  const isTheirs = outgoing !== undefined && idKey(outgoing.deviceId) === idKey(from.deviceId)
  if (!isTheirs || (outgoing.state !== 'sealed' && outgoing.state !== 'delivered') || !mayAskAgain(from)) return { type: 'useless', outcome: { type: 'stored' } }
  sealer.dropSession(from.deviceId, request.decryptionError)
  return { type: 'retryRequest', row: outgoing.row, from }
}

/**
 * A contact request: the letter itself says who is asking, since nobody knows them yet. `peerId`: who left it with us; a relay
 * proves nobody, and there the ratchet alone shows that the device's key has written it.
 */
async function openRequest (ciphertext: Ciphertext, peerId: string | undefined, { reader, sealer }: OpenParts): Promise<Opened> {
  if (ciphertext.statement === undefined || ciphertext.kind === 'plaintext') return { type: 'answered', outcome: refused('malformed') }
  const judged = judgeStranger({ statement: ciphertext.statement, senderDevice: ciphertext.senderDevice, peerId }, { reader, sealer })
  if (judged.type === 'refused') return { type: 'answered', outcome: refused(judged.reason) }
  sealer.vouch(judged.stranger.device.deviceId, judged.stranger.device.identityKey)
  const decrypted = await sealer.decrypt(judged.stranger.device.deviceId, { kind: ciphertext.kind, body: ciphertext.body })
  if (decrypted.type === 'failed') {
    // Through a relay nobody hears the answer: whoever asks sends a fresh request when this one stays unanswered.
    const retryAfterMs = peerId === undefined ? 0 : RETRY_SOON_MS
    return { type: 'answered', outcome: { type: 'refused', reason: 'undecryptable', retryAfterMs, decryptionError: decrypted.decryptionError } }
  }
  const pack = readPack(decrypted.bytes)
  if (pack === undefined) return { type: 'useless', outcome: refused('malformed') }
  return { type: 'request', from: judged.stranger, contents: pack.contents }
}

function readLetter (letter: Uint8Array | undefined): Ciphertext | undefined {
  return letter === undefined ? undefined : readOrNothing(() => decodeCiphertext(unpadBucket(letter)))
}

function readCiphertext (body: Uint8Array, sealer: Sealer): Ciphertext | undefined {
  return readOrNothing(() => {
    const envelope = decodeEnvelope(body)
    if (envelope.form === 'clear') return envelope.ciphertext
    const opened = sealer.openSealed(envelope.sealed)
    return opened === undefined ? undefined : decodeCiphertext(unpadBucket(opened))
  })
}

function readPack (padded: Uint8Array): ReturnType<typeof decodePack> | undefined {
  return readOrNothing(() => decodePack(unpadContent(padded)))
}

function readRetryRequest (body: Uint8Array): RetryRequest | undefined {
  return readOrNothing(() => decodeRetryRequest(body))
}

function readOrNothing<Value> (read: () => Value): Value | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}
