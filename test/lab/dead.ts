/** A peer behind a router through which nothing comes any more: noticed within 10 s when something is said, within 30 s when not. */
import assert from 'node:assert/strict'
import { inTown, patience, pause, type Act, type Scene } from './town.ts'
import type { Kind } from './lab.ts'

const TALKING_MS = 10_000
const SILENT_MS = 30_000
const EVERY_MS = 500
/** Meetings are over, and only what stays is there. */
const SETTLE_MS = 8_000

export const DEAD: Act = {
  title: 'a peer that is cut off without a word is noticed',
  scenes: [
    scene('on a direct connection', { a: 'restricted', b: 'forwarded', path: 'direct' }),
    scene('on a circuit', { a: 'symmetric', b: 'symmetric', path: 'relayed' }),
    scene('on WebRTC', { a: 'restricted', b: 'restricted', path: 'direct' })
  ].flat()
}

function scene (where: string, { a, b, path }: { readonly a: Kind, readonly b: Kind, readonly path: 'direct' | 'relayed' }): Scene[] {
  const play = (everyMs: number | undefined, withinMs: number) => () => inTown({ a, b }, async ({ lab, ana, bob }) => {
    const there = await bob.call('target')
    await ana.call('echo', there, 100)
    await ana.until('path', [there.peerId], now => now?.type === path)
    await pause(SETTLE_MS)
    await ana.call('talk', there, everyMs)
    await pause(everyMs === undefined ? SETTLE_MS : 2 * EVERY_MS)
    lab.blackHole('b')
    const begin = Date.now()
    const { end, atMs } = await ana.call('talkEnded')
    assert.ok(atMs - begin < withinMs * patience(), `it took ${atMs - begin} ms`)
    return `after ${((atMs - begin) / 1000).toFixed(1)} s (${end})`
  })
  return [
    { isShort: path === 'relayed', name: `${where}, within ${TALKING_MS / 1000} s while something is said`, play: play(EVERY_MS, TALKING_MS) },
    { isShort: b === 'forwarded', name: `${where}, within ${SILENT_MS / 1000} s in silence`, play: play(undefined, SILENT_MS) }
  ]
}
