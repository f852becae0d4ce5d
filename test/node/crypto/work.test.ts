import assert from 'node:assert/strict'
import fc from 'fast-check'
import { InvariantError } from '../../../protocols/core/invariant.ts'
import type { Sealed } from '../../../node/ports.ts'
import { altered } from './altered.ts'
import { acquainted, closeParties, inSession, Party, told } from './party.ts'

describe('unit of work', () => {
  afterEach(closeParties)

  it('what was decrypted and then discarded decrypts again, a first flight included', async () => {
    const { ana, bob } = await acquainted()
    await ana.start(bob)
    const first = await ana.send(bob, 'hello')
    assert.equal(told(await bob.lostTurn(() => bob.sealer.decrypt(ana.device, first))), 'hello')
    assert.equal(bob.sealer.hasSession(ana.device), false)
    assert.equal(await bob.receive(ana, first), 'hello')
    assert.equal(await bob.receive(ana, first), 'duplicate')
    await ana.receive(bob, await bob.send(ana, 'answer'))
    const second = await ana.send(bob, 'second')
    assert.equal(told(await bob.lostTurn(() => bob.sealer.decrypt(ana.device, second))), 'second')
    assert.equal(await bob.receive(ana, second), 'second')
    assert.equal(await bob.receive(ana, second), 'duplicate')
  })

  it('a transaction that fails leaves the ratchet as it was', async () => {
    const { ana, bob } = await inSession()
    const sealed = await ana.send(bob, 'x')
    const full = new Error('disk full')
    await assert.rejects(bob.turn(() => bob.sealer.decrypt(ana.device, sealed), () => { throw full }), full)
    assert.equal(await bob.receive(ana, sealed), 'x')
  })

  it('what was settled survives a restart, what was not never happened', async () => {
    const { ana, bob } = await inSession()
    const [one, two] = [await ana.send(bob, 'one'), await ana.send(bob, 'two')]
    await bob.receive(ana, one)
    await bob.sealer.decrypt(ana.device, two)
    bob.restart()
    assert.equal(await bob.receive(ana, one), 'duplicate')
    assert.equal(await bob.receive(ana, two), 'two')
  })

  it('a session that was started and discarded is not there', async () => {
    const { ana, bob } = await acquainted()
    await ana.lostTurn(() => ana.sealer.startSession(bob.device, bob.bundle()))
    assert.equal(ana.sealer.hasSession(bob.device), false)
  })

  it('a session is written once in a turn, and only when it changed', async () => {
    const { ana, bob } = await inSession()
    let writeCount = 0
    const spying = async (work: () => Promise<void>): Promise<void> => {
      await work()
      ana.store.transact(writer => {
        const keys = altered(writer.keys, { saveSession: () => { writeCount++ } })
        ana.sealer.write(altered(writer, { keys }))
      })
      ana.sealer.discard()
    }
    await spying(async () => {
      for (let index = 0; index < 5; index++) await ana.sealer.encrypt(bob.device, Buffer.from('x'))
    })
    assert.equal(writeCount, 1)
    await spying(async () => { await ana.sealer.decrypt(bob.device, { kind: 'whisper', body: Uint8Array.of(1) }) })
    assert.equal(writeCount, 1)
  })

  it('what was not written cannot be settled', async () => {
    const { ana, bob } = await inSession()
    await ana.sealer.encrypt(bob.device, Buffer.from('x'))
    assert.throws(() => ana.sealer.settle(), InvariantError)
    ana.store.transact(writer => ana.sealer.write(writer))
    await ana.sealer.encrypt(bob.device, Buffer.from('y'))
    assert.throws(() => ana.sealer.settle(), InvariantError)
    ana.sealer.discard()
    ana.sealer.settle()
  })

  it('more sessions than fit into memory come back from the database', async () => {
    const { ana, bob, clock } = await inSession()
    const others: Party[] = []
    for (let index = 0; index < 3; index++) {
      const other = new Party(clock)
      await other.refill()
      other.accept(ana)
      ana.accept(other)
      others.push(other)
    }
    ana.restart({ sessionsCachedMax: 1 })
    await ana.turn(async () => {
      for (const other of others) await ana.sealer.startSession(other.device, other.bundle())
      for (const other of others) assert.equal(ana.sealer.hasSession(other.device), true)
    })
    for (const other of [...others, ...others]) assert.equal(await other.receive(ana, await ana.send(other, 'hi')), 'hi')
    assert.equal(await bob.receive(ana, await ana.send(bob, 'hi')), 'hi')
  })

  it('a record that cannot be read counts as no session, and a fresh bundle replaces it', async () => {
    const { ana, bob, clock } = await inSession()
    ana.store.transact(writer => writer.keys.saveSession(bob.device, Uint8Array.of(0xff, 0xff), clock.now()))
    ana.restart()
    assert.equal(ana.sealer.hasSession(bob.device), false)
    assert.equal(await ana.receive(bob, await bob.send(ana, 'x')), 'noSession')
    await ana.start(bob)
    assert.equal(await bob.receive(ana, await ana.send(bob, 'y')), 'y')
  })
})

