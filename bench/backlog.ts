/** Somebody was away and comes back: how long until everything that waits at a relay is here, decrypted and committed. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Child } from './children.ts'
import type { MailboxPeopleCalls } from './mailbox-people-process.ts'
import { ownTimesText } from './tell-profile.ts'
import type { RelayCalls } from './relay-process.ts'
import { UNLIMITED } from './relay-settings.ts'
import type { Run } from './suite.ts'

const MESSAGES = 10_000
const MESSAGES_QUICK = 1_000
/** For MESSAGES: a shorter run is held against nothing. */
const ONE_BY_ONE_MS = 2_000
const PACKED_MS = 700
/** Calls of `send` at once, so that each turn has as much as a pack holds. */
const PACKED_AT_ONCE = 1_000

export async function measureBacklog (run: Run): Promise<void> {
  const { folder, isQuick } = run
  const count = isQuick ? MESSAGES_QUICK : MESSAGES
  await using relay = new Child<RelayCalls>(new URL('./relay-process.ts', import.meta.url), { folder })
  const { address } = await relay.ask('start', { folder, settings: UNLIMITED })
  const away = new Away(run, relay)
  await away.meet(address)
  await away.measure({ how: 'packed', count, atOnce: PACKED_AT_ONCE, budgetMs: PACKED_MS })
  await away.measure({ how: 'sealed one by one', count, atOnce: 1, budgetMs: ONE_BY_ONE_MS })
}

interface Plan { readonly how: string, readonly count: number, readonly atOnce: number, readonly budgetMs: number }

class Away {
  readonly #run: Run
  readonly #relay: Child<RelayCalls>
  readonly #homes: { readonly ana: string, readonly bob: string }

  constructor (run: Run, relay: Child<RelayCalls>) {
    this.#run = run
    this.#relay = relay
    this.#homes = { ana: join(run.folder, 'backlog-ana'), bob: join(run.folder, 'backlog-bob') }
  }

  async meet (address: string): Promise<void> {
    await using ana = this.#person()
    await using bob = this.#person()
    for (const [name, child] of [['ana', ana], ['bob', bob]] as const) {
      await child.ask('start', { home: this.#homes[name], name })
      await child.ask('useRelays', { addresses: [address] })
    }
    const { link } = await bob.ask('link', undefined)
    await ana.ask('befriend', { link, alias: 'bob' })
    await bob.ask('settled', undefined)
  }

  /** Ana writes while Bob is away, and is away herself when he comes back: all of it comes from the relay. */
  async measure ({ how, count, atOnce, budgetMs }: Plan): Promise<void> {
    const { note, report, profileFolder } = this.#run
    const before = await this.#relay.ask('stats', undefined)
    await this.#pour(count, atOnce)
    const { deposits: { stored }, traffic: { collected } } = await this.#relay.ask('stats', undefined)
    const envelopes = stored - before.deposits.stored
    note(`${count.toLocaleString('en')} messages, ${how}, wait in ${envelopes} envelopes`)
    await using bob = this.#person()
    if (profileFolder !== undefined) await bob.ask('startProfile', undefined)
    const usedBefore = await bob.ask('usage', undefined)
    const [{ startedAtMs, lastAtMs }, { atMs: firstAtMs }] = await Promise.all([bob.ask('collect', { home: this.#homes.bob, count }), this.#relay.ask('handedOut', { count: collected })])
    const usedAfter = await bob.ask('usage', undefined)
    if (profileFolder !== undefined) {
      await mkdir(profileFolder, { recursive: true })
      const path = join(profileFolder, `backlog-${atOnce === 1 ? 'one-by-one' : 'packed'}.cpuprofile`)
      await bob.ask('stopProfile', { path })
      note(await ownTimesText(path, { count, of: 'message' }))
    }
    const { numbers } = await bob.ask('numbers', { count })
    const suite = `Back after being away: ${count.toLocaleString('en')} texts of 300 bytes from one contact wait at a relay, ${how} (${envelopes.toLocaleString('en')} envelopes)`
    report({ suite, what: 'from the first envelope that leaves the relay until all is committed', value: lastAtMs - firstAtMs, unit: 'ms', ...count === MESSAGES && { budget: { type: 'atMost', value: budgetMs } } })
    report({ suite, what: 'from start() of the node until then', value: lastAtMs - startedAtMs, unit: 'ms' })
    report({ suite, what: 'CPU per message, loading and starting the node included', value: (usedAfter.cpuUs - usedBefore.cpuUs) / count, unit: 'µs' })
    report({ suite, what: 'of it the main thread, which nothing can be faster than', value: (usedAfter.mainUs - usedBefore.mainUs) / count, unit: 'µs' })
    report({ suite, what: `read back in the order sent, of ${count.toLocaleString('en')}`, value: numbers.filter((number, index) => number === index).length, unit: 'messages', budget: { type: 'atLeast', value: count } })
  }

  async #pour (count: number, atOnce: number): Promise<void> {
    await using ana = this.#person()
    await ana.ask('start', { home: this.#homes.ana, name: 'ana' })
    await ana.ask('pour', { to: '@bob', count, atOnce })
  }

  #person (): Child<MailboxPeopleCalls> { return new Child(new URL('./mailbox-people-process.ts', import.meta.url), this.#run) }
}
