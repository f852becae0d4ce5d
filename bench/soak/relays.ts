/**
 * Zero loss, shown: users and relays as real processes that are killed, cut off and given old disks by chance while messages go
 * between them; at the end somebody reads all histories. What a node has given an id for is owed, once, in one order.
 */
import { randomInt } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { killAll } from '../children.ts'
import { seeded } from '../../test/crash/seed.ts'
import { check, pairKey, type Verdict } from './checker.ts'
import { Relay, User } from './crew.ts'
import { Nemesis } from './nemesis.ts'

export const RELAYS_USAGE = `relays: users and relays as processes, killed and cut off while messages go between them
  --messages N  how many, default 10000
  --users N     default 4
  --relays N    default 3
  --seed N      repeats what was chance in another run (kills fall where the machine is by then)
  --keep        the folder with all homes and logs stays`

export interface RelaySoak {
  readonly messages: number
  readonly users: number
  readonly relays: number
  readonly seed: number
  /** Progress, for a person. */
  readonly tell: (text: string) => void
  /** How long the quiet at the end may take. */
  readonly settleMsMax?: number
}

export interface RelaySoakResult { readonly verdict: Verdict, readonly faults: ReadonlyMap<string, number>, readonly seconds: number, readonly settleSeconds: number, readonly folder: string }

/** Returns the exit code of the process. @throws TypeError that says which option is wrong */
export async function soakRelays (args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { messages: { type: 'string', default: '10000' }, users: { type: 'string', default: '4' }, relays: { type: 'string', default: '3' }, seed: { type: 'string' }, keep: { type: 'boolean', default: false } }
  })
  const seed = values.seed === undefined ? randomInt(2 ** 31) : positive(values.seed, '--seed')
  process.stderr.write(`--seed ${seed} repeats what is chance here\n`)
  const startedAtMs = performance.now()
  const tell = (text: string): void => { process.stderr.write(`${((performance.now() - startedAtMs) / 1000).toFixed(0).padStart(5)} s  ${text}\n`) }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => { killAll(); process.exit(130) })
  const result = await runRelaySoak({ messages: positive(values.messages, '--messages'), users: positive(values.users, '--users'), relays: positive(values.relays, '--relays'), seed, tell })
  const isKept = values.keep || !isSound(result.verdict)
  if (!isKept) await rm(result.folder, { recursive: true, force: true })
  console.log(report(result) + (isKept ? `\nHomes and logs: ${result.folder}` : ''))
  return isSound(result.verdict) ? 0 : 1
}

export function isSound ({ lost, duplicates, disordered }: Verdict): boolean {
  return lost.length + duplicates.length + disordered.length === 0
}

export function report ({ verdict: { owed, lost, duplicates, disordered }, faults, seconds, settleSeconds }: RelaySoakResult): string {
  return [
    `messages ${owed.toLocaleString('en')}, lost ${lost.length}, duplicates ${duplicates.length}, conversations out of order ${disordered.length}`,
    ...lost.slice(0, 20).map(what => `  lost: ${what}`),
    ...duplicates.slice(0, 20).map(what => `  twice: ${what}`),
    ...disordered.map(who => `  order: ${who}`),
    `faults: ${[...faults].map(([what, count]) => `${what} ${count}`).join(', ')}`,
    `${seconds.toFixed(0)} s, the last ${settleSeconds.toFixed(0)} of them quiet`
  ].join('\n')
}

function positive (text: string, option: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new TypeError(`${option} takes a number from 1`)
  return value
}