type Step =
  | { readonly type: 'send', readonly from: Side, readonly isLost: boolean }
  | { readonly type: 'deliver', readonly from: Side, readonly which: number, readonly isLost: boolean }
  | { readonly type: 'repeat', readonly from: Side, readonly which: number }
  | { readonly type: 'drop', readonly from: Side, readonly which: number }
  | { readonly type: 'crash', readonly who: Side }

type Side = 'ana' | 'bob'

interface UnderWay { readonly sealed: Sealed, readonly text: string, readonly chain: number }

/** libsignal keeps the receiving chains of the last five round trips (docs/protocols/session.md, "Limits of the ratchet"). */
const CHAINS_KEPT = 5

const side = fc.constantFrom<Side>('ana', 'bob')
const which = fc.nat(1_000)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ type: fc.constant('send' as const), from: side, isLost: fc.boolean() }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant('deliver' as const), from: side, which, isLost: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('repeat' as const), from: side, which }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('drop' as const), from: side, which }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('crash' as const), who: side }) }
)

/** What a perfect ratchet would do, beside the real one. */
class History {
  readonly #parties: Readonly<Record<Side, Party>>
  readonly #underWay: Record<Side, UnderWay[]> = { ana: [], bob: [] }
  readonly #heard: Record<Side, Sealed[]> = { ana: [], bob: [] }
  readonly #chain: Record<Side, number> = { ana: 0, bob: 0 }
  #sentCount = 0

  constructor (parties: Readonly<Record<Side, Party>>) { this.#parties = parties }

  async take (next: Step): Promise<void> {
    switch (next.type) {
      case 'send': await this.#send(next.from, next.isLost); break
      case 'deliver': await this.#deliver(next); break
      case 'repeat': await this.#repeat(next.from, next.which); break
      case 'drop': pick(this.#underWay[next.from], next.which); break
      case 'crash': this.#parties[next.who].restart(); break
    }
  }

  async deliverRest (): Promise<void> {
    for (const from of ['ana', 'bob'] as const) {
      while (this.#underWay[from].length > 0) await this.#deliver({ from, which: 0, isLost: false })
    }
  }

  async #send (from: Side, isLost: boolean): Promise<void> {
    const [sender, receiver] = [this.#parties[from], this.#parties[otherThan(from)]]
    if (!sender.sealer.hasSession(receiver.device)) await sender.start(receiver)
    const text = `message ${this.#sentCount++}`
    if (isLost) {
      await sender.lostTurn(() => sender.sealer.encrypt(receiver.device, Buffer.from(text)))
      return
    }
    this.#underWay[from].push({ sealed: await sender.send(receiver, text), text, chain: this.#chain[from] })
  }

  async #deliver ({ from, which, isLost }: { readonly from: Side, readonly which: number, readonly isLost: boolean }): Promise<void> {
    const [sender, receiver] = [this.#parties[from], this.#parties[otherThan(from)]]
    const message = pick(this.#underWay[from], which)
    if (message === undefined || message.chain + CHAINS_KEPT < this.#chain[from]) return
    if (isLost) {
      assert.equal(told(await receiver.lostTurn(() => receiver.sealer.decrypt(sender.device, message.sealed))), message.text)
      this.#underWay[from].push(message)
      return
    }
    assert.equal(await receiver.receive(sender, message.sealed), message.text)
    this.#heard[from].push(message.sealed)
    this.#chain[otherThan(from)]++
  }

  async #repeat (from: Side, index: number): Promise<void> {
    const heard = this.#heard[from]
    const sealed = heard[index % Math.max(1, heard.length)]
    if (sealed === undefined) return
    const answer = await this.#parties[otherThan(from)].receive(this.#parties[from], sealed)
    assert.ok(answer === 'duplicate' || answer === 'broken', answer)
  }
}

function otherThan (from: Side): Side { return from === 'ana' ? 'bob' : 'ana' }

function pick (queue: UnderWay[], index: number): UnderWay | undefined {
  return queue.splice(index % Math.max(1, queue.length), 1)[0]
}

describe('any interleaving', () => {
  afterEach(closeParties)

  it('decrypts every delivered message exactly once, whatever is lost, repeated, discarded or crashes', async function () {
    this.timeout(60_000)
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async steps => {
      const { ana, bob } = await acquainted()
      const history = new History({ ana, bob })
      for (const next of steps) await history.take(next)
      await history.deliverRest()
      closeParties()
    }), { numRuns: 40 })
  })
})
