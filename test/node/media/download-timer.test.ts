/** Timers that ring early, as those of systems do: nothing that is due is forgotten for it. */
import assert from 'node:assert/strict'
import { Download } from '../../../node/media/download.ts'
import type { Clock, Network } from '../../../node/ports.ts'
import { UnreachableError } from '../../../protocols/core/errors.ts'
import { blobRoot } from '../../../protocols/media/root.ts'
import type { Channel, ChannelEnd } from '../../../node/ports.ts'

describe('a download whose timers ring a moment early, while time goes on between two looks at the clock', () => {
  it('comes back to a holder that has broken off, and ends', async () => {
    const { clock, turn } = earlyClock()
    const sink = { leafCount: 1, have: new Uint8Array(1), hasTree: true, treeReader: () => ({ take: () => Promise.resolve(true) }), write: () => Promise.resolve(), close: () => Promise.resolve() }
    const network = { openChannel: () => Promise.resolve(brokenChannel()) } as unknown as Network
    const download = new Download({
      network,
      clock,
      random: { bytes: length => new Uint8Array(length), fraction: () => 0.5 },
      root: blobRoot(Uint8Array.of(1, 0x55, 0x12, 32, ...new Uint8Array(32))),
      readKey: new Uint8Array(32),
      blobBytes: 5,
      sink,
      holders: [{ peerId: 'holder', addresses: [] }],
      onProgress: () => {}
    })
    const ended = download.run()
    for (let round = 0; round < 100; round++) await turn()
    assert.deepEqual(await ended, { type: 'failed', code: 'TIMEOUT', isMissed: false })
  })
})

/** Each look at it takes 0.1 ms, and each timer rings 0.05 ms before its time. */
function earlyClock (): { readonly clock: Clock, readonly turn: () => Promise<void> } {
  let nowMs = 0
  const timers = new Set<{ readonly atMs: number, readonly fire: () => void }>()
  const look = (): number => (nowMs += 0.1)
  const clock: Clock = {
    now: look,
    monotonic: look,
    timer: (delayMs, fire) => {
      const timer = { atMs: nowMs + delayMs - 0.05, fire }
      timers.add(timer)
      return { cancel: () => { timers.delete(timer) } }
    },
    soon: run => { queueMicrotask(run) }
  }
  return {
    clock,
    turn: async () => {
      for (let count = 0; count < 10; count++) await new Promise<void>(resolve => { setImmediate(resolve) })
      const [first] = [...timers].sort((left, right) => left.atMs - right.atMs)
      if (first === undefined) return
      timers.delete(first)
      nowMs = Math.max(nowMs, first.atMs) - 0.1
      first.fire()
    }
  }
}

function brokenChannel (): Channel {
  return { peerId: 'holder', isRelayed: false, movedBytes: 0, send: () => Promise.reject(new UnreachableError('gone')), close: () => {}, closed: Promise.resolve<ChannelEnd>('reset') }
}
