/** A child process with one person who has relays: reachable through them only, or away and back again. */
import type { SkeinNode } from '../node/node.ts'
import { answerCalls, usage, wallMs } from './answering.ts'
import { befriend, openPerson, settled, useRelays } from './people.ts'
import { startProfiler, type Profiler } from './profiling.ts'

/** As in people-process.ts: a few sentences. */
const TEXT_LENGTH = 300
const TEXT = 'The ferry goes at 08:40 and again at 11:15, bring gloves. '.repeat(6)
const PAGE = 1_000
/** Between two looks at what has come: a look takes a fifth of a millisecond. */
const LOOK_MS = 10

let node: SkeinNode | undefined
let profiler: Profiler | undefined
const cameAtMs = new Map<string, PromiseWithResolvers<number>>()

const calls = {
  /** The person of that home, who cannot be dialled by anybody; new if there is none. */
  start: async ({ home, name }: { readonly home: string, readonly name: string }) => {
    node = await openPerson(name, home, [])
    await node.start()
  },
  useRelays: async ({ addresses }: { readonly addresses: readonly string[] }) => { await useRelays(person(), addresses) },
  link: async () => ({ link: await person().invite() }),
  befriend: async ({ link, alias }: { readonly link: string, readonly alias: string }) => {
    await befriend(person(), link, alias)
    await settled(person())
  },
  settled: async () => { await settled(person()) },
  /** From now on it is noted when something has come: the event follows the commit. */
  watch: () => { void watch() },
  /** One message: when it was asked for, and its id. */
  sendOne: async ({ to, number }: { readonly to: string, readonly number: number }) => {
    const askedAtMs = wallMs()
    const { id } = await person().send(to, textOf(number))
    return { id, askedAtMs }
  },
  cameAt: async ({ id }: { readonly id: string }) => ({ atMs: await arrival(id).promise }),
  /** So many numbered messages, so many calls of `send` at once; resolves when relays have signed for all. */
  pour: async ({ to, count, atOnce }: { readonly to: string, readonly count: number, readonly atOnce: number }) => {
    const ids: string[] = []
    const lane = async (): Promise<void> => {
      while (ids.length < count) {
        const number = ids.push('') - 1
        ids[number] = (await person().send(to, textOf(number))).id
      }
    }
    await Promise.all(Array.from({ length: atOnce }, lane))
    for (const id of ids) while (!(await person().call('wait', { id, state: 'stored', timeoutMs: 10_000 })).isReached);
  },
  /** Opens the account and goes on the network: when that was asked for, and when the last of `count` was seen to be committed. */
  collect: async ({ home, count }: { readonly home: string, readonly count: number }) => {
    node = await openPerson('bob', home, [])
    const [contact] = await node.contacts.list()
    const who = contact?.account ?? ''
    const beforeId = (await node.read(who, { limit: 1 }))[0]?.id
    const startedAtMs = wallMs()
    await node.start()
    for (;;) {
      const [last] = await node.read(who, { limit: 1 })
      if (last !== undefined && last.id !== beforeId && numberOf(last.text) === count - 1) return { startedAtMs, lastAtMs: wallMs() }
      await new Promise(resolve => { setTimeout(resolve, LOOK_MS) })
    }
  },
  /** The numbers of the newest `count` messages, in the order in which they are shown. */
  numbers: async ({ count }: { readonly count: number }) => {
    const [contact] = await person().contacts.list()
    const pages: number[][] = []
    for (let before: string | undefined, seen = 0; seen < count;) {
      const messages = await person().read(contact?.account ?? '', { limit: Math.min(PAGE, count - seen), ...before !== undefined && { before } })
      if (messages.length === 0) break
      pages.unshift(messages.map(({ text }) => numberOf(text)))
      seen += messages.length
      before = messages[0]?.id
    }
    return { numbers: pages.flat() }
  },
  usage,
  startProfile: async () => { profiler = await startProfiler() },
  stopProfile: async ({ path }: { readonly path: string }) => { await profiler?.stop(path) }
}

export type MailboxPeopleCalls = typeof calls

answerCalls(calls, async () => { await node?.stop() })

async function watch (): Promise<void> {
  for await (const { type, message } of person().events()) {
    if (type === 'message.received' && message !== undefined) arrival(message.id).resolve(wallMs())
  }
}

function arrival (id: string): PromiseWithResolvers<number> {
  const known = cameAtMs.get(id) ?? Promise.withResolvers<number>()
  cameAtMs.set(id, known)
  return known
}

function textOf (number: number): string { return `${number} ${TEXT}`.slice(0, TEXT_LENGTH) }

function numberOf (text: string): number { return Number.parseInt(text, 10) }

function person (): SkeinNode {
  if (node === undefined) throw new Error('a person is there before they do something')
  return node
}
