/**
 * Contents that wait under no device: until a contact has accepted us, has shown its devices, or a person has looked at its
 * changed key. Then each of its devices gets them.
 */
import { idKey } from '../../protocols/core/ids.ts'
import type { Writer } from '../../store/writer.ts'
import { UNADDRESSED, type Device, type Outgoing, type Ref } from '../../store/types.ts'
import type { Round } from '../turn/round.ts'

export interface WaitingParts {
  readonly writer: Writer
  readonly round: Round
}

/** Hands what waits to each of the contact's devices, unless a changed key stops it. */
export function addressWaiting (contact: number, { writer, round }: WaitingParts): void {
  const devices = writer.read.devices.ofContact(contact).filter(device => device.isListed)
  if (devices.length === 0 || writer.read.contacts.byNumber(contact)?.isKeyChanged !== false) return
  for (const { row, refs, queuedAtMs, expiresAtMs } of writer.read.outbox.unaddressed(contact)) {
    for (const { deviceId } of devices) {
      writer.outbox.waiting({ deviceId, contact, refs, queuedAtMs, expiresAtMs })
      round.seal(deviceId)
    }
    writer.outbox.remove(row)
  }
}

/** What had not reached these devices, which are listed no more, waits under no device. Call it before their rows are dropped. */
export function strand (revoked: readonly Device[], writer: Writer): void {
  unaddress(revoked.flatMap(device => writer.read.outbox.ofDevice(device.deviceId)), writer)
}

/** What is not sealed yet for these devices waits under no device. */
export function hold (devices: readonly Device[], writer: Writer): void {
  const waiting = devices.flatMap(device => writer.read.outbox.ofDevice(device.deviceId)).filter(outgoing => outgoing.state === 'waiting' && outgoing.refs.some(isOfConversation))
  unaddress(waiting, writer)
  for (const { row } of waiting) writer.outbox.remove(row)
}

/** Each content once, whatever the number of devices that it was for; its trace goes with it. */
function unaddress (rows: readonly Outgoing[], writer: Writer): void {
  const seen = new Set<string>()
  for (const { row, contact, refs, queuedAtMs, expiresAtMs } of rows) {
    const fresh = refs.filter(ref => isOfConversation(ref) && !seen.has(idKey(ref.id)))
    if (fresh.length === 0) continue
    for (const ref of fresh) seen.add(idKey(ref.id))
    writer.outbox.relink(row, writer.outbox.waiting({ deviceId: UNADDRESSED, contact, refs: fresh, queuedAtMs, expiresAtMs }))
  }
}

/** Everything else (receipts, profiles) is about the device or the moment. */
function isOfConversation ({ kind }: Ref): boolean {
  return kind === 'text' || kind === 'change'
}
