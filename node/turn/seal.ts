/**
 * Contents become envelopes: those for the same session share one ratchet step. A device without a session gets a waiting
 * row: nothing is lost, and the contents are sealed as soon as a session is there.
 */
import { encodeContent } from '../../protocols/message/encode-content.ts'
import { packContents } from '../../protocols/message/pack.ts'
import { joinPack } from '../../protocols/message/wire.ts'
import { padContent } from '../../protocols/envelope/padding.ts'
import type { WritableContent } from '../../protocols/message/content.ts'
import type { StatementRef } from '../../protocols/account/wire.ts'
import { envelopeId, idKey, type DeviceId, type EnvelopeId } from '../../protocols/core/ids.ts'
import { DELIVERY_LIFETIME_MS } from '../../protocols/core/limits.ts'
import { UntrustedError } from '../../protocols/core/errors.ts'
import type { Writer } from '../../store/writer.ts'
import { UNADDRESSED, type Ref } from '../../store/types.ts'
import type { Sealed, Sealer } from '../ports.ts'
import type { Ids } from './compose.ts'
import type { SealedEnvelope } from './sealed-envelope.ts'

/** A content and what the outbox calls it: one reference, or several when receipts share a content. */
export interface ParcelItem {
  readonly content: WritableContent
  readonly refs: readonly Ref[]
}

/** Contents that go to one device together, if they fit. */
export interface Parcel {
  readonly deviceId: DeviceId
  readonly contact: number
  readonly gateToken: Uint8Array | undefined
  /** The waiting rows that these contents come from, and that go away when they are sealed. */
  readonly fromRows: readonly number[]
  readonly items: readonly ParcelItem[]
  readonly queuedAtMs: number
}

interface Envelope { readonly parcel: Parcel, readonly refs: readonly Ref[], readonly envelopeId: EnvelopeId | undefined, readonly sealed: Sealed | undefined }

export interface SealParts {
  readonly sealer: Sealer
  readonly ids: Ids
  readonly nowMs: number
  readonly statement: StatementRef
}

/** Encrypts parcels, one session after the other. Writes nothing. */
export async function sealParcels (parcels: readonly Parcel[], parts: SealParts): Promise<Envelope[]> {
  const envelopes: Envelope[] = []
  for (const parcel of parcels) {
    const encoded = parcel.items.map(({ content, refs }) => ({ bytes: encodeContent(content), refs }))
    for (const items of packContents(encoded)) {
      const sealed = await trySeal(parcel, items.map(item => item.bytes), parts)
      envelopes.push({
        parcel,
        refs: items.flatMap(item => item.refs),
        sealed,
        envelopeId: sealed === undefined ? undefined : envelopeId(parts.ids.next(parts.nowMs))
      })
    }
  }
  return envelopes
}

async function trySeal (parcel: Parcel, contents: readonly Uint8Array[], { sealer, statement }: SealParts): Promise<Sealed | undefined> {
  if (isUnaddressed(parcel.deviceId) || !sealer.hasSession(parcel.deviceId)) return undefined
  try {
    return await sealer.encrypt(parcel.deviceId, padContent(joinPack({ contents, senderStatement: statement })))
  } catch (error) {
    // The key is not the one we accepted (any more). The contents wait, and the contact says so.
    if (error instanceof UntrustedError) return undefined
    throw error
  }
}

export function isUnaddressed (device: DeviceId): boolean {
  return idKey(device) === idKey(UNADDRESSED)
}

/** The rows of the envelopes, inside the transaction. Returns those that may leave after the commit. */
export function writeEnvelopes (envelopes: readonly Envelope[], writer: Writer, nowMs: number): SealedEnvelope[] {
  const leaving: SealedEnvelope[] = []
  const written: Array<{ readonly parcel: Parcel, readonly row: number }> = []
  for (const { parcel, refs, sealed, envelopeId: id } of envelopes) {
    const { deviceId, contact, gateToken, queuedAtMs } = parcel
    const expiresAtMs = queuedAtMs + DELIVERY_LIFETIME_MS
    if (sealed === undefined || id === undefined) {
      if (parcel.fromRows.length === 0) writer.outbox.waiting({ deviceId, contact, refs, ...gate(gateToken), queuedAtMs, expiresAtMs })
      continue
    }
    const row = writer.outbox.sealed({ deviceId, contact, refs, envelopeId: id, cipherKind: sealed.kind, ciphertext: sealed.body, ...gate(gateToken), queuedAtMs, sealedAtMs: nowMs, expiresAtMs })
    written.push({ parcel, row })
    leaving.push({ row, deviceId, contact, envelopeId: id, sealed, gateToken, refs })
  }
  // A waiting row's trace goes on in the envelope that its contents are in.
  for (const { parcel, row } of written) {
    for (const from of parcel.fromRows) {
      writer.outbox.relink(from, row)
      writer.outbox.remove(from)
    }
  }
  return leaving
}

function gate (gateToken: Uint8Array | undefined): { readonly gateToken?: Uint8Array } {
  return gateToken === undefined ? {} : { gateToken }
}
