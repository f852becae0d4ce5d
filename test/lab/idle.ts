/** What an idle user moves: two relays, nobody to talk to. SKEIN_LAB=all measures for longer. */
import assert from 'node:assert/strict'
import { inTown, pause, type Act, type Scene } from './town.ts'
import type { Kind } from './lab.ts'

const KB_PER_HOUR_MAX = 100
const isLong = process.env['SKEIN_LAB'] === 'all'
/** The keepalive of 13 s must fall into it several times. */
const WINDOW_MS = isLong ? 120_000 : 40_000
/** Identify, reservations, checks of addresses and meetings are over. */
const SETTLE_MS = 8_000

const ALONE: Scene = {
  isShort: true,
  name: `an idle user with places at two relays moves at most ${KB_PER_HOUR_MAX} kB in an hour`,
  play: () => inTown({ users: 'bob' }, async ({ lab, bob }) => {
    await pause(SETTLE_MS)
    const perHour = await kilobytesPerHour(() => lab.bytesOf('b'))
    assert.ok(perHour <= KB_PER_HOUR_MAX, `it was ${perHour} kB/h`)
    return `${perHour.toFixed(0)} kB/h, resident ${(await bob.call('memory')).toFixed(0)} MiB`
  })
}

const BESIDE: readonly Scene[] = [
  connected('a direct connection', { a: 'restricted', b: 'forwarded', path: 'direct' }),
  connected('WebRTC', { a: 'restricted', b: 'restricted', path: 'direct' }),
  connected('a circuit', { a: 'symmetric', b: 'symmetric', path: 'relayed' })
]

export const IDLE: Act = { title: 'what silence costs', scenes: [ALONE, ...BESIDE] }

function connected (what: string, { a, b, path }: { readonly a: Kind, readonly b: Kind, readonly path: 'direct' | 'relayed' }): Scene {
  return {
    name: `with ${what} to a contact besides`,
    play: () => inTown({ a, b }, async ({ lab, ana, bob }) => {
      const there = await bob.call('target')
      await ana.call('echo', there, 100)
      await ana.until('path', [there.peerId], now => now?.type === path)
      await pause(3 * SETTLE_MS)
      return `${(await kilobytesPerHour(() => lab.bytesOf('b'))).toFixed(0)} kB/h, resident ${(await bob.call('memory')).toFixed(0)} MiB`
    })
  }
}

async function kilobytesPerHour (bytes: () => number): Promise<number> {
  const before = bytes()
  await pause(WINDOW_MS)
  return (bytes() - before) / 1000 * 3_600_000 / WINDOW_MS
}
