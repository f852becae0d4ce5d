/**
 * How those get to know each other whose homes were not made for it: every user adds relays, and others as contacts, as people would do it
 * by hand. And when everybody is there: with a mailbox at each of their relays.
 */
import { LockedError, TimeoutError } from '../protocols/core/errors.ts'
import type { Member } from './member.ts'

/** A hundredth of it on a machine that does nothing else. */
const MEET_MS_MAX = 120_000
const LOOK_MS = 50

export interface Acquaintances {
  /** By user: its relays, and its contacts. */
  readonly relays: ReadonlyMap<string, readonly string[]>
  readonly contacts: ReadonlyMap<string, ReadonlySet<string>>
}

/** Does nothing where it has been done. @throws TimeoutError when somebody does not answer */
export async function meet (members: readonly Member[], { relays, contacts }: Acquaintances): Promise<void> {
  const users = members.filter(({ kind }) => kind === 'user')
  await Promise.all(users.map(async user => { await addRelays(user, members.filter(({ name }) => relays.get(user.name)?.includes(name))) }))
  for (const [index, user] of users.entries()) {
    const others = users.slice(index + 1).filter(({ name }) => contacts.get(user.name)?.has(name))
    if (others.length > 0) await invite(user, others)
  }
}

/** Resolves when every user has an open mailbox at each of its relays. A relay that has moved is added anew. @throws TimeoutError */
export async function settleIn (members: readonly Member[]): Promise<void> {
  const relays = members.filter(({ kind, isUp }) => kind === 'relay' && isUp)
  // One after the other: to ask everybody all the time would hold them up.
  for (const user of members.filter(({ kind, isUp }) => kind === 'user' && isUp)) {
    let trouble = ''
    await untilTrue(async () => {
      const gone = members.find(member => member === user || relays.includes(member) ? !member.isUp : false)
      if (gone !== undefined) throw new LockedError(`${gone.name} has ended while the testnet started`, 'See why with: skein testnet logs')
      const { relays: known } = await user.api.call('relays.list', {})
      for (const relay of known) {
        const moved = relays.find(({ address }) => address?.endsWith(relay.peerId))?.address
        if (moved !== undefined && !relay.addresses.includes(moved)) await user.api.call('relays.add', { address: moved })
      }
      trouble = known.flatMap(({ state, name, trouble: why = state }) => state === 'open' ? [] : [`${name}: ${why}`]).join('; ')
      return trouble === ''
    }, () => `${user.name} does not reach its relays (${trouble})`)
  }
}

async function addRelays (user: Member, relays: readonly Member[]): Promise<void> {
  const { relays: known } = await user.api.call('relays.list', {})
  for (const { address } of relays) {
    if (address !== undefined && !known.some(relay => address.endsWith(relay.peerId))) await user.api.call('relays.add', { address })
  }
}

async function invite (user: Member, others: readonly Member[]): Promise<void> {
  const known = new Set(await contactNames(user))
  const strangers = others.filter(({ name }) => !known.has(name))
  if (strangers.length === 0) return
  const { link } = await user.api.call('me.card', {})
  await Promise.all(strangers.map(async other => { await other.api.call('contact.add', { link, as: user.name }) }))
  for (const { name } of strangers) await untilTrue(async () => (await contactNames(user)).includes(name), () => `${user.name} and ${name} did not meet`)
}

async function contactNames (user: Member): Promise<string[]> {
  const { contacts } = await user.api.call('contact.list', {})
  return contacts.flatMap(({ standing, label }) => standing === 'accepted' ? [label] : [])
}

async function untilTrue (look: () => Promise<boolean>, failure: () => string): Promise<void> {
  for (const deadlineMs = performance.now() + MEET_MS_MAX; !await look();) {
    if (performance.now() > deadlineMs) throw new TimeoutError(failure(), 'See their logs with: skein testnet logs')
    await new Promise<void>(resolve => { setTimeout(resolve, LOOK_MS) })
  }
}
