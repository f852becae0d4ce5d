/** What a user moves who does nothing: two relays, fifty contacts. Counted by the kernel at the user's cable, headers included. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Lab, RELAY_HOSTS, whyNot } from '../test/lab/lab.ts'
import { IDLE_DIRECT_MS } from '../protocols/core/limits.ts'
import { Child } from './children.ts'
import type { Budget } from './figures.ts'
import type { PeopleCalls } from './people-process.ts'
import type { RelayCalls } from './relay-process.ts'
import { UNLIMITED } from './relay-settings.ts'
import type { Run } from './suite.ts'

const KB_PER_HOUR = 100
const CONTACTS = 50
/** On the street of the lab (`none`: a public host), in its own network. */
const CONTACTS_HOST = '11.0.11.2'
/** Identify, reservations, checks of addresses, meetings and what is owed after them are over. */
const SETTLE_MS = 20_000
/** Connections that nobody uses are ended after five minutes, or a quarter later. */
const DISUSE_MS = IDLE_DIRECT_MS * 1.25
/** Five of the slowest probes of the kernel; the fastest falls into it twelve times. */
const WINDOW_MS = 120_000
/** The slowest probe falls into it once or twice: a figure from it is up to a half too high or too low. */
const WINDOW_QUICK_MS = 30_000

export async function measureIdleTraffic (run: Run): Promise<void> {
  const reason = whyNot()
  if (reason !== undefined) {
    run.skip(reason)
    return
  }
  const lab = await Lab.up({ a: 'none', b: 'restricted' })
  // Whoever ends us early ends the namespaces, too: nothing in there waits.
  const down = (): void => { void lab.down() }
  process.once('exit', down)
  try {
    await measureIn(lab, run)
  } finally {
    process.off('exit', down)
    await lab.down()
  }
}

async function measureIn (lab: Lab, run: Run): Promise<void> {
  const { folder, isQuick, note, report } = run
  const windowMs = isQuick ? WINDOW_QUICK_MS : WINDOW_MS
  const suite = `An idle user behind a router, with places at two relays and ${CONTACTS} contacts`
  const caution = isQuick ? '(too short for more than the order of magnitude)' : '(what comes every ten minutes or more seldom counts not at all or too much)'
  await using stack = new AsyncDisposableStack()
  const relays = await Promise.all((['r1', 'r2'] as const).map(async place => {
    const relay = stack.use(new Child<RelayCalls>(new URL('./relay-process.ts', import.meta.url), { folder, enter: lab.enter(place) }))
    return (await relay.ask('start', { folder, settings: UNLIMITED, listen: `/ip4/${RELAY_HOSTS[place]}/tcp/4001` })).address
  }))
  const person = (side: 'a' | 'b'): Child<PeopleCalls> => new Child(new URL('./people-process.ts', import.meta.url), { folder, enter: lab.enter(side) })
  const bob = stack.use(person('b'))
  const contacts = stack.use(person('a'))
  note(`${CONTACTS} contacts are being made`)
  await bob.ask('start', { count: 1, listen: ['/ip4/0.0.0.0/tcp/0'] })
  await bob.ask('useRelays', { addresses: relays })
  const { links } = await contacts.ask('start', { count: CONTACTS, listen: [`/ip4/${CONTACTS_HOST}/tcp/0`] })
  await bob.ask('befriend', { links })
  const rest = async (): Promise<number> => {
    await bob.ask('settled', undefined)
    await sleep(SETTLE_MS)
    return (await bob.ask('connections', undefined)).count
  }
  const measure = async (): Promise<number> => {
    const before = lab.bytesOf('b')
    await sleep(windowMs)
    return (lab.bytesOf('b') - before) / 1000 * 3_600_000 / windowMs
  }
  const tell = async (what: string, budget?: Budget): Promise<void> => {
    const count = await rest()
    note(`idle for ${windowMs / 1000} s, with ${count} connections`)
    report({ suite, what: `${what}: ${count} connections, ${windowMs / 1000} s ${caution}`, value: await measure(), unit: 'kB/h', ...budget !== undefined && { budget } })
  }
  const budget = { type: 'atMost', value: KB_PER_HOUR } as const
  if (!isQuick) {
    await tell('all contacts there, for five minutes after they have talked')
    note(`idle for another ${(DISUSE_MS - windowMs) / 1000} s: until connections that nobody uses have ended`)
    await sleep(DISUSE_MS - windowMs)
    await tell('all contacts there, later', budget)
  }
  // What is owed to somebody who has gone would be tried again and again, and is no idleness.
  await bob.ask('settled', undefined)
  await contacts.ask('settled', undefined)
  await contacts[Symbol.asyncDispose]()
  await tell('all contacts away', budget)
}
