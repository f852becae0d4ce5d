/**
 * The frames of the deposit stream: a hello each way, then batches of deposits one way and of results the other. The hot
 * path of every message: values are written as the schema's own literals and read as views into the frame. Law:
 * docs/protocols/deposit.md, "Wire".
 */
import { boundedBytes, instantMs, optionalBytes, sizedBytes } from '../core/bytes.ts'
import { namesOf } from '../core/enums.ts'
import { MalformedError } from '../core/errors.ts'
import { envelopeId, type EnvelopeId } from '../core/ids.ts'
import { ALIAS_BYTES, ALIAS_EPOCH_BYTES, BATCH_DEPOSITS_MAX, BATCH_FRAME_BYTES_MAX, DECRYPTION_ERROR_BYTES_MAX, INVITE_TOKEN_BYTES, MAC_BYTES, WORK_BITS_MAX, WORK_BYTES } from '../core/limits.ts'
import { decodeMessage, encodeMessage } from '../core/protobuf.ts'
import { SIGNATURE_BYTES } from '../core/signed.ts'
import * as pb from './deposit_pb.ts'
import { checkHello, type Hello } from './hello.ts'

/** One envelope for one mailbox. */
export interface Deposit {
  /** On a direct connection the envelope's id, at a relay made from it and the alias: the same envelope keeps it however often it is deposited. */
  readonly depositId: EnvelopeId
  /** An encoded Envelope. Its size is for the policy to judge, since a refusal needs the id. */
  readonly body: Uint8Array
  /** How long a relay keeps it, in seconds; 0: its default. */
  readonly lifetimeS: number
  /** Whether the recipient's device should be woken for it. */
  readonly isWake: boolean
  /** A stranger's invite token: this deposit is a contact request. */
  readonly gateToken: Uint8Array | undefined
  /** At a relay: the door into the mailbox, and the proof that the depositor knows it. */
  readonly alias?: Uint8Array | undefined
  readonly mac?: Uint8Array | undefined
  /** At a gate that asks for it. */
  readonly work?: Uint8Array | undefined
}

export type RefusalReason =
  | 'tooLarge'
  | 'unknownSender'
  | 'badToken'
  | 'full'
  | 'rate'
  | 'malformed'
  | 'busy'
  | 'storage'
  /** The complaint comes with the refusal, or in a retry request. */
  | 'undecryptable'
  /** The recipient has not answered the contact request yet. */
  | 'notAccepted'
  /** A relay has no such alias (any more). */
  | 'unknownAlias'
  | 'badMac'
  /** A gate wants proof of work: `workBits` of it. */
  | 'work'
  /** The recipient has to collect first. */
  | 'mailboxFull'
  /** The relay itself is full, or short of memory. */
  | 'capacity'

export interface Refused<Reason> {
  readonly type: 'refused'
  readonly depositId: EnvelopeId
  readonly reason: Reason
  /** 0: do not retry as it is. */
  readonly retryAfterMs: number
  /** With 'undecryptable': libsignal's complaint, for the sender's session. */
  readonly decryptionError?: Uint8Array | undefined
  /** With 'work'. */
  readonly workBits?: number | undefined
}

/** 'other': a reason of a newer version; read, never written. */
export type Result<Reason = RefusalReason | 'other'> =
  /** Durable at the mailbox. */
  | Stored
  | Refused<Reason>

export interface Stored {
  readonly type: 'stored'
  readonly depositId: EnvelopeId
  /** Of a relay, by its clock: it keeps it until then. */
  readonly expiresAtMs?: number | undefined
  /** Of a relay; another one than before: the recipient's device list is newer. */
  readonly aliasEpoch?: Uint8Array | undefined
}

export type GoodbyeReason = 'version' | 'malformed' | 'shutdown' | 'replaced' | 'idle'

export interface ResultBatch<Refusal = RefusalReason | 'other'> {
  readonly type: 'batch'
  readonly results: ReadonlyArray<Result<Refusal>>
  /** Of a relay: when it was committed, and its signature over what was stored (custody.ts). */
  readonly relayTimeMs?: number | undefined
  readonly signature?: Uint8Array | undefined
}

/** From the depositor. */
export type DepositFrame =
  | { readonly type: 'hello', readonly hello: Hello }
  | { readonly type: 'batch', readonly deposits: readonly Deposit[] }

/** From the mailbox. */
export type ResultFrame<Refusal = RefusalReason | 'other', Goodbye = GoodbyeReason | 'other'> =
  | { readonly type: 'hello', readonly hello: Hello }
  | ResultBatch<Refusal>
  /** The last frame: why the stream ends. */
  | { readonly type: 'goodbye', readonly reason: Goodbye }

