/**
 * How two people become contacts, inside the transaction: a request is held apart or accepted, an acceptance opens the
 * conversation, a profile keeps names and addresses current. Law: docs/protocols/account.md, "Requests".
 */
import { cleanName } from '../../protocols/core/text.ts'
import type { ContentId, DeviceId } from '../../protocols/core/ids.ts'
import type { AcceptBody, ProfileBody, RequestBody } from '../../protocols/message/content.ts'
import type { Reader } from '../../store/reader.ts'
import type { Writer } from '../../store/writer.ts'
import type { Contact, Device, Outgoing } from '../../store/types.ts'
import type { Sealer } from '../ports.ts'
import type { Round } from '../turn/round.ts'
import { noteReach } from './reach.ts'
import { adoptStatement } from './statements.ts'
import type { Stranger } from './stranger.ts'
import { addressWaiting } from './waiting.ts'

export interface IntroductionParts {
  readonly writer: Writer
  readonly round: Round
}

/** For what says also how its author is reached: the device list in it is believed only if it proves itself. */
export interface ToldParts extends IntroductionParts {
  readonly sealer: Sealer
}

export interface RequestParts extends ToldParts {
  /** The invite token that the deposit showed. What the request itself says of one is only a claim. */
  readonly token: Uint8Array
}

/** Never expires by itself: it ends when the other side has it, or the contact is removed. */
const NEVER_MS = Number.MAX_SAFE_INTEGER

/** Takes a contact request in: held apart, or accepted when we asked them as well, know them already or take everybody. */
export function takeRequest (stranger: Stranger, request: { readonly id: ContentId } & RequestBody, parts: RequestParts): void {
  const { writer, round, token } = parts
  const contact = strangersContact(stranger, parts)
  // An old list proves nothing any more: its device may have been revoked since.
  if (adoptStatement(contact, stranger, parts).type !== 'accept') return
  const { id, text, addresses } = request
  writer.devices.setAddresses(stranger.device.deviceId, addresses)
  noteReach(request.reach, contact.contact, parts)
  spendToken(token, parts)
  const name = cleanName(request.name)
  round.toForget.add(contact.contact)
  if (isWelcome(contact, writer)) {
    writer.contacts.update(contact.contact, { name })
    return acceptContact(writer.read.contacts.byNumber(contact.contact) ?? contact, parts)
  }
  // The same person asks again, from another address perhaps: one request is shown, and told of once.
  if (contact.standing === 'pending' && writer.read.requests.ofContact(contact.contact) !== undefined) return
  writer.contacts.update(contact.contact, { name, standing: 'pending' })
  writer.requests.create({ contact: contact.contact, requestId: id, name, text, inviteToken: token, receivedAtMs: round.nowMs })
  round.tell('request.received', contact.contact)
}

function isWelcome ({ standing }: Contact, writer: Writer): boolean {
  return standing === 'requested' || standing === 'accepted' || writer.read.own.get()?.acceptPolicy === 'all'
}

function strangersContact ({ verified }: Stranger, { writer, round }: IntroductionParts): Contact {
  const known = writer.read.contacts.byAccount(verified.accountId)
  if (known !== undefined) return known
  const contact = { accountId: verified.accountId, ...NOBODY, standing: 'pending' as const, createdAtMs: round.nowMs }
  return { contact: writer.contacts.create(contact), ...contact }
}

/** A contact of whom nothing is known but the account. */
export const NOBODY = {
  alias: undefined,
  name: undefined,
  profileVersion: 0,
  statement: undefined,
  epoch: 0,
  seq: 0,
  statementHash: undefined,
  isKeyChanged: false,
  verifiedEpoch: undefined,
  inviteToken: undefined,
  toldProfile: 0,
  aliasSecret: undefined,
  theirAliasSecret: undefined,
  recordKey: undefined,
  readKey: undefined
} as const

function spendToken (token: Uint8Array, { writer, round }: IntroductionParts): void {
  if (writer.read.invites.byToken(token)?.kind === 'once') writer.invites.markUsed(token, round.nowMs)
}

/** We accept: they are told, and what waited for it leaves. */
export function acceptContact (contact: Contact, parts: IntroductionParts): void {
  const { writer, round } = parts
  writer.contacts.update(contact.contact, { standing: 'accepted' })
  writer.requests.remove(contact.contact)
  for (const device of writer.read.devices.ofContact(contact.contact)) {
    if (!device.isListed) continue
    writer.outbox.waiting({ deviceId: device.deviceId, contact: contact.contact, refs: [{ kind: 'accept', id: contact.accountId.subarray(0, 16) }], queuedAtMs: round.nowMs, expiresAtMs: NEVER_MS })
    round.seal(device.deviceId)
  }
  addressWaiting(contact.contact, parts)
  round.toForget.add(contact.contact)
  round.toHint.add(contact.contact)
  round.tell('contact.accepted', contact.contact)
}

