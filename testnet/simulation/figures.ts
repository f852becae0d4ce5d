/** What one history cost: messages, frames and bytes by protocol, what relays had to do, and what that is for a user and a day. */
import { DEPOSIT_PROTOCOL, DIRECTORY_PROTOCOL } from '../../node/protocols.ts'
import { quantile } from '../scenario/expectation.ts'
import type { Town } from './town.ts'
import type { Flow } from './traffic.ts'

/** Of several relays: nearest ranks. */
export interface Spread { readonly p50: number, readonly p90: number, readonly p99: number, readonly max: number, readonly sum: number }

export interface Figures {
  readonly nodes: number
  readonly messagesPerNetworkSecond: number
  readonly messagesPerWallSecond: number
  /** Resident memory of the whole process, shared out among the nodes. */
  readonly bytesPerNode: number
  readonly protocols: Readonly<Record<string, Flow>>
  readonly relays: {
    /** Envelopes that a relay has taken in, their bytes, those that it keeps in the end, and frames that came to it. */
    readonly deposits: Spread
    readonly depositBytes: Spread
    readonly held: Spread
    readonly frames: Spread
  }
  /** Deposits, their bytes and directory requests at relays, and frames of every kind; scaled to a day. */
  readonly perUserAndDay: { readonly messages: number, readonly deposits: number, readonly depositBytes: number, readonly directoryRequests: number, readonly frames: number, readonly bytes: number }
}

const DAY_MS = 24 * 3_600_000

export function figuresOf ({ traffic, relays, users, net }: Town, { messages, networkMs, wallMs }: { readonly messages: number, readonly networkMs: number, readonly wallMs: number }): Figures {
  const stats = relays.map(({ name, relay }) => {
    const { deposits: { stored, storedBytes }, held } = relay.core.stats()
    return { deposits: stored, depositBytes: storedBytes, held: held.items, frames: [...traffic.to(name).values()].reduce((sum, flow) => sum + flow.frames, 0) }
  })
  const spread = (name: keyof (typeof stats)[number]): Spread => spreadOf(stats.map(each => each[name]))
  const flows = [...traffic.protocols.values()]
  const daily = (count: number): number => count / users.length * DAY_MS / Math.max(1, networkMs)
  return {
    nodes: net.members.length,
    messagesPerNetworkSecond: messages / Math.max(1, networkMs) * 1000,
    messagesPerWallSecond: messages / Math.max(1, wallMs) * 1000,
    bytesPerNode: process.memoryUsage.rss() / net.members.length,
    protocols: Object.fromEntries(traffic.protocols),
    relays: { deposits: spread('deposits'), depositBytes: spread('depositBytes'), held: spread('held'), frames: spread('frames') },
    perUserAndDay: {
      messages: daily(messages),
      deposits: daily(spread('deposits').sum),
      depositBytes: daily(spread('depositBytes').sum),
      directoryRequests: daily((traffic.protocols.get(DIRECTORY_PROTOCOL.id)?.frames ?? 0) / 2),
      frames: daily(flows.reduce((sum, { frames }) => sum + frames, 0)),
      bytes: daily(flows.reduce((sum, { bytes }) => sum + bytes, 0))
    }
  }
}

export function spreadOf (values: readonly number[]): Spread {
  const at = (share: number): number => quantile(values, share) ?? 0
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1), sum: values.reduce((sum, value) => sum + value, 0) }
}

/** For a person. */
export function figureLines ({ nodes, messagesPerNetworkSecond, messagesPerWallSecond, bytesPerNode, protocols, relays, perUserAndDay }: Figures): string[] {
  const whole = (value: number): string => Math.round(value).toLocaleString('en')
  const row = (name: string, { p50, p90, p99, max, sum }: Spread): string => `  ${name.padEnd(16)} p50 ${whole(p50).padStart(9)}  p90 ${whole(p90).padStart(9)}  p99 ${whole(p99).padStart(9)}  most ${whole(max).padStart(9)}  all ${whole(sum).padStart(11)}`
  return [
    `  nodes            ${whole(nodes)}, ${(bytesPerNode / 1024 / 1024).toFixed(1)} MB each`,
    `  messages         ${messagesPerNetworkSecond.toFixed(1)} /s in the network, ${messagesPerWallSecond.toFixed(1)} /s on this machine`,
    `  deposit frames   ${whole(protocols[DEPOSIT_PROTOCOL.id]?.frames ?? 0)}`,
    row('relay: deposits', relays.deposits),
    row('       bytes', relays.depositBytes),
    row('       held', relays.held),
    row('       frames', relays.frames),
    `  user and day     ${whole(perUserAndDay.messages)} messages, ${whole(perUserAndDay.deposits)} deposits of ${whole(perUserAndDay.depositBytes)} bytes, ${whole(perUserAndDay.directoryRequests)} directory requests, ${whole(perUserAndDay.bytes)} bytes in all`
  ]
}
