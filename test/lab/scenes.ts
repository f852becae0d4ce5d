/** Scenes in the lab mostly wait: those of one file play at the same time, each in a town of its own. */
import { generateNetworkKey } from '../../node/net/identity.ts'
import type { PeerTarget } from '../../node/ports.ts'
import { skip } from '../skip.ts'
import { Lab, whyNot, type Kind, type Weather } from './lab.ts'
import type { LabPeer, PeerSpec } from './lab-peer.ts'

export interface Scene {
  readonly name: string
  /** Returns what was measured, for the report. */
  readonly play: () => Promise<string>
}

/** Eight processes that start at once would measure each other. */
const STAGGER_MS = 1_500

/** @param whyNotHere a reason besides the lab's own */
export function describeScenes (title: string, scenes: readonly Scene[], whyNotHere: () => string | undefined = () => undefined): void {
  describe(title, function () {
    this.timeout(600_000)
    let played: ReadonlyArray<PromiseSettledResult<string>> = []

    before(async function () {
      const reason = whyNot() ?? whyNotHere()
      if (reason !== undefined) return skip(this, reason)
      played = await Promise.allSettled(scenes.map(async ({ play }, index) => {
        await pause(index * STAGGER_MS)
        return await play()
      }))
    })

    for (const [index, { name }] of scenes.entries()) {
      it(name, () => {
        const result = played[index]
        if (result?.status === 'rejected') throw result.reason
        if (result !== undefined && result.value !== '') console.log(`      ${result.value}`)
      })
    }
  })
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

export async function pause (ms: number): Promise<void> { await new Promise<void>(resolve => { setTimeout(resolve, ms) }) }
