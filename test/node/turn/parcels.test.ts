import assert from 'node:assert/strict'
import fc from 'fast-check'
import { idKey, type ContentId } from '../../../protocols/core/ids.ts'
import { PACK_CONTENTS_MAX, RECEIPT_IDS_MAX } from '../../../protocols/core/limits.ts'
import { UNADDRESSED, type Ref, type RefKind } from '../../../store/types.ts'
import { composeDraft, type Composed, type RecallParts } from '../../../node/turn/compose.ts'
import { gatherParcels, gatherWaiting } from '../../../node/turn/parcels.ts'
import { Threads } from '../../../node/turn/threads.ts'
import { Engine, numberedId } from '../engine.ts'

const NOW_MS = 1_000_000

function composed (ana: Engine, contacts: readonly number[]): Composed[] {
  const parts = { threads: new Threads(ana.store.read), ids: ana.turn.ids, nowMs: NOW_MS }
  return contacts.map((contact, index) => composeDraft({ contact, body: { type: 'text', text: `text ${index}`, replyTo: undefined }, idempotencyKey: undefined }, parts))
}

function recallParts (ana: Engine): RecallParts {
  return { reader: ana.store.read, ids: ana.turn.ids, nowMs: NOW_MS, profile: () => ana.account.profile }
}

describe('parcels: what is fresh', () => {
  it('goes by device, in the order of writing', () => {
    const ana = new Engine('ana')
    const [bob, cleo] = [new Engine('bob', ana.world), new Engine('cleo', ana.world)]
    const [toBob, toCleo] = [ana.add(bob), ana.add(cleo)]
    const parcels = gatherParcels(composed(ana, [toBob, toCleo, toBob]), ana.directory, NOW_MS)
    assert.deepEqual(parcels.map(({ deviceId, contact, items }) => [idKey(deviceId), contact, items.map(({ content }) => content.type === 'text' && content.text)]), [
      [idKey(bob.device), toBob, ['text 0', 'text 2']],
      [idKey(cleo.device), toCleo, ['text 1']]
    ])
  })

  it('waits under no device for a contact that has not accepted us, or whose devices are unknown', () => {
    const ana = new Engine('ana')
    const asked = ana.add(new Engine('bob', ana.world), 'requested')
    assert.deepEqual(gatherParcels(composed(ana, [asked]), ana.directory, NOW_MS).map(parcel => parcel.deviceId), [UNADDRESSED])
  })

  it('is apart for each contact while it waits under no device', () => {
    const ana = new Engine('ana')
    const asked = [ana.add(new Engine('bob', ana.world), 'requested'), ana.add(new Engine('cleo', ana.world), 'requested')]
    assert.deepEqual(gatherParcels(composed(ana, asked), ana.directory, NOW_MS).map(parcel => parcel.contact), asked)
  })
})

