/** `skein contact …`. */
import { UntrustedError, UsageError } from '../../protocols/core/errors.ts'
import { displaySafe } from '../../protocols/core/text.ts'
import type { LocalApi, Params, Result } from '../../protocols/local/operations.ts'
import type { ContactView } from '../../protocols/local/schema.ts'
import { shortTime } from '../chat/words.ts'
import type { Invocation } from '../command.ts'
import { confirm, isAsking } from '../confirm.ts'
import type { Flags } from '../flags.ts'
import type { Look } from '../look.ts'
import type { Output } from '../output.ts'
import { tableLines } from '../table.ts'
import { nameOf, safetyNumberLines, standingWords } from '../words.ts'

/** Characters of an account id that tell accounts apart in a list. */
const ACCOUNT_SHOWN = 12

export async function add ({ arguments: [link = ''], flags, session, output }: Invocation): Promise<void> {
  const alias = flags.text('as')
  const text = flags.text('text')
  const result = await session.api.call('contact.add', { link, ...alias !== undefined && { as: withoutAt(alias) }, ...text !== undefined && { text } })
  const { contact } = result
  await output.result(result, contact.standing === 'accepted' ? `${nameOf(contact)} is a contact.` : `Asked ${nameOf(contact)}. What you send waits here until they accept.`)
}

export async function list ({ flags, session, output }: Invocation): Promise<void> {
  const result = await session.api.call('contact.list', flags.isOn('all') ? { all: true } : {})
  const { contacts } = result
  await output.result(result, tableLines(contacts.map(contact => contactRow(contact, output.look))).join('\n'))
  if (contacts.length === 0) output.note('Your contacts will be here. Invite somebody: skein me card, or add somebody: skein contact add LINK')
}

export async function show ({ arguments: [who = ''], session, output }: Invocation): Promise<void> {
  const result = await session.api.call('contact.show', { who })
  await output.result(result, showLines(result, output.look).join('\n'))
}

export async function rename ({ arguments: [who = '', alias = ''], session, output }: Invocation): Promise<void> {
  const result = await session.api.call('contact.rename', { who, as: withoutAt(alias) })
  await output.result(result, `${nameOf(result.contact)} is what you call them now.`)
}

export async function block (invocation: Invocation): Promise<void> {
  await changeStanding(invocation, 'contact.block', 'is blocked. They are not told.')
}

export async function unblock (invocation: Invocation): Promise<void> {
  await changeStanding(invocation, 'contact.unblock', 'is not blocked any more.')
}

export async function remove (invocation: Invocation): Promise<void> {
  await changeStanding(invocation, 'contact.remove', 'is removed. The history stays.')
}

export async function verify ({ arguments: [who = ''], flags, session, output }: Invocation): Promise<void> {
  const params = verifyParams(who, flags)
  if (params === undefined) await compare({ who, flags, session, output })
  else await sayVerified(await session.api.call('contact.verify', params), { flags, output })
}

/** Shows the number and asks. @throws UntrustedError when it was not the same */
async function compare ({ who, flags, session, output }: Pick<Invocation, 'flags' | 'session' | 'output'> & { readonly who: string }): Promise<void> {
  const { contact, safetyNumber } = await session.api.call('contact.show', { who })
  if (safetyNumber === undefined) throw new UntrustedError(`the keys of ${nameOf(contact)} are not known yet`, 'They are when the request is accepted. Then compare.')
  if (!isAsking()) throw new UsageError('nobody is here to compare the number', 'Pass --number DIGITS with the number that they read out, or --yes when you have compared it.')
  const number = [`The safety number with ${nameOf(contact)}. They must see the same digits:`, '', ...safetyNumberLines(safetyNumber).map(line => `  ${line}`), ''].join('\n')
  if (!await confirm(`${number}\nIs it the same on the other side?`)) {
    throw new UntrustedError('it is not marked as compared', 'If it differs, somebody may stand in between: do not send anything, and compare again in person.')
  }
  await sayVerified(await session.api.call('contact.verify', { who, safetyNumber }), { flags, output })
}

/** What to ask the node, when the options say it all. */
function verifyParams (who: string, flags: Flags): Params<'contact.verify'> | undefined {
  const number = flags.text('number')
  if (number !== undefined) return { who, safetyNumber: number }
  if (flags.isOn('undo')) return { who, undo: true }
  if (flags.isOn('acceptKey')) return { who, acceptKey: true }
  return flags.isOn('yes') ? { who } : undefined
}

async function sayVerified (result: Result<'contact.verify'>, { flags, output }: { readonly flags: Flags, readonly output: Output }): Promise<void> {
  const name = nameOf(result.contact)
  const done = flags.isOn('undo') ? 'is not verified any more.' : flags.isOn('acceptKey') ? 'has a new key, which you go on with. It is not verified.' : 'is verified.'
  await output.result(result, `${name} ${done}`)
}

async function changeStanding ({ arguments: [who = ''], session, output }: Invocation, operation: 'contact.block' | 'contact.unblock' | 'contact.remove', done: string): Promise<void> {
  const result: { readonly contact: ContactView } = await (session.api as Pick<LocalApi, 'call'>).call(operation, { who })
  await output.result(result, `${nameOf(result.contact)} ${done}`)
}

function contactRow (contact: ContactView, look: Look): readonly string[] {
  const name = contact.name === undefined ? '' : displaySafe(contact.name)
  const standing = standingWords(contact)
  return [
    look.bold(nameOf(contact)),
    name,
    contact.isKeyChanged ? look.danger(standing) : standing,
    contact.isConnected ? 'direct' : contact.standing === 'accepted' ? 'away' : '',
    contact.unread === 0 ? '' : look.accent(`${contact.unread} unread`),
    contact.lastMessageAt === undefined ? '' : shortTime(Date.parse(contact.lastMessageAt), look.nowMs),
    look.dim(contact.account.slice(0, ACCOUNT_SHOWN))
  ]
}

function showLines ({ contact, safetyNumber, devices, relays }: Result<'contact.show'>, look: Look): readonly string[] {
  return [
    ...tableLines([
      ['name', look.bold(nameOf(contact)) + (contact.name === undefined ? '' : `  ${displaySafe(contact.name)}`)],
      ['account', contact.account],
      ['standing', contact.isKeyChanged ? look.danger('signing key changed: sending is stopped until you compare') : standingWords(contact)],
      ...devices.map(({ device, peerId, addresses, isListed, isConnected }, index) => [
        index === 0 ? 'devices' : '', `${device}  ${isConnected ? 'direct' : 'away'}${isListed ? '' : ', not listed any more'}\n          ${[peerId, ...addresses].map(text => displaySafe(text)).join('\n          ')}`
      ]),
      ...relays.map(({ peerId, addresses }, index) => [index === 0 ? 'relays' : '', displaySafe(addresses[0] === undefined ? peerId : `${addresses[0]}/p2p/${peerId}`)])
    ]),
    ...safetyNumber === undefined ? ['', 'The safety number is known when they have accepted.'] : ['', 'Safety number, the same on the other side:', ...safetyNumberLines(safetyNumber).map(line => `  ${line}`)]
  ]
}

/** People type the @ that they always see. */
function withoutAt (alias: string): string {
  return alias.replace(/^@/, '')
}
