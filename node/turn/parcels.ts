/** Which contents go to which device together. */
import type { DeviceId } from '../../protocols/core/ids.ts'
import { PACK_CONTENTS_MAX, RECEIPT_IDS_MAX } from '../../protocols/core/limits.ts'
import { UNADDRESSED, type Outgoing, type Ref } from '../../store/types.ts'
import type { Directory } from '../directory.ts'
import { recall, type Composed, type RecallParts } from './compose.ts'
import type { Parcel, ParcelItem } from './seal.ts'

/** Fresh contents, by device. Those for a contact without a conversation yet wait under no device. */
export function gatherParcels (composed: readonly Composed[], directory: Directory, nowMs: number): Parcel[] {
  const itemsOf = new Map<number, ParcelItem[]>()
  for (const { draft, content, ref } of composed) {
    const items = itemsOf.get(draft.contact)
    if (items === undefined) itemsOf.set(draft.contact, [{ content, refs: [ref] }])
    else items.push({ content, refs: [ref] })
  }
  return [...itemsOf].flatMap(([contact, items]) => recipientsOf(contact, directory).map(deviceId => ({
    deviceId, contact, gateToken: undefined, fromRows: [], items, queuedAtMs: nowMs
  })))
}

function recipientsOf (contact: number, directory: Directory): readonly DeviceId[] {
  const known = directory.contact(contact)
  // Nothing is sealed for keys that nobody has looked at.
  if (known?.contact.standing !== 'accepted' || known.contact.isKeyChanged || known.devices.length === 0) return [UNADDRESSED]
  return known.devices.map(device => device.deviceId)
}

export interface Waiting {
  readonly parcels: readonly Parcel[]
  /** Waiting rows whose contents are all gone: nothing is left to send. */
  readonly emptyRows: readonly number[]
  /** Devices with more waiting than fits one turn. */
  readonly more: readonly DeviceId[]
}

/** Contents that waited for a session, made again from their references. */
export function gatherWaiting (devices: readonly DeviceId[], recallParts: RecallParts): Waiting {
  const parcels: Parcel[] = []
  const emptyRows: number[] = []
  const more: DeviceId[] = []
  for (const device of devices) {
    const rows = recallParts.reader.outbox.waiting(device, PACK_CONTENTS_MAX)
    if (rows.length === PACK_CONTENTS_MAX) more.push(device)
    for (const group of groupRows(rows)) {
      const parcel = toParcel(group, recallParts)
      if (parcel.items.length === 0) emptyRows.push(...parcel.fromRows)
      else parcels.push(parcel)
    }
  }
  return { parcels, emptyRows, more }
}

/** Rows that may share an envelope: as many as fit; a contact request stands alone, since the gate lets only it in. */
function groupRows (rows: readonly Outgoing[]): Outgoing[][] {
  const groups: Outgoing[][] = []
  let count = 0
  for (const row of rows) {
    const last = groups.at(-1)
    const isApart = last === undefined || row.gateToken !== undefined || last[0]?.gateToken !== undefined || count + row.refs.length > PACK_CONTENTS_MAX
    if (isApart) groups.push([row])
    else last.push(row)
    count = isApart ? row.refs.length : count + row.refs.length
  }
  return groups
}

function toParcel (rows: readonly Outgoing[], parts: RecallParts): Parcel {
  const items = rows.flatMap(({ refs, contact }) => runsOf(refs).flatMap(run => {
    const content = recall(run, contact, parts)
    return content === undefined ? [] : [{ content, refs: run }]
  }))
  const first = rows[0]
  return {
    deviceId: first?.deviceId ?? UNADDRESSED,
    contact: first?.contact ?? 0,
    gateToken: first?.gateToken,
    fromRows: rows.map(row => row.row),
    items,
    queuedAtMs: Math.min(...rows.map(row => row.queuedAtMs))
  }
}

/** Receipts of one kind share a content; everything else is one by itself. */
function runsOf (refs: readonly Ref[]): Ref[][] {
  const runs: Ref[][] = []
  for (const ref of refs) {
    const last = runs.at(-1)
    const isReceipt = ref.kind === 'read' || ref.kind === 'delivered'
    if (isReceipt && last?.[0]?.kind === ref.kind && last.length < RECEIPT_IDS_MAX) last.push(ref)
    else runs.push([ref])
  }
  return runs
}
