/** To whom a blob is brought, when again, and what becomes of refusals. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { isStored } from '../../../protocols/deposit/copies.ts'
import { isRefused, planUpload, stepUpload, uploadCopies, uploadDueAtMs, type PutRefusalReason, type UploadEffect, type UploadEvent, type UploadPlan } from '../../../protocols/media/upload-plan.ts'

const DAY_MS = 24 * 3_600_000
const MONTH_MS = 30 * DAY_MS

describe('an upload', () => {
  it('goes to two of the recipient\'s relays at once, and to no third', () => {
    const scene = new Scene(['a', 'b', 'c'], ['own'])
    scene.say({ type: 'due' })
    assert.deepEqual(scene.puts(), ['a', 'b'])
    scene.say(stored('a'), stored('b'))
    assert.deepEqual(scene.puts(), [])
    assert.deepEqual(scene.copies(), { stored: 2, of: 3, enough: 2, keepUntilMs: MONTH_MS })
  })

  it('takes the next one when one refuses, and ours when too few of theirs are left', () => {
    const scene = new Scene(['a', 'b', 'c'], ['own', 'own2'])
    scene.say({ type: 'due' })
    scene.puts()
    scene.say(refused('a', 'tooLarge'))
    assert.deepEqual(scene.puts(), ['c'])
    scene.say(refused('c', 'quota'))
    assert.deepEqual(scene.puts(), ['own'])
    assert.deepEqual(scene.plan.relays.get('a')?.refusal, { reason: 'tooLarge', limitBytes: 7, retryAfterMs: 0 })
  })

  it('begins with ours when the recipient has none, and one is enough when there is no other', () => {
    const scene = new Scene([], ['own'])
    scene.say({ type: 'due' })
    assert.deepEqual(scene.puts(), ['own'])
    scene.say(stored('own'))
    assert.equal(isStored(scene.copies()), true)
  })

  it('tries again after a lost line, ever later; and at once when there is reason to', () => {
    const scene = new Scene(['a', 'b'])
    scene.say({ type: 'due' })
    scene.say({ type: 'closed', relay: 'a' })
    scene.puts()
    assert.equal(scene.nextMs(), 1_000)
    scene.say({ type: 'hint' })
    assert.deepEqual(scene.puts(), ['a'])
  })

  it('tries again at once, as after the first failure, when something has come meanwhile', () => {
    const scene = new Scene(['a'])
    for (let count = 0; count < 6; count++) {
      scene.say({ type: 'due' }, { type: 'progress', relay: 'a' }, { type: 'closed', relay: 'a' })
      assert.equal(scene.nextMs() - scene.nowMs, 1_000)
      scene.nowMs = scene.nextMs()
    }
  })

  it('gives a relay up that says nothing for 30 s, not one that takes a little', () => {
    const scene = new Scene(['a', 'b'])
    scene.say({ type: 'due' })
    scene.nowMs = 20_000
    scene.say({ type: 'moved', relay: 'b' })
    scene.nowMs = 30_000
    scene.effects.length = 0
    scene.say({ type: 'due' })
    assert.deepEqual(scene.effects, [{ type: 'close', relay: 'a' }])
  })

  it('is refused when everybody refuses for good, and not while one may take it later', () => {
    const scene = new Scene(['a', 'b'])
    scene.say({ type: 'due' }, refused('a', 'notOffered'), refused('b', 'capacity'))
    assert.equal(isRefused(scene.plan), false)
    scene.nowMs = scene.nextMs()
    scene.say({ type: 'due' }, refused('b', 'tooLarge'))
    assert.equal(isRefused(scene.plan), true)
    assert.equal(uploadDueAtMs(scene.plan, scene.nowMs), undefined)
    assert.equal(isRefused(planUpload([])), true)
  })

  it('is brought again before its time is over, without counting less meanwhile', () => {
    const scene = new Scene(['a', 'b'])
    scene.say({ type: 'due' }, stored('a'), stored('b'))
    scene.puts()
    assert.equal(scene.nextMs(), MONTH_MS - DAY_MS)
    scene.nowMs = MONTH_MS - DAY_MS
    scene.say({ type: 'due' })
    assert.deepEqual(scene.puts(), ['a', 'b'])
    assert.equal(scene.copies().stored, 2)
    scene.say({ type: 'closed', relay: 'a' })
    assert.deepEqual(scene.puts(), [])
    assert.equal(scene.copies().stored, 2)
    scene.nowMs += DAY_MS / 2
    scene.say({ type: 'due' })
    assert.deepEqual(scene.puts(), ['a'])
  })

  it('believes no relay that signs for what is over', () => {
    const scene = new Scene(['a'])
    scene.nowMs = 5
    scene.say({ type: 'due' }, { type: 'stored', relay: 'a', keepUntilMs: 5 })
    assert.equal(scene.copies().stored, 0)
    assert.equal(isRefused(scene.plan), true)
  })
})

describe('an upload to any relays', () => {
  it('has two copies as soon as two relays take it, never fewer streams than missing copies allow, and always something to wait for', () => {
    const kind = fc.constantFrom<Kind>('takes', 'refuses', 'full', 'gone', 'silent', 'flaky')
    fc.assert(fc.property(fc.array(kind, { maxLength: 5 }), fc.array(kind, { maxLength: 3 }), fc.infiniteStream(fc.nat({ max: 999 })), (theirs, ours, chance) => {
      const kinds = new Map<string, Kind>([...theirs.map((kind, index) => [`t${index}`, kind] as const), ...ours.map((kind, index) => [`o${index}`, kind] as const)])
      const scene = new Scene([...kinds.keys()].filter(name => name.startsWith('t')), [...kinds.keys()].filter(name => name.startsWith('o')))
      const takers = [...kinds.values()].filter(kind => kind === 'takes' || kind === 'flaky').length
      const able = [...kinds.values()].filter(kind => kind !== 'refuses').length
      scene.say({ type: 'due' })
      const isDone = (): boolean => takers > 0 && scene.copies().stored >= Math.min(2, takers)
      for (let round = 0; round < (takers === 0 ? 20 : 400) && !isDone(); round++) {
        const puts = scene.puts()
        assert.ok([...scene.plan.relays.values()].filter(({ putting }) => putting !== undefined).length <= 2)
        for (const name of puts) scene.say(...answer(name, kinds.get(name) ?? 'gone', () => Number(chance.next().value)))
        if (scene.puts({ isKept: true }).length > 0) continue
        const dueAtMs = uploadDueAtMs(scene.plan, scene.nowMs)
        if (dueAtMs === undefined) break
        scene.nowMs = Math.max(scene.nowMs, dueAtMs)
        scene.say({ type: 'due' })
      }
      assert.ok(scene.copies().stored >= Math.min(2, takers), `${scene.copies().stored} of ${takers}`)
      if (able === 0) assert.equal(isRefused(scene.plan), true)
    }), { numRuns: 300 })
  })
})

type Kind = 'takes' | 'refuses' | 'full' | 'gone' | 'silent' | 'flaky'

function answer (relay: string, kind: Kind, chance: () => number): UploadEvent[] {
  switch (kind) {
    case 'takes': return [{ type: 'promised', relay, keepUntilMs: MONTH_MS * 10 }, { type: 'moved', relay }, { type: 'stored', relay, keepUntilMs: MONTH_MS * 10 }]
    case 'refuses': return [refused(relay, 'tooLarge')]
    case 'full': return [refused(relay, 'capacity')]
    case 'gone': return [{ type: 'closed', relay }]
    case 'silent': return []
    case 'flaky': return chance() < 500 ? [{ type: 'closed', relay }] : answer(relay, 'takes', chance)
  }
}

class Scene {
  plan: UploadPlan
  nowMs = 0
  readonly effects: UploadEffect[] = []

  constructor (theirs: readonly string[], ours: readonly string[] = []) {
    this.plan = planUpload([...ours.map(relay => ({ relay, isOwn: true })), ...theirs.map(relay => ({ relay, isOwn: false }))])
  }

  say (...events: readonly UploadEvent[]): void {
    for (const event of events) {
      const { next, effects } = stepUpload(this.plan, event, { nowMs: this.nowMs, fraction: 0.5 })
      this.plan = next
      this.effects.push(...effects)
    }
  }

  /** To whom it was put since the last time. */
  puts ({ isKept = false } = {}): string[] {
    const effects = isKept ? this.effects : this.effects.splice(0)
    return effects.filter(({ type }) => type === 'put').map(({ relay }) => relay)
  }

  copies (): ReturnType<typeof uploadCopies> { return uploadCopies(this.plan, this.nowMs) }

  nextMs (): number { return uploadDueAtMs(this.plan, this.nowMs) ?? -1 }
}

function stored (relay: string): UploadEvent { return { type: 'stored', relay, keepUntilMs: MONTH_MS } }

function refused (relay: string, reason: PutRefusalReason): UploadEvent {
  return { type: 'refused', relay, refusal: { reason, limitBytes: 7, retryAfterMs: 0 } }
}
