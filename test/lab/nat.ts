/** Which path two users get, for each pair of routers that they may have. */
import assert from 'node:assert/strict'
import type { Kind } from './lab.ts'
import { known } from './people.ts'
import { inTown, patience, pause, type Act } from './town.ts'

const KINDS: readonly Kind[] = ['none', 'forwarded', 'cone', 'restricted', 'symmetric']
/** Met half way, and dialled back. */
const SHORT = ['restricted and restricted', 'forwarded and restricted']
const PAIRS = KINDS.flatMap((a, index) => KINDS.slice(index).map(b => [a, b] as const))

/** Longer than all attempts at a direct connection together. */
const NO_WAY_MS = 22_000

export const NAT: Act = {
  title: 'two users behind routers',
  scenes: [
    ...PAIRS.map(([a, b]) => ({
      isShort: SHORT.includes(`${a} and ${b}`),
      name: `${a} and ${b}: ${isDirectPossible(a, b) ? 'talk at once, and then directly' : 'talk through a relay, and go on so'}`,
      play: () => inTown({ a, b }, async ({ ana, bob }) => {
        const there = await bob.call('target')
        const firstMs = await ana.call('echo', there, 10_000)
        assert.ok(firstMs < 5_000 * patience(), `the first answer took ${firstMs} ms`)
        if (!isDirectPossible(a, b)) {
          await pause(NO_WAY_MS)
          assert.equal((await ana.call('path', there.peerId))?.type, 'relayed')
          await ana.call('echo', there, 10_000)
          return `first answer after ${firstMs.toFixed(0)} ms`
        }
        const directMs = await ana.until('path', [there.peerId], path => path?.type === 'direct')
        await ana.call('echo', there, 10_000)
        return `first answer after ${firstMs.toFixed(0)} ms, direct after ${(directMs / 1000).toFixed(1)} s`
      })
    })),
    {
      isShort: true,
      name: 'learn what kind of router they have, and who can reach them',
      play: () => inTown({ a: 'symmetric', b: 'forwarded' }, async ({ ana, bob }) => {
        const [atAna, atBob] = [await known(async () => await ana.call('survey')), await known(async () => await bob.call('survey'))]
        assert.deepEqual([atAna.router, atAna.seenAs, atAna.checked], ['changing', '11.0.0.101', [{ address: '/ip4/11.0.0.101/tcp/4100', result: 'unreachable' }]])
        assert.deepEqual([atBob.router, atBob.seenAs, atBob.checked], ['steady', '11.0.0.102', [{ address: '/ip4/11.0.0.102/tcp/4100', result: 'reachable' }]])
        // Nobody announced it: it was found.
        assert.equal((await bob.call('addresses'))[0], '/ip4/11.0.0.102/tcp/4100')
        return ''
      })
    }
  ]
}

/** Someone can be dialled, or both routers let themselves be crossed: a symmetric one only towards whoever takes any remote. */
function isDirectPossible (a: Kind, b: Kind): boolean {
  const kinds = [a, b]
  if (kinds.some(kind => kind === 'none' || kind === 'forwarded')) return true
  return !kinds.includes('symmetric') || kinds.includes('cone')
}
