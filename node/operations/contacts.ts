/** Contacts: asking, listing, comparing safety numbers, blocking, removing. */
import { decodeInvite, isInviteExpired } from '../../protocols/account/invite.ts'
import { verifyStatement } from '../../protocols/account/statement.ts'
import { decodeSignedStatement, decodeStatement } from '../../protocols/account/wire.ts'
import { contentId, deviceIdText, idKey, type AccountId } from '../../protocols/core/ids.ts'
import { NotFoundError, RefusedError, UntrustedError, UsageError } from '../../protocols/core/errors.ts'
import { ADDRESSES_MAX, REQUEST_TEXT_BYTES_MAX } from '../../protocols/core/limits.ts'
import { checkText } from '../../protocols/core/text.ts'
import type { InviteHint } from '../../protocols/account/invite.ts'
import type { ContactView } from '../../protocols/local/schema.ts'
import type { Reader } from '../../store/reader.ts'
import type { Writer } from '../../store/writer.ts'
import type { Contact, Hint } from '../../store/types.ts'
import { markBlocked, unmarkBlocked } from '../contacts/blocks.ts'
import { NOBODY } from '../contacts/introductions.ts'
import { checkAlias, labelOf, resolveContact } from '../contacts/resolve.ts'
import { addressWaiting } from '../contacts/waiting.ts'
import type { OwnAccount } from '../own-account.ts'
import type { Clock, Network, Sealer } from '../ports.ts'
import { requestTextFact } from '../turn/compose.ts'
import type { Round } from '../turn/round.ts'
import type { Turn } from '../turn/turn.ts'
import type { Handlers } from './handlers.ts'
import type { Views } from './views.ts'

export interface Verifiable { readonly accountId: AccountId, readonly signingKey: Uint8Array }

export interface ContactParts {
  readonly reader: Reader
  readonly turn: Turn
  readonly account: OwnAccount
  readonly clock: Clock
  readonly network: Network
  readonly sealer: Sealer
  readonly views: Views
  /** An invite's hint as the network dials it. @throws MalformedError */
  readonly targetOf: (hint: Omit<InviteHint, 'isRelay'>) => Omit<Hint, 'isRelay'>
  readonly safetyNumber: (ours: Verifiable, theirs: Verifiable) => string
  /** A contact that we want to reach. */
  readonly onRequested: (contact: number) => void
}

type Names = 'contact.add' | 'contact.list' | 'contact.show' | 'contact.rename' | 'contact.verify' | 'contact.block' | 'contact.unblock' | 'contact.remove'

export function contactOperations (parts: ContactParts): Handlers<Names> {
  const { reader, views } = parts
  return {
    'contact.add': async params => await add(params, parts),
    'contact.list': ({ all = false }) => {
      const shown = reader.contacts.list().filter(({ standing }) => standing === 'accepted' || standing === 'requested' || (all && standing !== 'pending'))
      return { contacts: shown.map(contact => views.contact(contact)) }
    },
    'contact.show': ({ who }) => show(resolveContact(who, reader), parts),
    'contact.rename': async ({ who, as }) => {
      const contact = resolveContact(who, reader)
      return await change(contact, parts, writer => writer.contacts.update(contact.contact, { alias: checkAlias(as) }))
    },
    'contact.verify': async params => await verify(params, parts),
    'contact.block': async ({ who }) => {
      const contact = resolveContact(who, reader)
      return await change(contact, parts, (writer, round) => block(contact, { writer, round, sealer: parts.sealer }))
    },
    'contact.unblock': async ({ who }) => {
      const contact = resolveContact(who, reader)
      if (contact.standing !== 'blocked') throw new RefusedError(`${labelOf(contact)} is not blocked`)
      const changed = await change(contact, parts, writer => { unmarkBlocked(contact, writer) })
      if (changed.contact.standing === 'requested') parts.onRequested(contact.contact)
      return changed
    },
    'contact.remove': async ({ who }) => {
      const contact = resolveContact(who, reader)
      return await change(contact, parts, (writer, round) => remove(contact, { writer, round, sealer: parts.sealer }))
    }
  }
}