describe('parcels: what has waited', () => {
  it('is made again from the tables, several rows to an envelope', async () => {
    const { ana, bob, contact } = anaWithBob()
    const ids = [await ana.send(contact, 'one'), await ana.send(contact, 'two')]
    const { parcels, emptyRows, more } = gatherWaiting([bob.device], recallParts(ana))
    assert.deepEqual([parcels.length, emptyRows, more], [1, [], []])
    assert.deepEqual(parcels[0]?.items.map(({ content }) => [idKey(content.id), content.type === 'text' && content.text]), [[idOf(ids[0]), 'one'], [idOf(ids[1]), 'two']])
    assert.deepEqual(parcels[0].fromRows, ana.store.read.outbox.waiting(bob.device, 9).map(({ row }) => row))
  })

  it('travels with the original of an edited text, and with the place of a deleted one', async () => {
    const { ana, bob, contact } = anaWithBob()
    const [edited, deleted] = [await ana.send(contact, 'before'), await ana.send(contact, 'secret')]
    await ana.send(contact, { type: 'edit', target: edited, text: 'after' })
    await ana.send(contact, { type: 'deletion', target: deleted })
    const contents = gatherWaiting([bob.device], recallParts(ana)).parcels.flatMap(({ items }) => items.map(({ content }) => content.type === 'text' || content.type === 'edit' ? `${content.type} ${content.text}` : content.type))
    assert.deepEqual(contents, ['text before', 'text …', 'edit after', 'deletion'])
  })

  it('is dropped when nothing of it is left', async () => {
    const { ana, bob, contact } = anaWithBob()
    const id = await ana.send(contact, 'before')
    await ana.send(contact, { type: 'edit', target: id, text: 'after' })
    await ana.send(contact, { type: 'deletion', target: id })
    // The edit went with its target's deletion.
    const { parcels, emptyRows } = gatherWaiting([bob.device], recallParts(ana))
    assert.deepEqual(parcels.flatMap(({ items }) => items.map(({ content }) => content.type)), ['text', 'deletion'])
    assert.deepEqual(emptyRows, [])
    const lonely = ana.store.transact(writer => writer.outbox.waiting({ deviceId: numberedId(7) as unknown as typeof bob.device, contact, refs: [{ kind: 'text', id: numberedId(9) }], queuedAtMs: 1, expiresAtMs: 2 }))
    assert.deepEqual(gatherWaiting([numberedId(7) as unknown as typeof bob.device], recallParts(ana)), { parcels: [], emptyRows: [lonely], more: [] })
  })

  it('shares one receipt among the messages that it is about', () => {
    const { ana, bob, contact } = anaWithBob()
    queue(ana, bob, [[1, 2], [3]].map(numbers => numbers.map(number => ({ kind: 'read', id: numberedId(number) }))))
    const [parcel] = gatherWaiting([bob.device], recallParts(ana)).parcels
    assert.deepEqual(parcel?.items.map(({ content }) => content.type === 'receipt' && content.ids.length), [2, 1])
    assert.equal(contact, parcel.contact)
  })

  it('never puts a contact request into an envelope with anything else: the gate lets only it in', () => {
    const { ana, bob, contact } = anaWithBob()
    const text: Ref = { kind: 'profile', id: numberedId(1) }
    queue(ana, bob, [[text]])
    ana.store.transact(writer => writer.outbox.waiting({ deviceId: bob.device, contact, refs: [{ kind: 'request', id: numberedId(2) }], gateToken: new Uint8Array(16), queuedAtMs: 1, expiresAtMs: 9 }))
    queue(ana, bob, [[text]])
    const { parcels } = gatherWaiting([bob.device], recallParts(ana))
    assert.deepEqual(parcels.map(({ gateToken, items }) => [gateToken !== undefined, items.map(({ content }) => content.type)]), [[false, ['profile']], [true, ['request']], [false, ['profile']]])
  })

  it('says when more waits than one turn takes', () => {
    const { ana, bob } = anaWithBob()
    queue(ana, bob, Array.from({ length: PACK_CONTENTS_MAX + 1 }, (_, index) => [{ kind: 'profile', id: numberedId(index) }]))
    const { parcels, more } = gatherWaiting([bob.device], recallParts(ana))
    assert.deepEqual([parcels.map(({ fromRows }) => fromRows.length), more], [[PACK_CONTENTS_MAX], [bob.device]])
  })
})

describe('parcels: a law', () => {
  const kinds = fc.constantFrom<RefKind>('read', 'delivered', 'profile')
  const rows = fc.array(fc.array(kinds, { minLength: 1, maxLength: 40 }), { minLength: 1, maxLength: 12 })

  it('whatever waits is in exactly one parcel, in its order, and no parcel is larger than a pack', () => {
    fc.assert(fc.property(rows, waiting => {
      const { ana, bob } = anaWithBob()
      let number = 0
      const queued = waiting.map(row => row.map(kind => ({ kind, id: numberedId(number++) })))
      queue(ana, bob, queued)
      const { parcels } = gatherWaiting([bob.device], recallParts(ana))
      assert.deepEqual(parcels.flatMap(({ items }) => items.flatMap(({ refs }) => refs.map(({ kind, id }) => `${kind} ${idKey(id)}`))), queued.flat().map(({ kind, id }) => `${kind} ${idKey(id)}`))
      for (const { items, fromRows } of parcels) {
        assert.ok(fromRows.length === 1 || items.flatMap(({ refs }) => refs).length <= PACK_CONTENTS_MAX)
        for (const { refs } of items) assert.ok(refs.length <= RECEIPT_IDS_MAX && new Set(refs.map(ref => ref.kind)).size === 1)
      }
      ana.store.close()
    }), { numRuns: 20 })
  })
})

function anaWithBob (): { readonly ana: Engine, readonly bob: Engine, readonly contact: number } {
  const ana = new Engine('ana')
  const bob = new Engine('bob', ana.world)
  return { ana, bob, contact: ana.add(bob) }
}

function queue (ana: Engine, bob: Engine, rows: ReadonlyArray<readonly Ref[]>): void {
  ana.store.transact(writer => {
    for (const refs of rows) writer.outbox.waiting({ deviceId: bob.device, contact: 1, refs, queuedAtMs: 1, expiresAtMs: 2 })
  })
}

function idOf (id: ContentId | undefined): string { return id === undefined ? '' : idKey(id) }
