import assert from 'node:assert/strict'
import { UnreachableError } from '../../../protocols/core/errors.ts'
import { RETRY_DELAY_MS_MAX } from '../../../protocols/core/limits.ts'
import { Errands } from '../../../node/loops/errands.ts'
import { World, START_MS } from '../../../testnet/simulation/world.ts'

interface Held { readonly world: World, readonly errands: Errands }

function errandsIn (world = new World(1)): Held {
  return { world, errands: new Errands({ clock: world.clock(() => true, () => 0), random: { bytes: length => new Uint8Array(length), fraction: () => 0.5 } }) }
}

/** Work that fails until it may succeed, and notes when it was tried. */
class Work {
  readonly triedAtMs: number[] = []
  isPossible = false
  readonly #world: World

  constructor (world: World) { this.#world = world }

  run = async (): Promise<void> => {
    this.triedAtMs.push(Math.round(this.#world.nowMs - START_MS))
    await Promise.resolve()
    if (!this.isPossible) throw new UnreachableError('nobody answers')
  }
}

describe('errands', () => {
  it('are done once, at once', async () => {
    const { world, errands } = errandsIn()
    const work = new Work(world)
    work.isPossible = true
    errands.begin('a', work.run)
    await world.advance(3_600_000)
    assert.deepEqual(work.triedAtMs, [0])
  })

  it('are tried again after 1 s, 2 s, 4 s … and for ever, five minutes apart', async () => {
    const { world, errands } = errandsIn()
    const work = new Work(world)
    errands.begin('a', work.run)
    await world.advance(3_600_000)
    const pauses = work.triedAtMs.map((atMs, index) => atMs - (work.triedAtMs[index - 1] ?? 0)).slice(1)
    assert.deepEqual(pauses.slice(0, 9), [1, 2, 4, 8, 16, 32, 64, 128, 256].map(seconds => seconds * 1000))
    assert.deepEqual([...new Set(pauses.slice(9))], [RETRY_DELAY_MS_MAX])
  })

  it('tell each failure', async () => {
    const { world, errands } = errandsIn()
    const failures: string[] = []
    errands.begin('a', new Work(world).run, error => failures.push(error.message))
    await world.advance(1_500)
    assert.deepEqual(failures, ['nobody answers', 'nobody answers'])
  })

  it('of one name run once at a time, and may be begun again afterwards', async () => {
    const { world, errands } = errandsIn()
    const work = new Work(world)
    errands.begin('a', work.run)
    errands.begin('a', work.run)
    await world.advance(500)
    errands.begin('a', work.run)
    assert.equal(work.triedAtMs.length, 1)
    work.isPossible = true
    await world.advance(1_000)
    errands.begin('a', work.run)
    await world.advance(1)
    assert.equal(work.triedAtMs.length, 3)
  })

  it('are tried at once when there is hope, and with short pauses again', async () => {
    const { world, errands } = errandsIn()
    const work = new Work(world)
    errands.begin('a', work.run)
    await world.advance(20_000)
    const before = work.triedAtMs.length
    errands.hint('a')
    await world.advance(1_100)
    assert.deepEqual(work.triedAtMs.slice(before), [20_000, 21_000])
  })

  it('are tried once more when hope comes while they are under way', async () => {
    const { world, errands } = errandsIn()
    const first = Promise.withResolvers<undefined>()
    let tries = 0
    errands.begin('a', async () => {
      tries += 1
      if (tries === 1) await first.promise
    })
    await world.advance(1)
    errands.hint('a')
    first.reject(new UnreachableError('the connection ended'))
    await world.advance(10)
    assert.equal(tries, 2)
  })

  it('need no hope when there is nothing to do', () => {
    const { errands } = errandsIn()
    errands.hint('nothing')
    errands.hintAll()
  })

  it('wait for each other: sixteen at a time', async () => {
    const { world, errands } = errandsIn()
    const door = Promise.withResolvers<undefined>()
    let running = 0
    let most = 0
    for (let index = 0; index < 40; index++) {
      errands.begin(`errand ${index}`, async () => {
        running += 1
        most = Math.max(most, running)
        await door.promise
        running -= 1
      })
    }
    await world.advance(1)
    assert.deepEqual([running, most], [16, 16])
    door.resolve(undefined)
    await world.advance(1)
    assert.deepEqual([running, most], [0, 16])
  })

  it('all have hope when the network is another one', async () => {
    const { world, errands } = errandsIn()
    const works = [new Work(world), new Work(world)]
    works.forEach((work, index) => errands.begin(`${index}`, work.run))
    await world.advance(60_000)
    const before = works.map(work => work.triedAtMs.length)
    errands.hintAll()
    await world.advance(10)
    assert.deepEqual(works.map((work, index) => work.triedAtMs.length - (before[index] ?? 0)), [1, 1])
  })

  it('end when the node does', async () => {
    const { world, errands } = errandsIn()
    const work = new Work(world)
    errands.begin('a', work.run)
    await world.advance(10)
    errands.stop()
    errands.begin('b', work.run)
    errands.hint('a')
    await world.advance(3_600_000)
    assert.equal(work.triedAtMs.length, 1)
  })
})
