import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Copies } from '../../../protocols/deposit/copies.ts'
import { envelopeId, idKey, type ContentId } from '../../../protocols/core/ids.ts'
import type { DeliveryState } from '../../../protocols/message/receipt.ts'
import { joinState } from '../../../protocols/message/receipt.ts'
import type { SealedEnvelope } from '../../../node/turn/sealed-envelope.ts'
import { Round } from '../../../node/turn/round.ts'
import { writeSettlements, type Settlement } from '../../../node/turn/settle.ts'
import type { Ref } from '../../../store/types.ts'
import { Engine } from '../engine.ts'

interface Sent { readonly ana: Engine, readonly bob: number, readonly id: ContentId, readonly envelope: SealedEnvelope }

async function sent (): Promise<Sent> {
  const ana = new Engine('ana')
  const other = new Engine('bob', ana.world)
  const bob = ana.add(other)
  await ana.meet(other)
  const id = await ana.send(bob, 'hello')
  const [envelope] = ana.takeSealed()
  assert.ok(envelope)
  return { ana, bob, id, envelope }
}

function settle (ana: Engine, settlements: readonly Settlement[], copies?: Copies): Round {
  const round = new Round(1_000)
  ana.store.transact(writer => {
    writeSettlements(settlements, { writer, round, count: () => undefined, countRow: () => copies })
    round.write(writer)
  })
  return round
}

function delivered ({ bob, envelope: { row, refs } }: Sent): Settlement { return { type: 'delivered', row, contact: bob, refs, atMs: 50, sentAtMs: 40 } }
function refused ({ bob, envelope: { row, refs } }: Sent): Settlement { return { type: 'refused', row, contact: bob, refs, atMs: 60, reason: 'it is too large for them' } }
function attempted ({ envelope: { row } }: Sent): Settlement { return { type: 'attempted', rows: [row], atMs: 30, step: 'unanswered', detail: 'the connection ended (reset)' } }

