/** A town in the lab: two relays, Ana, Bob, and what scenes in it have in common. */
import { availableParallelism, loadavg } from 'node:os'
import { generateNetworkKey } from '../../node/net/identity.ts'
import type { PeerTarget } from '../../node/ports.ts'
import { Lab, type Kind, type Weather } from './lab.ts'
import type { LabPeer, PeerSpec } from './lab-peer.ts'

export interface Scene {
  readonly name: string
  /** Played always; the others with SKEIN_LAB=all. */
  readonly isShort?: boolean
  /** Returns what was measured, for the report. */
  readonly play: () => Promise<string>
}

/** Scenes about one thing. */
export interface Act {
  readonly title: string
  readonly scenes: readonly Scene[]
  /** A reason why they cannot be played here, besides the lab's own. */
  readonly whyNot?: () => string | undefined
}

export interface Town {
  readonly lab: Lab
  readonly relays: readonly [LabPeer, LabPeer]
  readonly ana: LabPeer
  readonly bob: LabPeer
  /** Starts the first relay again, as the same. */
  readonly restart: () => Promise<void>
}

export interface TownPlan {
  readonly a?: Kind
  readonly b?: Kind
  readonly weather?: Weather
  readonly spec?: PeerSpec
  /** Who has places at the relays: both, unless said otherwise. */
  readonly users?: 'both' | 'bob'
}

/** A town with two relays, Ana and Bob, for the time of `play`. */
export async function inTown<Result> ({ a = 'restricted', b = 'restricted', weather, spec = {}, users = 'both' }: TownPlan, play: (town: Town) => Promise<Result>): Promise<Result> {
  const lab = await Lab.up({ a, b, ...weather !== undefined && { weather } })
  try {
    const networkKey = Buffer.from(generateNetworkKey()).toString('base64')
    const [first, second, ana, bob] = await Promise.all([lab.start('r1', { networkKey }), lab.start('r2'), lab.start('a', spec), lab.start('b', spec)])
    const relays = [first, second] as const
    const targets = await Promise.all(relays.map(relay => relay.call('target')))
    for (const user of users === 'both' ? [ana, bob] : [bob]) {
      await user.call('useRelays', targets)
      await isReserved(user)
      // What a relay can dial is known, and told to whom it concerns.
      await user.call('survey')
    }
    return await play({ lab, relays, ana, bob, restart: async () => { await lab.start('r1', { networkKey }) } })
  } finally {
    await lab.down()
  }
}

/** Waits until a user has a place at both relays. */
export async function isReserved (user: LabPeer): Promise<void> {
  await user.until('relays', [], standings => standings.every(({ state }) => state === 'reserved'))
}

/** Waits until `caller` reaches `user` through each of the user's relays. Returns milliseconds. */
export async function isReachable (user: LabPeer, caller: LabPeer): Promise<number> {
  const begin = performance.now()
  const { peerId, addresses } = await user.call('target')
  for (const address of addresses) {
    while (!await isHeard(caller, { peerId, addresses: [address] })) await pause(100)
  }
  return performance.now() - begin
}

async function isHeard (caller: LabPeer, target: PeerTarget): Promise<boolean> {
  try {
    await caller.call('echo', target, 100)
    return true
  } catch {
    return false
  } finally {
    await caller.call('disconnectAll')
  }
}

/**
 * How much longer than promised something may take here and now: promises are made for a machine that has time for its nodes. 1 when
 * no more wants to run than there are cores, up to 4.
 */
export function patience (): number {
  const [load = 0] = loadavg()
  return Math.min(4, Math.max(1, load / availableParallelism()))
}

export async function pause (ms: number): Promise<void> { await new Promise<void>(resolve => { setTimeout(resolve, ms) }) }
