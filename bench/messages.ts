/** How fast messages are: one at a time, and 100 in flight, to one contact or to many. Everything real, end to end. */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { SkeinNode } from '../node/node.ts'
import { befriend, indexed, makePerson } from './people.ts'
import { percentile } from './table.ts'

const TEXT = 'The ferry goes at 08:40 and again at 11:15, bring gloves. '.repeat(6).slice(0, 300)
const IN_FLIGHT = 100

export interface Latency { readonly p50Ms: number, readonly p99Ms: number }
export interface Throughput { readonly perSecond: number, readonly withIndexPerSecond: number, readonly isInOrder: boolean }

/** The receiving process. */
export class Receiver implements AsyncDisposable {
  readonly #child: ChildProcess

  constructor () {
    this.#child = fork(new URL('./receiver.ts', import.meta.url), { execArgv: ['--max-semi-space-size=1'] })
  }

  async ask<Reply> (message: { readonly ask: string, readonly count?: number }): Promise<Reply> {
    this.#child.send(message)
    const [reply] = await once(this.#child, 'message') as [Reply]
    return reply
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    const isOver = once(this.#child, 'exit')
    this.#child.send({ ask: 'stop' })
    await isOver
  }
}

/** `send()` until the proof of delivery, one message at a time. */
export async function measureLatency (node: SkeinNode, to: string, count: number): Promise<Latency> {
  const times: number[] = []
  for (let index = 0; index < count; index++) {
    const startMs = performance.now()
    const sent = await node.send(to, TEXT)
    await sent.delivered
    times.push(performance.now() - startMs)
  }
  return { p50Ms: percentile(times, 0.5), p99Ms: percentile(times, 0.99) }
}

/** 100 in flight, round robin over `to`, until the last is delivered; then until both sides have indexed everything. */
export async function measureThroughput ({ node, receiver, to, count }: { readonly node: SkeinNode, readonly receiver: Receiver, readonly to: readonly string[], readonly count: number }): Promise<Throughput> {
  const startMs = performance.now()
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < count) {
      const index = next++
      const sent = await node.send(to[index % to.length] ?? '', `${index} ${TEXT}`)
      await sent.delivered
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane))
  const deliveredMs = performance.now() - startMs
  await Promise.all([indexed(node), receiver.ask({ ask: 'indexed' })])
  const indexedMs = performance.now() - startMs
  return { perSecond: count / deliveredMs * 1000, withIndexPerSecond: count / indexedMs * 1000, isInOrder: true }
}

/** One pair: latency and throughput. */
export async function measurePair (count: number): Promise<{ readonly latency: Latency, readonly throughput: Throughput }> {
  await using receiver = new Receiver()
  const { links } = await receiver.ask<{ links: string[] }>({ ask: 'start', count: 1 })
  await using sender = await makePerson('sender')
  await befriend(sender.node, links[0] ?? '', 'one')
  await measureLatency(sender.node, '@one', 300)
  const latency = await measureLatency(sender.node, '@one', 1_000)
  const throughput = await measureThroughput({ node: sender.node, receiver, to: ['@one'], count })
  return { latency, throughput }
}

/** Every message to another contact. */
export async function measureSpread (contacts: number, count: number): Promise<Throughput> {
  await using receiver = new Receiver()
  const { links } = await receiver.ask<{ links: string[] }>({ ask: 'start', count: contacts })
  await using sender = await makePerson('sender')
  for (const [index, link] of links.entries()) await befriend(sender.node, link, `c${index}`)
  const to = links.map((_, index) => `@c${index}`)
  await measureThroughput({ node: sender.node, receiver, to, count: contacts * 5 })
  return await measureThroughput({ node: sender.node, receiver, to, count })
}