async function add ({ link, as, text }: { readonly link: string, readonly as?: string, readonly text?: string }, parts: ContactParts): Promise<{ contact: ContactView }> {
  const { account, clock, reader, turn, views, targetOf, onRequested } = parts
  const card = decodeInvite(link)
  if (isInviteExpired(card, clock.now())) throw new RefusedError('the invite has expired', 'Nothing was sent. Ask for a new one.')
  if (idKey(card.accountId) === idKey(account.own.accountId)) throw new UsageError('this is your own invite link', 'Send it to somebody who shall reach you.')
  const alias = as === undefined ? undefined : checkAlias(as)
  const message = text === undefined ? '' : checkText(text, REQUEST_TEXT_BYTES_MAX, 'text')
  const hints = card.hints.map(hint => ({ ...targetOf(hint), isRelay: hint.isRelay }))
  const known = reader.contacts.byAccount(card.accountId)
  if (known?.standing === 'blocked') throw new RefusedError(`${labelOf(known)} is blocked`, `Unblock first: skein contact unblock ${labelOf(known)}`)
  const contact = await turn.write((writer, round) => {
    const change = { ...alias === undefined ? {} : { alias }, inviteToken: card.token, ...card.recordKey === undefined ? {} : { recordKey: card.recordKey, readKey: card.readKey } }
    const fresh = writer.read.contacts.byAccount(card.accountId)
    const number = fresh?.contact ?? writer.contacts.create({ accountId: card.accountId, ...NOBODY, standing: 'requested', createdAtMs: round.nowMs })
    // Somebody who asked us first, and whom we now ask, is welcome: the request is sent all the same and they answer at once.
    writer.contacts.update(number, { ...change, standing: fresh?.standing === 'accepted' ? 'accepted' : 'requested' })
    writer.requests.remove(number)
    writer.hints.replace(number, hints)
    moveDevices(number, hints, writer)
    writer.facts.set(requestTextFact(number), message)
    round.toForget.add(number)
    if (fresh?.standing !== 'accepted') round.tell('contact.added', number)
    return number
  })
  onRequested(contact)
  return { contact: views.contact(mustBe(reader.contacts.byNumber(contact))) }
}

/** An invite is news of where its devices are: of those that we know already, too. */
function moveDevices (contact: number, hints: readonly Hint[], writer: Writer): void {
  for (const { deviceId, peerId, addresses } of writer.read.devices.ofContact(contact)) {
    const fresh = hints.filter(hint => hint.peerId === peerId).map(hint => hint.address)
    if (fresh.length > 0) writer.devices.setAddresses(deviceId, [...new Set([...fresh, ...addresses])].slice(0, ADDRESSES_MAX))
  }
}

function show (contact: Contact, { reader, network, views, account, sealer, safetyNumber }: ContactParts): { contact: ContactView, devices: Array<{ device: string, peerId: string, addresses: string[], isListed: boolean, isConnected: boolean }>, relays: Array<{ peerId: string, addresses: string[] }>, safetyNumber?: string } {
  const number = safetyNumberOf(contact, { account, sealer, safetyNumber })
  return {
    contact: views.contact(contact),
    ...number === undefined ? {} : { safetyNumber: number },
    relays: contact.statement === undefined ? [] : decodeStatement(decodeSignedStatement(contact.statement).payload).relays.map(({ peerId, addresses }) => ({ peerId, addresses: [...addresses] })),
    devices: reader.devices.ofContact(contact.contact).map(({ deviceId, peerId, addresses, isListed }) => ({
      device: deviceIdText(deviceId), peerId, addresses: [...addresses], isListed, isConnected: network.isConnected(peerId)
    }))
  }
}

function safetyNumberOf (contact: Contact, { account, sealer, safetyNumber }: Pick<ContactParts, 'account' | 'sealer' | 'safetyNumber'>): string | undefined {
  if (contact.statement === undefined) return undefined
  const theirs = verifyStatement(decodeSignedStatement(contact.statement), (key, id, consent) => sealer.verifyConsent(key, id, consent))
  return safetyNumber({ accountId: account.own.accountId, signingKey: account.statement.currentKey }, { accountId: contact.accountId, signingKey: theirs.currentKey })
}