/** Of somebody we know already: whom we asked, too, and welcome now, or who lost track of us, has moved, and is brought back. */
export function takeKnownRequest (request: { readonly id: ContentId } & RequestBody, from: Device, parts: ToldParts): void {
  const { writer, round } = parts
  const contact = writer.read.contacts.byNumber(from.contact)
  if (contact === undefined) return
  writer.devices.setAddresses(from.deviceId, request.addresses)
  noteReach(request.reach, contact.contact, parts)
  writer.contacts.update(contact.contact, { name: cleanName(request.name) })
  round.toForget.add(contact.contact)
  round.toHint.add(contact.contact)
  if (contact.standing === 'requested') return acceptContact(contact, parts)
  writer.outbox.waiting({ deviceId: from.deviceId, contact: from.contact, refs: [{ kind: 'accept', id: request.id }], queuedAtMs: round.nowMs, expiresAtMs: NEVER_MS })
  round.seal(from.deviceId)
}

/** They accept our request. */
export function takeAccept (body: AcceptBody, from: Device, parts: ToldParts): void {
  const { writer, round } = parts
  const contact = writer.read.contacts.byNumber(from.contact)
  if (contact === undefined) return
  writer.devices.setAddresses(from.deviceId, body.addresses)
  noteReach(body.reach, contact.contact, parts)
  writer.contacts.update(contact.contact, { name: cleanName(body.name) })
  round.toForget.add(contact.contact)
  settleRequests(contact, parts)
  if (contact.standing !== 'requested') return
  writer.contacts.update(contact.contact, { standing: 'accepted', inviteToken: undefined })
  addressWaiting(contact.contact, parts)
  round.toHint.add(contact.contact)
  round.tell('contact.accepted', contact.contact)
}

/** Nobody gives receipts to strangers: that they accept is the proof that our request has arrived. */
function settleRequests ({ contact }: Contact, { writer, round }: IntroductionParts): void {
  for (const { deviceId } of writer.read.devices.ofContact(contact)) {
    for (const { row, state, refs } of writer.read.outbox.ofDevice(deviceId)) {
      if (state === 'sealed' && refs.every(({ kind }) => kind === 'request')) writer.outbox.settle(row, 'delivered', round.nowMs)
    }
  }
}

/** Their name and where they can be reached; an older one than we have is ignored. */
export function takeProfile (body: ProfileBody, from: Device, parts: ToldParts): void {
  const { writer, round } = parts
  noteReach(body.reach, from.contact, parts)
  writer.devices.setAddresses(from.deviceId, body.addresses)
  round.toForget.add(from.contact)
  round.toHint.add(from.contact)
  const contact = writer.read.contacts.byNumber(from.contact)
  if (contact === undefined || body.versionMs <= contact.profileVersion) return
  const name = cleanName(body.name)
  writer.contacts.update(from.contact, { name, profileVersion: body.versionMs })
  if (name !== contact.name) round.tell('contact.changed', from.contact)
}

/** Our requests to a device that are on their way; what else goes to somebody who is no contact yet waits under no device. */
export function openRequests (device: DeviceId, reader: Reader): Outgoing[] {
  return reader.outbox.ofDevice(device).filter(({ refs }) => refs.some(({ kind }) => kind === 'request'))
}

/** We ask: each of their devices that we know gets the request, admitted by the invite's token. */
export function queueRequest (contact: Contact, { writer, round }: IntroductionParts): void {
  const requested = writer.read.devices.ofContact(contact.contact).filter(device => device.isListed)
  for (const { deviceId } of requested) {
    const open = openRequests(deviceId, writer.read)
    // One that is sealed already says where we were then; only one that is still to be made says where we are.
    if (open.some(({ state }) => state === 'waiting')) continue
    // That one takes the place of those that nobody keeps: their gate has few places, and wants work for each.
    for (const { row } of open) {
      if (writer.read.copies.ofOutbox(row).every(({ state }) => state !== 'stored')) writer.outbox.settle(row, 'cancelled', round.nowMs)
    }
    writer.outbox.waiting({
      deviceId,
      contact: contact.contact,
      refs: [{ kind: 'request', id: contact.accountId.subarray(0, 16) }],
      ...contact.inviteToken === undefined ? {} : { gateToken: contact.inviteToken },
      queuedAtMs: round.nowMs,
      expiresAtMs: NEVER_MS
    })
    round.seal(deviceId)
  }
}
