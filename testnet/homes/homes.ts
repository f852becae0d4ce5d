/** The homes of a testnet: of those who have none yet, with published keys, and of all at once when it begins, who then know each other. */
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { checkSetting, SETTING_NAMES } from '../../cli/config.ts'
import { makeRelayHome } from '../../node/relay/relay-home.ts'
import { relaySettingsText } from '../../node/relay/settings-file.ts'
import { checkRelaySetting } from '../../node/relay/settings.ts'
import { RELAY_SETTING_NAMES } from '../../node/relay/settings-table.ts'
import { portOf } from '../../node/net/ports.ts'
import { contactsOfUsers, relaysOfUsers } from '../acquaintances.ts'
import type { Place as NodePlace } from '../cable/kinds.ts'
import type { Layout } from '../layout.ts'
import type { Plan, PlannedNode } from '../plan.ts'
import { acquaint, type Newcomer } from './acquaint.ts'
import { relayKeyOf, type Published } from './published.ts'
import { makeUserHome, type NewHome, type NewUser } from './user.ts'

interface Place { readonly layout: Layout, readonly seed: string }

/** Somebody who knows nobody: at the beginning of a testnet there is `makeUsers`. */
export async function makeUser (node: PlannedNode, place: Place): Promise<void> {
  const home = await openNewHome(node, place, undefined)
  home[Symbol.dispose]()
}

export function makeRelay (node: PlannedNode, { layout, seed }: Place): void {
  const settings = Object.entries({ name: node.name, ...node.settings })
  const changes = new Map(RELAY_SETTING_NAMES.flatMap(name => settings.flatMap(([key, value]) => key === name ? [[name, checkRelaySetting(name, value, node.name)] as const] : [])))
  makeRelayHome(layout.homeOf(node.name), relaySettingsText(changes), relayKeyOf({ seed, name: node.name, life: 1 }))
}

/** All users of a new testnet, who know each other and their relays. @param addressOf of a relay, once it runs */
export async function makeUsers (plan: Plan, { layout, placeOf, addressOf }: { readonly layout: Layout, readonly placeOf: (user: string) => NodePlace, readonly addressOf: (relay: string) => Promise<string> }): Promise<void> {
  using stack = new DisposableStack()
  const users = plan.nodes.filter(({ kind }) => kind === 'user')
  const [ports, relays, contacts] = [await freePorts(users.length), relaysOfUsers(plan), contactsOfUsers(plan)]
  const homes: NewHome[] = []
  for (const [index, user] of users.entries()) homes.push(stack.use(await openNewHome(user, { layout, seed: plan.seed }, portIn(placeOf(user.name), ports[index]))))
  const newcomers: Newcomer[] = []
  for (const [index, user] of users.entries()) {
    const store = homes[index]?.store
    const place = placeOf(user.name)
    if (store === undefined) continue
    newcomers.push({
      who: publishedIn({ layout, seed: plan.seed }, user.name),
      store,
      addresses: [`/ip4/${place.host}/tcp/${portIn(place, ports[index])?.number ?? portOf(place.listen) ?? 0}`],
      relays: await Promise.all((relays.get(user.name) ?? []).map(async name => ({ name, address: await addressOf(name) }))),
      knows: contacts.get(user.name) ?? new Set()
    })
  }
  acquaint(newcomers)
}

/** It comes back as somebody else of the same name. */
export function nextLife (layout: Layout, name: string): void { writeFileSync(layout.lifeFileOf(name), String(lifeOf(layout, name) + 1)) }

/** Where it listens may say at which port. */
function portIn ({ listen }: NodePlace, number: number | undefined): NewUser['port'] {
  return number === undefined || portOf(listen) !== 0 ? undefined : { listen, number }
}

async function openNewHome (node: PlannedNode, place: Place, port: NewUser['port']): Promise<NewHome> {
  const { layout } = place
  const home = layout.homeOf(node.name)
  const accept = checkSetting('accept', node.settings?.['accept'] ?? 'all', node.name) === 'ask' ? 'ask' : 'all'
  mkdirSync(home, { recursive: true, mode: 0o700 })
  const lines = SETTING_NAMES.flatMap(name => {
    const value = node.settings?.[name]
    // JSON's texts, numbers and lists are TOML's as well.
    return value === undefined ? [] : [`${name} = ${JSON.stringify(checkSetting(name, value, node.name))}`]
  })
  if (lines.length > 0) writeFileSync(join(home, 'skein.toml'), `${lines.join('\n')}\n`, { mode: 0o600 })
  return await makeUserHome({ who: publishedIn(place, node.name), home, wordsFile: `${home}.words`, accept, port })
}

function publishedIn ({ layout, seed }: Place, name: string): Published { return { seed, name, life: lifeOf(layout, name) } }

function lifeOf (layout: Layout, name: string): number {
  try {
    return Number(readFileSync(layout.lifeFileOf(name), 'utf8'))
  } catch {
    return 1
  }
}

/** Of this computer, that nobody has at the moment: all are held before the first one is let go. */
async function freePorts (count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map(async server => server.listening ? undefined : await once(server, 'listening')))
  const ports = servers.map(server => (server.address() as AddressInfo).port)
  await Promise.all(servers.map(async server => {
    server.close()
    await once(server, 'close')
  }))
  return ports
}
