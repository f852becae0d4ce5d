/**
 * The network in a small internet of namespaces. Scenes mostly wait, so they play at the same time, each in a town of its own: the short
 * ones in a minute; with SKEIN_LAB=all every one, act by act, in some ten minutes.
 */
import { skip } from '../skip.ts'
import { DEAD } from './dead.ts'
import { IDLE } from './idle.ts'
import { whyNot } from './lab.ts'
import { NAT } from './nat.ts'
import { PEOPLE } from './people.ts'
import { RELAYS } from './relays.ts'
import { pause, type Act, type Scene } from './town.ts'
import { HOUSE, WEATHER } from './weather.ts'

const ACTS: readonly Act[] = [IDLE, RELAYS, DEAD, PEOPLE, NAT, WEATHER, HOUSE]
const isLong = process.env['SKEIN_LAB'] === 'all'

/** Four processes that start: not while four others do. */
const STAGGER_MS = 2_000
const AT_ONCE_MAX = 5

describe('in the lab', function () {
  this.timeout(1_800_000)
  const played = new Map<Scene, Promise<string>>()
  const acts = ACTS.map(act => ({ ...act, reason: whyNot() ?? act.whyNot?.(), scenes: act.scenes.filter(scene => isLong || scene.isShort === true) }))

  before(() => { void play(acts.filter(({ reason }) => reason === undefined).flatMap(({ scenes }) => scenes), played) })

  for (const { title, scenes, reason } of acts) {
    describe(title, () => {
      for (const scene of scenes) {
        it(scene.name, async function () {
          if (reason !== undefined) return skip(this, reason)
          while (!played.has(scene)) await pause(STAGGER_MS)
          const measured = await played.get(scene)
          if (measured !== undefined && measured !== '') console.log(`        ${measured}`)
        })
      }
    })
  }
})

/** Begins one scene after the other, as many at once as the machine stands. */
async function play (scenes: readonly Scene[], played: Map<Scene, Promise<string>>): Promise<void> {
  const underWay = new Set<Promise<unknown>>()
  for (const scene of scenes) {
    while (underWay.size >= AT_ONCE_MAX) await Promise.race(underWay)
    const playing = scene.play()
    played.set(scene, playing)
    const over = playing.catch(() => { /* its test says so */ }).finally(() => { underWay.delete(over) })
    underWay.add(over)
    await pause(STAGGER_MS)
  }
}