const REFUSALS = {
  tooLarge: pb.RefusalReason.TOO_LARGE,
  unknownSender: pb.RefusalReason.UNKNOWN_SENDER,
  badToken: pb.RefusalReason.BAD_TOKEN,
  full: pb.RefusalReason.FULL,
  rate: pb.RefusalReason.RATE,
  malformed: pb.RefusalReason.MALFORMED,
  busy: pb.RefusalReason.BUSY,
  storage: pb.RefusalReason.STORAGE,
  undecryptable: pb.RefusalReason.UNDECRYPTABLE,
  notAccepted: pb.RefusalReason.NOT_ACCEPTED,
  unknownAlias: pb.RefusalReason.UNKNOWN_ALIAS,
  badMac: pb.RefusalReason.BAD_MAC,
  work: pb.RefusalReason.WORK,
  mailboxFull: pb.RefusalReason.MAILBOX_FULL,
  capacity: pb.RefusalReason.CAPACITY
} as const
const refusalName = namesOf(REFUSALS)

const GOODBYES = {
  version: pb.GoodbyeReason.VERSION,
  malformed: pb.GoodbyeReason.MALFORMED,
  shutdown: pb.GoodbyeReason.SHUTDOWN,
  replaced: pb.GoodbyeReason.REPLACED,
  idle: pb.GoodbyeReason.IDLE
} as const
const goodbyeName = namesOf(GOODBYES)

/** A deposit has 9 fields with its own tag, a result 5: room for a few of newer versions. */
const FIELDS_MAX = 64 + 12 * BATCH_DEPOSITS_MAX
const NOTHING = new Uint8Array(0)

export function encodeDepositFrame (frame: DepositFrame): Uint8Array {
  return encodeMessage(pb.DepositFrameSchema, {
    $typeName: 'skein.deposit.v1.DepositFrame',
    frame: frame.type === 'hello'
      ? { case: 'hello', value: helloMessage(frame.hello) }
      : { case: 'batch', value: { $typeName: 'skein.deposit.v1.DepositBatch', deposits: frame.deposits.map(depositMessage) } }
  })
}

/** Bodies and tokens are views into `bytes`: copy what outlives the frame. @throws MalformedError */
export function decodeDepositFrame (bytes: Uint8Array): DepositFrame {
  const { frame } = decodeMessage(pb.DepositFrameSchema, bytes, { what: 'deposit frame', bytesMax: BATCH_FRAME_BYTES_MAX, fieldsMax: FIELDS_MAX })
  switch (frame.case) {
    case 'hello': return { type: 'hello', hello: helloOf(frame.value) }
    case 'batch': return { type: 'batch', deposits: limited(frame.value.deposits).map(depositOf) }
    case undefined: throw new MalformedError('deposit frame', 'must be of a kind that this version knows')
  }
}

export function encodeResultFrame (frame: ResultFrame<RefusalReason, GoodbyeReason>): Uint8Array {
  return encodeMessage(pb.ResultFrameSchema, { $typeName: 'skein.deposit.v1.ResultFrame', frame: resultFrameCase(frame) })
}

/** @throws MalformedError */
export function decodeResultFrame (bytes: Uint8Array): ResultFrame {
  const { frame } = decodeMessage(pb.ResultFrameSchema, bytes, { what: 'result frame', bytesMax: BATCH_FRAME_BYTES_MAX, fieldsMax: FIELDS_MAX })
  switch (frame.case) {
    case 'hello': return { type: 'hello', hello: helloOf(frame.value) }
    case 'batch': return resultBatchOf(frame.value)
    case 'goodbye': return { type: 'goodbye', reason: goodbyeName(frame.value.reason) }
    case undefined: throw new MalformedError('result frame', 'must be of a kind that this version knows')
  }
}

function helloMessage ({ versionMin, versionMax, features, nonce, timeMs }: Hello): pb.Hello {
  return { $typeName: 'skein.deposit.v1.Hello', versionMin, versionMax, features: [...features], nonce: nonce ?? NOTHING, timeMs: BigInt(timeMs ?? 0) }
}

function helloOf ({ versionMin, versionMax, features, nonce, timeMs }: pb.Hello): Hello {
  if (nonce.byteLength === 0) return checkHello({ versionMin, versionMax, features })
  return checkHello({ versionMin, versionMax, features, nonce, timeMs: instantMs(timeMs, 'relay time') })
}

