/**
 * How those get to know each other whose homes were not made for it: every user adds relays, and others as contacts, as people would do it
 * by hand. And when everybody is there: with a mailbox at each of their relays.
 */
import { LockedError, TimeoutError } from '../protocols/core/errors.ts'
import { contactsOfUsers, relaysOfUsers } from './acquaintances.ts'
import type { Player } from './net.ts'
import { REAL_TIME, type Time } from './time.ts'

/** A hundredth of it on a machine that does nothing else. */
const MEET_MS_MAX = 120_000
const LOOK_MS = 50

export interface Acquaintances {
  /** By user: its relays, and its contacts. */
  readonly relays: ReadonlyMap<string, readonly string[]>
  readonly contacts: ReadonlyMap<string, ReadonlySet<string>>
}

/** Who has nothing said about them, as their places have it. */
function acquaintancesOf (members: readonly Player[]): Acquaintances {
  return { relays: relaysOfUsers({ nodes: members }), contacts: contactsOfUsers({ nodes: members }) }
}

/** Does nothing where it has been done. @throws TimeoutError when somebody does not answer */
export async function meet (members: readonly Player[], time: Time = REAL_TIME, { relays, contacts }: Acquaintances = acquaintancesOf(members)): Promise<void> {
  const users = members.filter(({ kind }) => kind === 'user')
  const byName = new Map(members.map(member => [member.name, member]))
  const called = (names: Iterable<string> | undefined): Player[] => [...names ?? []].flatMap(name => byName.get(name) ?? [])
  const places = new Map(users.map((user, index) => [user, index]))
  await Promise.all(users.map(async user => { await addRelays(user, called(relays.get(user.name))) }))
  for (const [index, user] of users.entries()) {
    const others = called(contacts.get(user.name)).filter(other => (places.get(other) ?? -1) > index)
    if (others.length > 0) await invite(user, others, time)
  }
}

/** Resolves when every user has an open mailbox at each of its relays. A relay that has moved is added anew. @throws TimeoutError */
export async function settleIn (members: readonly Player[]): Promise<void> {
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
    }, () => `${user.name} does not reach its relays (${trouble})`, REAL_TIME)
  }
}

async function addRelays (user: Player, relays: readonly Player[]): Promise<void> {
  const { relays: known } = await user.api.call('relays.list', {})
  for (const { address } of relays) {
    if (address !== undefined && !known.some(relay => address.endsWith(relay.peerId))) await user.api.call('relays.add', { address })
  }
}

async function invite (user: Player, others: readonly Player[], time: Time): Promise<void> {
  const known = new Set(await contactNames(user))
  const strangers = others.filter(({ name }) => !known.has(name))
  if (strangers.length === 0) return
  const { link } = await user.api.call('me.card', {})
  await Promise.all(strangers.map(async other => { await other.api.call('contact.add', { link, as: user.name }) }))
  for (const { name } of strangers) await untilTrue(async () => (await contactNames(user)).includes(name), () => `${user.name} and ${name} did not meet`, time)
}

async function contactNames (user: Player): Promise<string[]> {
  const { contacts } = await user.api.call('contact.list', {})
  return contacts.flatMap(({ standing, label }) => standing === 'accepted' ? [label] : [])
}

async function untilTrue (look: () => Promise<boolean>, failure: () => string, time: Time): Promise<void> {
  for (const deadlineMs = time.passedMs() + MEET_MS_MAX; !await look();) {
    if (time.passedMs() > deadlineMs) throw new TimeoutError(failure(), 'See their logs with: skein testnet logs')
    await time.delay(LOOK_MS)
  }
}
