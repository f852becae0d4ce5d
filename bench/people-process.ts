/** A child process with people in it: one who sends, or many who take whatever comes. */
import type { SkeinNode } from '../node/node.ts'
import { answerCalls, usage, wallMs } from './answering.ts'
import { befriend, indexed, makePerson, settled, useRelays, type Person, type PersonOptions } from './people.ts'
import { startProfiler, type Profiler } from './profiling.ts'

/** 300 characters with its number: a few sentences. */
const TEXT_LENGTH = 300
const TEXT = 'The ferry goes at 08:40 and again at 11:15, bring gloves. '.repeat(6)
/** Contacts that are made at the same time. */
const BEFRIENDED_AT_ONCE = 8
const PAGE = 1_000

const people: Person[] = []
const contacts: string[] = []
/** For each contact the numbers that were sent to it, in that order. */
const sent: number[][] = []
let sentCount = 0
let profiler: Profiler | undefined

const calls = {
  /** Makes people; says their invite links. */
  start: async ({ count, ...options }: PersonOptions & { readonly count: number }) => {
    for (let index = 0; index < count; index++) people.push(await makePerson(`person ${index}`, options))
    return { links: await Promise.all(people.map(({ node }) => node.invite())) }
  },
  useRelays: async ({ addresses }: { readonly addresses: readonly string[] }) => {
    for (const { node } of people) await useRelays(node, addresses)
  },
  befriend: async ({ links }: { readonly links: readonly string[] }) => {
    for (let start = 0; start < links.length; start += BEFRIENDED_AT_ONCE) {
      await Promise.all(links.slice(start, start + BEFRIENDED_AT_ONCE).map(async (link, offset) => {
        await befriend(first(), link, `c${start + offset}`)
      }))
    }
    for (const index of links.keys()) {
      contacts.push(`@c${index}`)
      sent.push([])
    }
  },
  /** `send()` until the proof of delivery, one at a time: milliseconds of each. */
  times: async ({ count }: { readonly count: number }) => {
    const times = []
    for (let index = 0; index < count; index++) {
      const startMs = performance.now()
      await deliver()
      times.push(performance.now() - startMs)
    }
    return times
  },
  /** To all contacts in turn, so many in flight, until the last is delivered. */
  send: async ({ count, inFlight }: { readonly count: number, readonly inFlight: number }) => {
    const startAtMs = wallMs()
    let begun = 0
    const lane = async (): Promise<void> => {
      while (begun < count) {
        begun += 1
        await deliver()
      }
    }
    await Promise.all(Array.from({ length: inFlight }, lane))
    return { startAtMs, deliveredAtMs: wallMs() }
  },
  /** Messages that are not in the search index yet, at most of one person. */
  behind: async () => {
    const all = await Promise.all(people.map(({ node }) => node.status()))
    return { count: Math.max(...all.map(({ search }) => search.behind)) }
  },
  /** Says when everything was in the search index. */
  indexed: async () => {
    for (const { node } of people) await indexed(node)
    return { atMs: wallMs() }
  },
  /** Nothing waits for anybody any more. */
  settled: async () => {
    for (const { node } of people) await settled(node)
  },
  connections: async () => {
    const all = await Promise.all(people.map(({ node }) => node.status()))
    return { count: all.reduce((sum, { connections }) => sum + connections, 0) }
  },
  sent: () => ({ numbers: sent }),
  /** What each person has received, in the order in which it is shown. */
  received: async () => ({ numbers: await Promise.all(people.map(({ node }) => numbersOf(node))) }),
  usage,
  startProfile: async () => { profiler = await startProfiler() },
  stopProfile: async ({ path }: { readonly path: string }) => { await profiler?.stop(path) }
}

export type PeopleCalls = typeof calls

answerCalls(calls, async () => {
  await Promise.all(people.map(person => person[Symbol.asyncDispose]()))
})

async function deliver (): Promise<void> {
  const number = sentCount++
  const index = number % contacts.length
  sent[index]?.push(number)
  const message = await first().send(contacts[index] ?? '', `${number} ${TEXT}`.slice(0, TEXT_LENGTH))
  await message.delivered
}

function first (): SkeinNode {
  const [person] = people
  if (person === undefined) throw new Error('people are made before they do something')
  return person.node
}

/** The whole conversation with the only contact, a page at a time from the newest. */
async function numbersOf (node: SkeinNode): Promise<number[]> {
  const [contact] = await node.contacts.list()
  const pages: number[][] = []
  for (let before: string | undefined, hasMore = contact !== undefined; hasMore;) {
    const page = await node.call('read', { with: contact?.account ?? '', limit: PAGE, ...before === undefined ? {} : { before } })
    pages.unshift(page.messages.map(({ text }) => Number.parseInt(text, 10)).filter(number => !Number.isNaN(number)))
    before = page.messages[0]?.id
    hasMore = page.hasMore
  }
  return pages.flat()
}
