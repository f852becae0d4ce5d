/**
 * A contact's device list, accepted or not, inside the transaction: which devices are theirs, and whether their keys are still
 * the ones we know. A changed key is never silent: it is an event, and sending stops until somebody has looked.
 */
import { judge, type Judgement } from '../../protocols/account/accept.ts'
import { mayMeet } from '../../protocols/account/published.ts'
import { refOf, type VerifiedStatement } from '../../protocols/account/statement.ts'
import { encodeSignedStatement, type SignedStatement, type StatementRef } from '../../protocols/account/wire.ts'
import { idKey } from '../../protocols/core/ids.ts'
import type { Writer } from '../../store/writer.ts'
import type { Contact } from '../../store/types.ts'
import type { Sealer } from '../ports.ts'
import type { Round } from '../turn/round.ts'
import { addressWaiting, hold, strand } from './waiting.ts'

export interface OfferedStatement {
  readonly signed: SignedStatement
  readonly verified: VerifiedStatement
}

export interface AdoptParts {
  readonly writer: Writer
  readonly round: Round
  readonly sealer: Sealer
}

/** The version of a contact's list that we hold. */
export function heldRef ({ epoch, seq, statementHash }: Contact): StatementRef | undefined {
  return statementHash === undefined ? undefined : { epoch, seq, hash: statementHash }
}

/** Judges an offered list against the held one, and takes it in when it counts. */
export function adoptStatement (contact: Contact, offered: OfferedStatement, parts: AdoptParts): Judgement {
  const own = parts.writer.read.own.get()
  if (own !== undefined && !mayMeet(own.signingKey, offered.verified.inception)) return { type: 'ignore' }
  const judgement = judge(heldRef(contact), offered.verified)
  if (judgement.type === 'equivocation') warnOfEquivocation(contact, parts)
  if (judgement.type !== 'accept' || judgement.change === 'same') return judgement
  const ref = refOf(offered.verified)
  const isRotated = judgement.change === 'rotated'
  parts.writer.contacts.update(contact.contact, {
    statement: encodeSignedStatement(offered.signed),
    epoch: ref.epoch,
    seq: ref.seq,
    statementHash: ref.hash,
    ...isRotated ? { isKeyChanged: true } : {}
  })
  const areOthers = adoptDevices(contact, offered.verified, { ...parts, isRotated })
  parts.round.toForget.add(contact.contact)
  parts.round.toHint.add(contact.contact)
  if (isRotated) parts.round.tell('contact.key_changed', contact.contact, 'Their signing key changed. A restored account does this. So would somebody in between.')
  else if (judgement.change === 'newer' && areOthers) parts.round.tell('contact.devices_changed', contact.contact)
  return judgement
}

/** Returns whether there are others than before: a list is also signed anew for another month, or with other relays. */
function adoptDevices (contact: Contact, { devices }: VerifiedStatement, { writer, sealer, round, isRotated }: AdoptParts & { readonly isRotated: boolean }): boolean {
  const before = writer.read.devices.ofContact(contact.contact)
  const held = new Map(before.map(device => [idKey(device.deviceId), device]))
  for (const { deviceId, identityKey, registrationId, peerId } of devices) {
    const addresses = held.get(idKey(deviceId))?.addresses ?? writer.read.hints.ofContact(contact.contact).filter(hint => hint.peerId === peerId).map(hint => hint.address)
    writer.devices.put({ deviceId, contact: contact.contact, identityKey, registrationId, peerId, addresses, isListed: true })
    held.delete(idKey(deviceId))
  }
  const revoked = [...held.values()]
  const kept = before.filter(device => !revoked.includes(device))
  // A device that stays has its own copies of everything; without one, the new ones get what the old ones did not.
  if (kept.length === 0) strand(revoked, writer)
  if (isRotated) hold(kept, writer)
  // What is left is listed no more: revoked. Nothing leaves for it, and nothing of it is believed.
  for (const device of revoked) {
    writer.devices.unlist(device.deviceId)
    writer.outbox.dropDevice(device.deviceId, round.nowMs)
    sealer.dropSession(device.deviceId)
  }
  if (contact.standing === 'accepted') addressWaiting(contact.contact, { writer, round })
  return revoked.length > 0 || devices.some(({ deviceId }) => !before.some(device => idKey(device.deviceId) === idKey(deviceId)))
}

function warnOfEquivocation (contact: Contact, { writer, round }: AdoptParts): void {
  if (contact.isKeyChanged) return
  writer.contacts.update(contact.contact, { isKeyChanged: true })
  round.toForget.add(contact.contact)
  round.tell('contact.key_changed', contact.contact, 'Two different device lists with the same number were shown. Somebody who holds their signing key lies to one of you.')
}
