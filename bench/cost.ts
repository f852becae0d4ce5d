/**
 * What things cost in bytes: the constants of docs/scale.md. Real processes on the testnet's cable, which counts what goes from one to
 * another; nothing here depends on how fast the machine is.
 */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { runSkein } from '../cli/skein-process.ts'
import type { RelayStatusView } from '../protocols/local/relay.ts'
import { layoutOf } from '../testnet/layout.ts'
import type { Member } from '../testnet/member.ts'
import { planOf } from '../testnet/plan.ts'
import { Testnet } from '../testnet/testnet.ts'
import type { Figure } from './figures.ts'
import type { Run } from './suite.ts'

const RELAYS = 3
const SUITE = `What a text of 100 characters costs: two users with ${RELAYS} relays of their own, one message at a time`
/** Fewer than a relay keeps of one contact by default (256). */
const MESSAGES = 200
const MESSAGES_QUICK = 50
const TEXT = 'The ferry goes at 08:40 and again at 11:15, bring gloves and something warm for the way back. '.padEnd(95, '.')
const LOOK_MS = 50
/** What is owed after a meeting (profiles, prekeys, the directory) is over. */
const SETTLE_MS = 15_000

export async function measureCost (run: Run): Promise<void> {
  const { folder, isQuick, report, note } = run
  const count = isQuick ? MESSAGES_QUICK : MESSAGES
  const interrupted = new AbortController()
  const testnet = await Testnet.up({ layout: layoutOf(join(folder, 'cost')), plan: planOf({ users: 2, relays: RELAYS }), interrupted: interrupted.signal, tell: note })
  try {
    await delay(SETTLE_MS)
    const scene = new Scene(testnet)
    const figure = (what: string, value: number, unit: Figure['unit'] = 'bytes'): void => { report({ suite: SUITE, what, value, unit }) }
    note(`${count} texts while both are there`)
    const online = await scene.during(async () => {
      await scene.say(count)
      await scene.isSettled()
    })
    figure('both there: sender and recipient, both ways', online.between / count)
    figure('both there: sender and recipient with all relays, both ways', online.withRelays / count)
    figure('both there: deposits at relays', online.deposits / count, 'deposits')
    note(`${count} texts for somebody who is away`)
    await testnet.member('bob').stop()
    const emptyBytes = await scene.diskBytes()
    const away = await scene.during(async () => {
      await scene.say(count)
      await scene.isStored()
    })
    figure('recipient away: sender to relays, both ways', away.withRelays / count)
    figure('recipient away: deposits at relays', away.deposits / count, 'deposits')
    figure('recipient away: bodies that wait at one relay', away.waiting / count / RELAYS)
    figure('recipient away: disk of one relay, bodies with everything around them', (await scene.diskBytes() - emptyBytes) / count / RELAYS)
    note('and back')
    const back = await scene.during(async () => {
      await testnet.start('bob')
      await scene.isSettled()
    })
    figure('recipient back: recipient with all relays, both ways', back.withRelays / count)
    figure('recipient back: sender and recipient, both ways', back.between / count)
    figure('recipient back: receipts deposited at relays', back.deposits / count, 'deposits')
  } finally {
    await testnet.down()
  }
}

/** What was counted while something happened. */
interface Counted {
  /** Between ana and bob. */
  readonly between: number
  /** Of ana and bob with the relays. */
  readonly withRelays: number
  readonly deposits: number
  readonly waiting: number
}

class Scene {
  readonly #testnet: Testnet
  readonly #ana: Member
  readonly #relays: readonly Member[]
  #said = 0

  constructor (testnet: Testnet) {
    this.#testnet = testnet
    this.#ana = testnet.member('ana')
    this.#relays = testnet.members.filter(({ kind }) => kind === 'relay')
  }

  async say (count: number): Promise<void> {
    for (let index = 0; index < count; index++) await this.#ana.api.call('send', { to: 'bob', text: `${String(this.#said++).padStart(5, '0')}${TEXT}`, idempotencyKey: `cost-${this.#said}` })
  }

  /** Nothing is owed by anybody who is there. */
  async isSettled (): Promise<void> {
    const people = this.#testnet.members.filter(({ kind, isUp }) => kind === 'user' && isUp)
    for (let open = 1; open > 0;) {
      await delay(LOOK_MS)
      open = (await Promise.all(people.map(async ({ api }) => (await api.call('status', {})).outbox.open))).reduce((sum, each) => sum + each, 0)
    }
  }

  /** All that waits has its copies at all relays. */
  async isStored (): Promise<void> {
    for (let isDone = false; !isDone;) {
      await delay(LOOK_MS)
      const { messages } = await this.#ana.api.call('read', { with: 'bob', limit: 1_000 })
      isDone = messages.every(({ isOwn, state, copies }) => !isOwn || state === 'delivered' || state === 'read' || copies === RELAYS)
    }
  }

  /** Of all relays' databases, which are closed for it: what is in a log does not count twice. */
  async diskBytes (): Promise<number> {
    let bytes = 0
    for (const relay of this.#relays) {
      await relay.stop()
      bytes += statSync(join(relay.home, 'relay.db')).size
      await this.#testnet.start(relay.name)
    }
    return bytes
  }

  async during (work: () => Promise<void>): Promise<Counted> {
    const before = await this.#count()
    await work()
    const after = await this.#count()
    return {
      between: after.between - before.between,
      withRelays: after.withRelays - before.withRelays,
      deposits: after.deposits - before.deposits,
      waiting: after.waiting - before.waiting
    }
  }

  async #count (): Promise<Counted> {
    const statuses = await Promise.all(this.#relays.map(async relay => await statusOf(relay)))
    const sum = (of: (status: RelayStatusView) => number): number => statuses.reduce((total, status) => total + of(status), 0)
    const both = (left: string, right: string): number => (this.#testnet.bytesBetween(left, right) ?? 0) + (this.#testnet.bytesBetween(right, left) ?? 0)
    return {
      between: both('ana', 'bob'),
      withRelays: ['ana', 'bob'].reduce((total, user) => total + this.#relays.reduce((inner, { name }) => inner + both(user, name), 0), 0),
      deposits: sum(({ stored }) => stored),
      waiting: sum(({ bytes }) => bytes)
    }
  }
}

async function statusOf ({ home, log }: Member): Promise<RelayStatusView> {
  return await runSkein(['relay', 'status', '--home', home], { log, interrupted: new AbortController().signal }) as RelayStatusView
}
