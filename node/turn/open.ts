/**
 * The first half of the receive pipeline: an envelope that a peer left with us becomes contents, or an answer why not. Nothing
 * here is durable: the ratchet moves in the sealer's unit of work, and the turn commits it together with what was inside
 * (3-protocol §6; docs/protocols/session.md). One bad envelope never fails its neighbours: every failure is a value.
 */
import { decodeCiphertext, decodeEnvelope, type Ciphertext } from '../../protocols/envelope/wire.ts'
import { unpadBucket, unpadContent } from '../../protocols/envelope/padding.ts'
import { decodePack } from '../../protocols/message/wire.ts'
import type { Content } from '../../protocols/message/content.ts'
import { MalformedError } from '../../protocols/core/errors.ts'
import { idKey, type EnvelopeId } from '../../protocols/core/ids.ts'
import type { StatementRef } from '../../protocols/account/wire.ts'
import type { RefusalReason } from '../../protocols/deposit/wire.ts'
import type { Device } from '../../store/types.ts'
import type { Reader } from '../../store/reader.ts'
import type { Sealer, DecryptFailure } from '../ports.ts'
import type { Directory } from '../directory.ts'
import { judgeStranger, type Stranger } from '../contacts/stranger.ts'

/** An envelope as the deposit handler took it from a peer. */
export interface Arrival {
  /** The peer that the connection has proven. */
  readonly peerId: string
  readonly envelopeId: EnvelopeId
  readonly body: Uint8Array
  readonly gateToken: Uint8Array | undefined
  /** Told after the commit, or when nothing was committed. */
  readonly onOutcome: (outcome: Outcome) => void
}

export type Outcome =
  | { readonly type: 'stored' }
  | { readonly type: 'refused', readonly reason: RefusalReason, readonly retryAfterMs: number, readonly decryptionError?: Uint8Array | undefined }

export type Opened =
  | { readonly type: 'answered', readonly outcome: Outcome }
  | { readonly type: 'contents', readonly from: Device, readonly contents: readonly Content[], readonly senderStatement: StatementRef | undefined, readonly isFirstFlight: boolean }
  | { readonly type: 'request', readonly from: Stranger, readonly contents: readonly Content[] }
  /** Decrypted or not, nothing in it can be used; it must not be tried again. */
  | { readonly type: 'useless', readonly outcome: Outcome }
  | { readonly type: 'undecryptable', readonly from: Device, readonly reason: DecryptFailure, readonly decryptionError: Uint8Array | undefined }

/** What to wait before depositing again what was refused for a reason that passes by itself. */
const RETRY_SOON_MS = 2_000

export interface OpenParts {
  readonly reader: Reader
  readonly sealer: Sealer
  readonly directory: Directory
}

export function refused (reason: RefusalReason, retryAfterMs = 0): Outcome {
  return { type: 'refused', reason, retryAfterMs }
}

/** Opens one envelope. `seen` holds the keys of envelopes that this turn has taken already. */
export async function openArrival (arrival: Arrival, parts: OpenParts, seen: Set<string>): Promise<Opened> {
  const key = idKey(arrival.envelopeId)
  // Before decrypting: a redelivered ciphertext would be "duplicate" to libsignal, which cannot tell it from a lost key.
  if (seen.has(key)) return { type: 'answered', outcome: { type: 'stored' } }
  if (parts.reader.received.outcome(arrival.envelopeId) === 'done') return { type: 'answered', outcome: { type: 'stored' } }
  const opened = await openUnseen(arrival, parts)
  // What the ratchet has opened, it opens no second time, whatever was inside.
  if (opened.type === 'contents' || opened.type === 'request' || opened.type === 'useless') seen.add(key)
  return opened
}

async function openUnseen (arrival: Arrival, parts: OpenParts): Promise<Opened> {
  const ciphertext = readCiphertext(arrival.body, parts.sealer)
  if (ciphertext === undefined) return { type: 'answered', outcome: refused('malformed') }
  if (arrival.gateToken !== undefined) return await openRequest(arrival, ciphertext, parts)
  const from = parts.directory.peer(arrival.peerId)
  if (from === undefined) return { type: 'answered', outcome: refused('unknownSender') }
  // The connection has proven the peer; a letter that claims another device is a lie or a mix-up.
  if (idKey(from.deviceId) !== idKey(ciphertext.senderDevice)) return { type: 'answered', outcome: refused('malformed') }
  return await openFromContact(from, ciphertext, parts)
}

async function openFromContact (from: Device, ciphertext: Ciphertext, { sealer }: OpenParts): Promise<Opened> {
  if (ciphertext.kind === 'plaintext') return { type: 'useless', outcome: { type: 'stored' } }
  const decrypted = await sealer.decrypt(from.deviceId, { kind: ciphertext.kind, body: ciphertext.body })
  if (decrypted.type === 'failed') {
    return { type: 'undecryptable', from, reason: decrypted.reason, decryptionError: decrypted.decryptionError }
  }
  const pack = readPack(decrypted.bytes)
  if (pack === undefined) return { type: 'useless', outcome: refused('malformed') }
  return { type: 'contents', from, contents: pack.contents, senderStatement: pack.senderStatement, isFirstFlight: ciphertext.kind === 'prekey' }
}

/** A contact request: the letter itself says who is asking, since nobody knows them yet. */
async function openRequest (arrival: Arrival, ciphertext: Ciphertext, { reader, sealer }: OpenParts): Promise<Opened> {
  if (ciphertext.statement === undefined || ciphertext.kind === 'plaintext') return { type: 'answered', outcome: refused('malformed') }
  const judged = judgeStranger({ statement: ciphertext.statement, senderDevice: ciphertext.senderDevice, peerId: arrival.peerId }, { reader, sealer })
  if (judged.type === 'refused') return { type: 'answered', outcome: refused(judged.reason) }
  sealer.vouch(judged.stranger.device.deviceId, judged.stranger.device.identityKey)
  const decrypted = await sealer.decrypt(judged.stranger.device.deviceId, { kind: ciphertext.kind, body: ciphertext.body })
  if (decrypted.type === 'failed') {
    return { type: 'answered', outcome: { type: 'refused', reason: 'undecryptable', retryAfterMs: RETRY_SOON_MS, decryptionError: decrypted.decryptionError } }
  }
  const pack = readPack(decrypted.bytes)
  if (pack === undefined) return { type: 'useless', outcome: refused('malformed') }
  return { type: 'request', from: judged.stranger, contents: pack.contents }
}

function readCiphertext (body: Uint8Array, sealer: Sealer): Ciphertext | undefined {
  try {
    const envelope = decodeEnvelope(body)
    if (envelope.form === 'clear') return envelope.ciphertext
    const opened = sealer.openSealed(envelope.sealed)
    return opened === undefined ? undefined : decodeCiphertext(unpadBucket(opened))
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}

function readPack (padded: Uint8Array): ReturnType<typeof decodePack> | undefined {
  try {
    return decodePack(unpadContent(padded))
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}