function depositMessage ({ depositId, body, lifetimeS, isWake, gateToken, alias, mac, work }: Deposit): pb.Deposit {
  return { $typeName: 'skein.deposit.v1.Deposit', depositId, body, lifetimeS, isWake, gateToken: gateToken ?? NOTHING, alias: alias ?? NOTHING, mac: mac ?? NOTHING, work: work ?? NOTHING }
}

function depositOf ({ depositId, body, lifetimeS, isWake, gateToken, alias, mac, work }: pb.Deposit): Deposit {
  const deposit = { depositId: envelopeId(depositId), body, lifetimeS, isWake, gateToken: optionalBytes(gateToken, INVITE_TOKEN_BYTES, 'gate token') }
  if (alias.byteLength === 0) return deposit
  return {
    ...deposit,
    alias: sizedBytes(alias, ALIAS_BYTES, 'alias'),
    mac: sizedBytes(mac, MAC_BYTES, 'deposit MAC'),
    work: optionalBytes(work, WORK_BYTES, 'proof of work')
  }
}

function resultFrameCase (frame: ResultFrame<RefusalReason, GoodbyeReason>): pb.ResultFrame['frame'] {
  switch (frame.type) {
    case 'hello': return { case: 'hello', value: helloMessage(frame.hello) }
    case 'batch': return { case: 'batch', value: resultBatchMessage(frame) }
    case 'goodbye': return { case: 'goodbye', value: { $typeName: 'skein.deposit.v1.Goodbye', reason: GOODBYES[frame.reason] } }
  }
}

function resultBatchMessage ({ results, relayTimeMs, signature }: ResultBatch<RefusalReason>): pb.ResultBatch {
  return { $typeName: 'skein.deposit.v1.ResultBatch', results: results.map(resultMessage), relayTimeMs: BigInt(relayTimeMs ?? 0), signature: signature ?? NOTHING }
}

function resultBatchOf ({ results, relayTimeMs, signature }: pb.ResultBatch): ResultBatch {
  const batch = { type: 'batch' as const, results: limited(results).map(resultOf) }
  if (signature.byteLength === 0) return batch
  return { ...batch, relayTimeMs: instantMs(relayTimeMs, 'relay time'), signature: sizedBytes(signature, SIGNATURE_BYTES, 'signature of a relay') }
}

function resultMessage (result: Result<RefusalReason>): pb.Result {
  return {
    $typeName: 'skein.deposit.v1.Result',
    depositId: result.depositId,
    outcome: result.type === 'stored'
      ? { case: 'stored', value: { $typeName: 'skein.deposit.v1.Stored', expiresAtMs: BigInt(result.expiresAtMs ?? 0), aliasEpoch: result.aliasEpoch ?? NOTHING } }
      : { case: 'refused', value: refusedMessage(result) }
  }
}

function refusedMessage ({ reason, retryAfterMs, decryptionError, workBits }: Refused<RefusalReason>): pb.Refused {
  return { $typeName: 'skein.deposit.v1.Refused', reason: REFUSALS[reason], retryAfterMs, workBits: workBits ?? 0, decryptionError: decryptionError ?? NOTHING }
}

function resultOf ({ depositId, outcome }: pb.Result): Result {
  const id = envelopeId(depositId)
  switch (outcome.case) {
    case 'stored': return storedOf(id, outcome.value)
    case 'refused': return refusedOf(id, outcome.value)
    case undefined: throw new MalformedError('deposit result', 'must be of a kind that this version knows')
  }
}

function storedOf (depositId: EnvelopeId, { expiresAtMs, aliasEpoch }: pb.Stored): Stored {
  if (aliasEpoch.byteLength === 0) return { type: 'stored', depositId }
  return { type: 'stored', depositId, expiresAtMs: instantMs(expiresAtMs, 'expiry of a deposit'), aliasEpoch: sizedBytes(aliasEpoch, ALIAS_EPOCH_BYTES, 'alias epoch') }
}

function refusedOf (depositId: EnvelopeId, { reason, retryAfterMs, decryptionError, workBits }: pb.Refused): Refused<RefusalReason | 'other'> {
  const refusal = { type: 'refused' as const, depositId, reason: refusalName(reason), retryAfterMs, ...workBits === 0 ? {} : { workBits: Math.min(workBits, WORK_BITS_MAX + 1) } }
  if (decryptionError.byteLength === 0) return refusal
  return { ...refusal, decryptionError: boundedBytes(decryptionError, DECRYPTION_ERROR_BYTES_MAX, 'decryption error') }
}

function limited<Item> (items: readonly Item[]): readonly Item[] {
  if (items.length > BATCH_DEPOSITS_MAX) throw new MalformedError('batch', `must have at most ${BATCH_DEPOSITS_MAX} items`)
  return items
}