interface VerifyParams { readonly who: string, readonly safetyNumber?: string, readonly undo?: boolean, readonly acceptKey?: boolean }

/** Marks a key as compared, only when the number that was read out is the right one: `verify` checks its own effect. */
async function verify ({ who, safetyNumber, undo = false, acceptKey = false }: VerifyParams, parts: ContactParts): Promise<{ contact: ContactView, safetyNumber: string }> {
  const contact = resolveContact(who, parts.reader)
  const number = safetyNumberOf(contact, parts)
  if (number === undefined) throw new NotFoundError(`the keys of ${labelOf(contact)} are not known yet`, 'They are fetched when one of their devices answers.')
  const digits = safetyNumber?.replace(/\s/g, '')
  if (digits !== undefined && digits !== number) {
    throw new UntrustedError('the safety numbers differ', `Nothing was changed. If ${labelOf(contact)} read it out themselves, somebody may be in between: do not send anything secret.`)
  }
  const { contact: view } = await change(contact, parts, (writer, round) => {
    requireSameKeys(contact, writer)
    if (undo) writer.contacts.update(contact.contact, { verifiedEpoch: undefined })
    else if (acceptKey) writer.contacts.update(contact.contact, { isKeyChanged: false })
    else if (digits !== undefined) writer.contacts.update(contact.contact, { verifiedEpoch: contact.epoch, isKeyChanged: false })
    if (contact.standing === 'accepted') addressWaiting(contact.contact, { writer, round })
  })
  return { contact: view, safetyNumber: number }
}

/** What a person has compared or accepted is what they were shown: a list that came in between is another matter. */
function requireSameKeys ({ contact, epoch, isKeyChanged }: Contact, { read }: Writer): void {
  const now = read.contacts.byNumber(contact)
  if (now?.epoch === epoch && now.isKeyChanged === isKeyChanged) return
  throw new UntrustedError('their signing key has changed this moment', 'Nothing was changed. Look at it again: skein contact show')
}

interface EndParts { readonly writer: Writer, readonly round: Round, readonly sealer: Sealer }

function block (contact: Contact, { writer, round }: EndParts): void {
  markBlocked(contact, writer)
  cancelOpen(contact, writer, round)
}

function remove (contact: Contact, { writer, round, sealer }: EndParts): void {
  writer.contacts.update(contact.contact, { standing: 'removed', alias: undefined, inviteToken: undefined })
  cancelOpen(contact, writer, round)
  for (const device of writer.read.devices.ofContact(contact.contact)) sealer.dropSession(device.deviceId)
}

/** What has not left stays here, and says so. */
function cancelOpen (contact: Contact, writer: Writer, round: Round): void {
  const open = [...writer.read.devices.ofContact(contact.contact).flatMap(device => writer.read.outbox.ofDevice(device.deviceId)), ...writer.read.outbox.unaddressed(contact.contact)]
  for (const { row, refs } of open) {
    writer.outbox.settle(row, 'cancelled', round.nowMs)
    for (const ref of refs) {
      const message = ref.kind === 'text' ? writer.read.messages.byId(contentId(ref.id)) : undefined
      if (message === undefined || !writer.messages.advance(message.id, 'cancelled', round.nowMs)) continue
      round.tellMessage('message.state', contact.contact, message.id)
      round.states.push({ id: message.id, state: 'cancelled', reason: undefined })
    }
  }
}

async function change (contact: Contact, { turn, reader, views }: ContactParts, work: (writer: Writer, round: Round) => void): Promise<{ contact: ContactView }> {
  await turn.write((writer, round) => {
    work(writer, round)
    round.toForget.add(contact.contact)
    round.tell('contact.changed', contact.contact)
  })
  return { contact: views.contact(mustBe(reader.contacts.byNumber(contact.contact))) }
}

function mustBe (contact: Contact | undefined): Contact {
  if (contact === undefined) throw new NotFoundError('the contact is gone')
  return contact
}