describe('settling', () => {
  it('a delivery: the envelope is forgotten, the message delivered, and who waits is told', async () => {
    const one = await sent()
    const round = settle(one.ana, [delivered(one)])
    const { read } = one.ana.store
    const row = read.outbox.byRow(one.envelope.row)
    assert.deepEqual([row?.state, row?.ciphertext, row?.attempts, row?.sentAtMs, row?.settledAtMs], ['delivered', undefined, 1, 40, 50])
    assert.deepEqual([read.messages.byId(one.id)?.state, read.messages.byId(one.id)?.deliveredAtMs], ['delivered', 50])
    assert.deepEqual(round.states, [{ id: one.id, state: 'delivered', reason: undefined }])
  })

  it('a refusal: the message has failed, and says why', async () => {
    const one = await sent()
    settle(one.ana, [refused(one)])
    const message = one.ana.store.read.messages.byId(one.id)
    assert.deepEqual([message?.state, message?.reason], ['failed', 'it is too large for them'])
    assert.deepEqual(one.ana.store.read.traces.ofOutbox(one.envelope.row).map(({ step, detail }) => [step, detail]), [['refused', 'it is too large for them']])
  })

  it('a refusal by one device: the message has not failed while another may take it', async () => {
    const one = await sent()
    one.ana.store.transact(writer => writer.outbox.waiting({ deviceId: new Uint8Array(16).fill(3) as unknown as typeof one.envelope.deviceId, contact: one.bob, refs: one.envelope.refs, queuedAtMs: 1, expiresAtMs: 9 }))
    settle(one.ana, [refused(one)])
    assert.equal(one.ana.store.read.messages.byId(one.id)?.state, 'queued')
  })

  it('an attempt: it counts, and its cause is kept', async () => {
    const one = await sent()
    settle(one.ana, [attempted(one), attempted(one)])
    const row = one.ana.store.read.outbox.byRow(one.envelope.row)
    assert.deepEqual([row?.state, row?.attempts, row?.sentAtMs], ['sealed', 2, 30])
    assert.deepEqual(one.ana.store.read.traces.ofOutbox(one.envelope.row).map(({ step }) => step), ['unanswered', 'unanswered'])
  })

  it('a refused contact request is told: no message shows it', async () => {
    const one = await sent()
    settle(one.ana, [{ type: 'refused', row: one.envelope.row, contact: one.bob, refs: [{ kind: 'request', id: new Uint8Array(16) }], atMs: 1, reason: 'the invite is not valid any more' }])
    const [event] = one.ana.store.read.events.after({ seq: 1, offset: 1 }, 9)
    assert.deepEqual([event?.type, event?.detail], ['node.trouble', '{"text":"The contact request was refused: the invite is not valid any more."}'])
  })

  it('what is no message (receipts, profiles) changes none', async () => {
    const one = await sent()
    const round = settle(one.ana, [{ ...delivered(one), refs: [{ kind: 'delivered', id: one.id }, { kind: 'change', id: one.id }] } as Settlement])
    assert.deepEqual([round.states, round.hasEvents, one.ana.store.read.messages.byId(one.id)?.state], [[], false, 'queued'])
  })

  it('the state of a message is the join of all that was learnt, in whatever order and however often', async () => {
    const kinds = { delivered, refused, attempted } as const
    const learnt: Readonly<Record<keyof typeof kinds, DeliveryState>> = { delivered: 'delivered', refused: 'failed', attempted: 'queued' }
    await fc.assert(fc.asyncProperty(fc.array(fc.constantFrom<keyof typeof kinds>('delivered', 'refused', 'attempted'), { maxLength: 5 }), async order => {
      const one = await sent()
      for (const kind of order) settle(one.ana, [kinds[kind](one)])
      const [first] = order.filter(kind => kind !== 'attempted')
      const { read } = one.ana.store
      assert.equal(read.outbox.byRow(one.envelope.row)?.state, first ?? 'sealed', 'an envelope settles once')
      // A refusal after a delivery is one of an envelope that was delivered: it has no say.
      assert.equal(read.messages.byId(one.id)?.state, order.map(kind => learnt[kind]).reduce<DeliveryState>(joinState, 'queued'))
      assert.equal(idKey(one.id), idKey(read.messages.page(one.bob, { limit: 1 })[0]?.id ?? new Uint8Array()))
      one.ana.store.close()
    }), { numRuns: 25 })
  })
})

describe('settling copies', () => {
  const copied = (row: number, refs: readonly Ref[]): Settlement => ({ type: 'copied', row, contact: 1, refs, relay: 'peereu', depositId: envelopeId(new Uint8Array(16)), expiresAtMs: 2, evidence: new Uint8Array(1), atMs: 70 })
  const outgoing = (ana: Engine, bob: number, refs: readonly Ref[]): number => {
    const [device] = ana.store.read.devices.ofContact(bob)
    assert.ok(device)
    return ana.store.transact(writer => writer.outbox.sealed({ deviceId: device.deviceId, contact: bob, refs, envelopeId: envelopeId(new Uint8Array(16).fill(refs.length)), cipherKind: 'whisper', ciphertext: new Uint8Array(1), queuedAtMs: 1, sealedAtMs: 1, expiresAtMs: 9_999 }))
  }

  it('of a receipt: enough of them are all the proof that there will be', async () => {
    const { ana, bob, id } = await sent()
    const refs: Ref[] = [{ kind: 'delivered', id }, { kind: 'read', id }]
    const row = outgoing(ana, bob, refs)
    settle(ana, [copied(row, refs)], { stored: 1, of: 3, enough: 2 })
    assert.equal(ana.store.read.outbox.byRow(row)?.state, 'sealed')
    settle(ana, [copied(row, refs)], { stored: 2, of: 3, enough: 2 })
    assert.equal(ana.store.read.outbox.byRow(row)?.state, 'delivered')
  })

  it('of anything else: it waits for its receipt', async () => {
    const { ana, bob } = await sent()
    const refs: Ref[] = [{ kind: 'profile', id: new Uint8Array(16) }]
    const row = outgoing(ana, bob, refs)
    settle(ana, [copied(row, refs)], { stored: 3, of: 3, enough: 2 })
    assert.equal(ana.store.read.outbox.byRow(row)?.state, 'sealed')
  })
})
