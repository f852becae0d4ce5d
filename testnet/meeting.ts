/** How those in a testnet get to know each other: every user has every relay, and others as contacts, as people would do it by hand. */
import { TimeoutError } from '../protocols/core/errors.ts'
import type { Player } from './net.ts'
import { REAL_TIME, type Time } from './time.ts'

/** A user keeps mailboxes at so many relays: three are advised. */
const RELAYS_EACH = 3
/** All know all in a small net; in a large one each knows the next ones, else a hundred users would ask five thousand times. */
const ALL_KNOW_ALL_MAX = 10
const NEIGHBOURS = 4
const MEET_MS_MAX = 60_000
const LOOK_MS = 50

/** Does nothing where it has been done. @throws TimeoutError when somebody does not answer */
export async function meet (members: readonly Player[], time: Time = REAL_TIME): Promise<void> {
  const users = members.filter(({ kind }) => kind === 'user')
  const relays = members.filter(({ kind }) => kind === 'relay')
  await Promise.all(users.map(async (user, index) => { await addRelays(user, spread(relays, index)) }))
  for (const [index, user] of users.entries()) {
    const others = invitedBy(users, index)
    if (others.length > 0) await invite(user, others, time)
  }
}

/** Whom each knows, once they have met. */
export function circlesOf<User> (users: readonly User[]): ReadonlyMap<User, readonly User[]> {
  const circles = new Map(users.map(user => [user, new Set<User>()]))
  for (const [index, user] of users.entries()) {
    for (const other of invitedBy(users, index)) {
      circles.get(user)?.add(other)
      circles.get(other)?.add(user)
    }
  }
  // In the order of all users, whoever invited whom.
  return new Map([...circles].map(([user, known]) => [user, users.length <= ALL_KNOW_ALL_MAX ? users.filter(other => known.has(other)) : [...known]]))
}

function invitedBy<User> (users: readonly User[], index: number): User[] {
  const others = users.length <= ALL_KNOW_ALL_MAX ? users.slice(index + 1) : spread(users, index + 1).slice(0, NEIGHBOURS)
  return others.filter(other => other !== users[index])
}

/** Those who stand behind this place in the round, first. */
function spread<Item> (items: readonly Item[], index: number): Item[] {
  if (items.length === 0) return []
  const start = index % items.length
  return [...items.slice(start), ...items.slice(0, start)]
}

async function addRelays (user: Player, relays: readonly Player[]): Promise<void> {
  const { relays: known } = await user.api.call('relays.list', {})
  for (const { address } of relays.slice(0, Math.max(0, RELAYS_EACH - known.length))) {
    if (address !== undefined && !known.some(relay => relay.address === address)) await user.api.call('relays.add', { address })
  }
}

async function invite (user: Player, others: readonly Player[], time: Time): Promise<void> {
  const known = new Set(await contactNames(user))
  const strangers = others.filter(({ name }) => !known.has(name))
  if (strangers.length === 0) return
  const { link } = await user.api.call('me.card', {})
  await Promise.all(strangers.map(async other => { await other.api.call('contact.add', { link, as: user.name }) }))
  const deadlineMs = time.passedMs() + MEET_MS_MAX
  for (const { name } of strangers) {
    while (!(await contactNames(user)).includes(name)) {
      if (time.passedMs() > deadlineMs) throw new TimeoutError(`${user.name} and ${name} did not meet`, 'See their logs with: skein testnet logs')
      await time.delay(LOOK_MS)
    }
  }
}

async function contactNames (user: Player): Promise<string[]> {
  const { contacts } = await user.api.call('contact.list', {})
  return contacts.flatMap(({ standing, label }) => standing === 'accepted' ? [label] : [])
}