/** The folder is the caller's to remove. */
export async function runRelaySoak (soak: RelaySoak): Promise<RelaySoakResult> {
  const { tell } = soak
  const startedAtMs = performance.now()
  const folder = await mkdtemp(join(tmpdir(), 'skein-soak-'))
  const random = seeded(soak.seed)
  const relays = Array.from({ length: soak.relays }, (_, index) => new Relay(`relay${index + 1}`, folder))
  const users = Array.from({ length: soak.users }, (_, index) => new User(NAMES[index] ?? `user${index + 1}`, folder))
  try {
    await meet(relays, users, tell)
    const nemesis = new Nemesis({ relays, users, random, tell })
    const calm = new AbortController()
    const troubled = nemesis.trouble(calm.signal)
    const owed = await talk(users, { messages: soak.messages, random, tell })
    calm.abort()
    await troubled
    const settleStartMs = performance.now()
    await settle(users, { deadlineMs: settleStartMs + (soak.settleMsMax ?? 600_000), tell })
    const verdict = await check(users, owed)
    return { verdict, faults: nemesis.counts, seconds: (performance.now() - startedAtMs) / 1000, settleSeconds: (performance.now() - settleStartMs) / 1000, folder }
  } finally {
    await Promise.all([...users.map(async user => { await user.kill() }), ...relays.map(async relay => { await relay.end() })])
    killAll()
  }
}

const NAMES = ['ana', 'bob', 'carol', 'dave', 'erin', 'frank']

async function meet (relays: readonly Relay[], users: readonly User[], tell: (text: string) => void): Promise<void> {
  for (const relay of relays) {
    await relay.init()
    await relay.up()
  }
  for (const user of users) {
    await user.init()
    await user.up()
    for (const relay of relays) await user.api.call('relays.add', { address: relay.address })
  }
  for (const [index, user] of users.entries()) {
    const { link } = await user.api.call('me.card', {})
    for (const other of users.slice(index + 1)) await other.api.call('contact.add', { link })
  }
  for (const user of users) await untilTrue(async () => (await user.api.call('contact.list', {})).contacts.filter(({ standing }) => standing === 'accepted').length === users.length - 1, `${user.name} has met everybody`)
  tell(`${users.length} users at ${relays.length} relays know each other`)
}

interface Talk { readonly messages: number, readonly random: () => number, readonly tell: (text: string) => void }

/** Everybody who is up writes to anybody; a call that was cut off is made again under its key, and sends once. */
async function talk (users: readonly User[], { messages, random, tell }: Talk): Promise<Map<string, Set<string>>> {
  const owed = new Map<string, Set<string>>()
  let sent = 0
  const speak = async (from: User): Promise<void> => {
    const others = users.filter(user => user !== from)
    while (sent < messages) {
      const to = others[Math.floor(random() * others.length)]
      if (to === undefined) return
      const number = sent++
      const id = await sendSurely(from, to, number)
      const key = pairKey(from, to)
      const ids = owed.get(key) ?? new Set()
      owed.set(key, ids.add(id))
      if (number % 1000 === 999) tell(`${(number + 1).toLocaleString('en')} of ${messages.toLocaleString('en')} messages`)
      await delay(random() * PAUSE_MS)
    }
  }
  await Promise.all(users.flatMap(user => Array.from({ length: SPEAKERS_EACH }, async () => { await speak(user) })))
  return owed
}

/** Several at once, so that envelopes hold more than one. */
const SPEAKERS_EACH = 4
const PAUSE_MS = 40

async function sendSurely (from: User, to: User, number: number): Promise<string> {
  for (;;) {
    try {
      return (await from.api.call('send', { to: to.account, text: `${number}`, idempotencyKey: `soak-${number}` })).id
    } catch {
      // It is away, or was killed before it answered: nobody knows, and asking again under the same key is safe.
      await delay(100)
    }
  }
}

async function settle (users: readonly User[], { deadlineMs, tell }: { readonly deadlineMs: number, readonly tell: (text: string) => void }): Promise<void> {
  for (let told = -1; ;) {
    const open = await Promise.all(users.map(async user => (await user.api.call('status', {})).outbox.open))
    const sum = open.reduce((left, right) => left + right, 0)
    if (sum === 0) return
    if (performance.now() > deadlineMs) {
      tell(`${sum} deliveries are still open: what is missing is told below`)
      return
    }
    if (sum !== told) tell(`quiet now; ${sum} deliveries open`)
    told = sum
    await delay(1_000)
  }
}

async function untilTrue (holds: () => Promise<boolean>, what: string): Promise<void> {
  const deadlineMs = performance.now() + 60_000
  while (!await holds()) {
    if (performance.now() > deadlineMs) throw new Error(`waited in vain until ${what}`)
    await delay(100)
  }
}
