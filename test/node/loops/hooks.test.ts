import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HookRunner } from '../../../node/loops/hooks.ts'
import { eventOperations } from '../../../node/operations/events.ts'
import { hookOperations, HOOKS_CURSOR } from '../../../node/operations/hooks.ts'
import { Views } from '../../../node/operations/views.ts'
import type { Clock } from '../../../node/ports.ts'
import { realClock } from '../../../node/world.ts'
import { StorageError } from '../../../protocols/core/errors.ts'
import { Ether, SimNetwork } from '../../sim/network.ts'
import { SeededRandom } from '../../sim/random.ts'
import { Engine } from '../engine.ts'

/** Commands run for real; what is waited for is that their event is acknowledged. */
class Scene {
  readonly ana = new Engine('ana')
  readonly bob = this.ana.add(new Engine('bob', this.ana.world))
  readonly folder: string
  readonly hooks = hookOperations({ reader: this.ana.store.read, turn: this.ana.turn })
  readonly runner: HookRunner
  #acknowledged = 0
  #onAcknowledged: () => void = () => {}

  constructor (folder: string, clock: Clock) {
    this.folder = folder
    const { store, turn, feed, account, directory } = this.ana
    const network = new SimNetwork(new Ether(this.ana.world, new SeededRandom(1, 'ether')), 'ana', '/sim/ana')
    const events = eventOperations({ reader: store.read, turn, feed, clock, views: new Views({ reader: store.read, network, account, directory, clock, transfer: () => undefined }) })
    this.runner = new HookRunner({
      reader: store.read,
      feed,
      clock,
      home: folder,
      events: {
        ...events,
        'events.acknowledge': async params => {
          const result = await events['events.acknowledge'](params)
          this.#acknowledged += 1
          this.#onAcknowledged()
          return result
        }
      }
    })
  }

  async acknowledged (count: number): Promise<void> {
    while (this.#acknowledged < count) await new Promise<void>(resolve => { this.#onAcknowledged = resolve })
  }

  /** Appends what a command says to a file, and reads it. */
  command (words: string): string { return `(${words}) >> "${join(this.folder, 'out')}"` }
  async said (): Promise<string[]> { return (await readFile(join(this.folder, 'out'), 'utf8')).split('\n').filter(line => line !== '') }
}

describe('hooks', () => {
  let folder = ''
  const scenes: Scene[] = []
  const newScene = (clock: Clock = realClock): Scene => {
    const scene = new Scene(folder, clock)
    scenes.push(scene)
    return scene
  }
  beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'skein-hooks-')) })
  afterEach(async () => {
    for (const { runner, ana } of scenes.splice(0)) {
      runner.stop()
      ana.store.close()
    }
    await rm(folder, { recursive: true })
  })

  it('run with the event on their standard input, and its kind and the home in their environment', async () => {
    const scene = newScene()
    await scene.hooks['hook.add']({ event: 'message.state', command: scene.command('cat; echo "$SKEIN_EVENT $SKEIN_HOME"') })
    scene.runner.start()
    await scene.ana.send(scene.bob, 'hello')
    await scene.acknowledged(1)
    const [event, environment] = await scene.said()
    assert.equal((JSON.parse(event ?? '') as { message: { text: string } }).message.text, 'hello')
    assert.equal(environment, `message.state ${folder}`)
  })

  it('run for their kind of event only, or for all', async () => {
    const scene = newScene()
    await scene.hooks['hook.add']({ event: 'request.received', command: scene.command('echo request') })
    await scene.hooks['hook.add']({ event: '*', command: scene.command('echo any') })
    scene.runner.start()
    await scene.ana.send(scene.bob, 'hello')
    await scene.acknowledged(1)
    assert.deepEqual(await scene.said(), ['any'])
  })

  it('run one at a time, in the order of what happened', async () => {
    const scene = newScene()
    await scene.hooks['hook.add']({ event: '*', command: scene.command('sed -E "s/.*text\\":\\"([a-z]+)\\".*/\\1/"') })
    scene.runner.start()
    for (const text of ['one', 'two', 'three']) await scene.ana.send(scene.bob, text)
    await scene.acknowledged(3)
    assert.deepEqual(await scene.said(), ['one', 'two', 'three'])
  })

  it('see what happens from now on, not what happened before the first was added', async () => {
    const scene = newScene()
    await scene.ana.send(scene.bob, 'before')
    await scene.hooks['hook.add']({ event: '*', command: scene.command('cat') })
    scene.runner.start()
    await scene.ana.send(scene.bob, 'after')
    await scene.acknowledged(1)
    assert.match((await scene.said()).join(), /after/)
    assert.doesNotMatch((await scene.said()).join(), /before/)
  })

  it('that fail, do not exist or do not read are no fault: the next event comes', async () => {
    const scene = newScene()
    for (const command of ['exit 3', 'no-such-program', 'exec <&-']) await scene.hooks['hook.add']({ event: '*', command })
    await scene.hooks['hook.add']({ event: '*', command: scene.command('echo here') })
    scene.runner.start()
    await scene.ana.send(scene.bob, 'one')
    await scene.ana.send(scene.bob, 'two')
    await scene.acknowledged(2)
    assert.deepEqual(await scene.said(), ['here', 'here'])
  })

  it('that never end are killed', async () => {
    const delays: number[] = []
    const timer: Clock['timer'] = (delayMs, fire) => {
      delays.push(delayMs)
      return realClock.timer(50, fire)
    }
    const scene = newScene({ ...realClock, timer })
    await scene.hooks['hook.add']({ event: '*', command: 'exec sleep 600' })
    scene.runner.start()
    await scene.ana.send(scene.bob, 'one')
    const alive = setInterval(() => { /* the clock's timers let the process end, and this test must not */ }, 1_000)
    await scene.acknowledged(1)
    clearInterval(alive)
    assert.deepEqual(delays, [30_000])
  })

  it('see an event again when the node died before it was dealt with', async () => {
    const scene = newScene()
    await scene.hooks['hook.add']({ event: '*', command: scene.command('echo here') })
    const before = scene.ana.store.read.cursors.get(HOOKS_CURSOR)
    await scene.ana.send(scene.bob, 'one')
    assert.deepEqual(scene.ana.store.read.cursors.get(HOOKS_CURSOR), before)
    scene.runner.start()
    await scene.acknowledged(1)
    assert.notDeepEqual(scene.ana.store.read.cursors.get(HOOKS_CURSOR), before)
    assert.deepEqual(await scene.said(), ['here'])
  })

  it('go on with the next event when the disk did not take the last one’s mark', async () => {
    const scene = newScene()
    await scene.hooks['hook.add']({ event: '*', command: scene.command('echo here') })
    await scene.ana.send(scene.bob, 'one')
    scene.ana.store.fault = new StorageError('the disk is full')
    const failed = new Promise<void>(resolve => { scene.ana.told.storage.push = () => { resolve(); return 0 } })
    scene.runner.start()
    await failed
    scene.ana.store.fault = undefined
    await scene.ana.send(scene.bob, 'two')
    await scene.acknowledged(2)
    assert.deepEqual(await scene.said(), ['here', 'here', 'here'], 'at least once')
  })
})
