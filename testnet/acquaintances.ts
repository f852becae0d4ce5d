/** Who knows whom in a testnet, and who uses which relay, where its plan does not say. Pure. */
import type { PlannedNode } from './plan.ts'

/** A user keeps mailboxes at so many relays: three are advised. */
const RELAYS_EACH = 3
/** All know all in a small net; in a large one each knows the next ones, else a hundred users would ask five thousand times. */
const ALL_KNOW_ALL_MAX = 10
const NEIGHBOURS = 4

/** Those who are there, as far as it matters here. */
export interface Circle { readonly nodes: ReadonlyArray<Pick<PlannedNode, 'name' | 'kind' | 'relays' | 'knows'>> }

/** By user: the relays where it has mailboxes, in its order. */
export function relaysOfUsers ({ nodes }: Circle): ReadonlyMap<string, readonly string[]> {
  const relays = nodes.filter(({ kind }) => kind === 'relay').map(({ name }) => name)
  const users = nodes.filter(({ kind }) => kind === 'user')
  return new Map(users.map((user, index) => [user.name, user.relays ?? spread(relays, index).slice(0, RELAYS_EACH)]))
}

/** By user: its contacts, each of whom has it as a contact, too. Where some say whom they know, nobody knows anybody else. */
export function contactsOfUsers ({ nodes }: Circle): ReadonlyMap<string, ReadonlySet<string>> {
  const users = nodes.filter(({ kind }) => kind === 'user')
  const isSaid = users.some(({ knows }) => knows !== undefined)
  const contacts = new Map(users.map(({ name }) => [name, new Set<string>()]))
  for (const [index, { name, knows }] of users.entries()) {
    for (const other of isSaid ? knows ?? [] : byPlace(users, index)) {
      if (other === name) continue
      contacts.get(name)?.add(other)
      contacts.get(other)?.add(name)
    }
  }
  return contacts
}

function byPlace (users: ReadonlyArray<{ readonly name: string }>, index: number): string[] {
  const others = users.length <= ALL_KNOW_ALL_MAX ? users.slice(index + 1) : spread(users, index + 1).slice(0, NEIGHBOURS)
  return others.map(({ name }) => name)
}

/** Those who stand behind this place in the round, first. */
function spread<Item> (items: readonly Item[], index: number): Item[] {
  if (items.length === 0) return []
  const start = index % items.length
  return [...items.slice(start), ...items.slice(0, start)]
}
