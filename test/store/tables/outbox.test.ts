import assert from 'node:assert/strict'
import { idKey } from '../../../protocols/core/ids.ts'
import { TRACE_STEPS_MAX } from '../../../protocols/core/limits.ts'
import type { NewSealed, NewWaiting } from '../../../store/tables/outbox.ts'
import { UNADDRESSED, type Ref } from '../../../store/types.ts'
import { content, device, envelope, openMemory } from '../fixtures.ts'

function aWaiting (change: Partial<NewWaiting> = {}): NewWaiting {
  return { deviceId: device(1), contact: 1, refs: [{ kind: 'text', id: content(1) }], queuedAtMs: 10, expiresAtMs: 1000, ...change }
}

function aSealed (number: number, change: Partial<NewSealed> = {}): NewSealed {
  return { ...aWaiting(), envelopeId: envelope(number), cipherKind: 'whisper', ciphertext: Uint8Array.of(number), sealedAtMs: 20, ...change }
}

const UNSENT = { attempts: 0, sentAtMs: undefined, settledAtMs: undefined }

describe('the outbox', () => {
  it('gives back what waits and what is sealed', () => {
    const store = openMemory()
    const sealed = aSealed(1, { refs: [{ kind: 'text', id: content(1) }, { kind: 'delivered', id: content(2) }], gateToken: Uint8Array.of(3), cipherKind: 'prekey', expiresAtMs: Number.MAX_SAFE_INTEGER })
    const [first, second] = store.transact(({ outbox }) => [outbox.waiting(aWaiting()), outbox.sealed(sealed)])
    assert.deepEqual(store.read.outbox.byRow(first), {
      row: first, ...aWaiting(), ...UNSENT, state: 'waiting', gateToken: undefined, envelopeId: undefined, cipherKind: undefined, ciphertext: undefined, sealedAtMs: undefined
    })
    assert.deepEqual(store.read.outbox.byEnvelope(envelope(1)), { row: second, ...sealed, ...UNSENT, state: 'sealed' })
    assert.equal(store.read.outbox.byEnvelope(envelope(2)), undefined)
    store.close()
  })

  it('knows the envelopes of a message or change by what is in them, and not by receipts for it', () => {
    const store = openMemory()
    const [first, second, third] = store.transact(({ outbox }) =>
      [outbox.sealed(aSealed(1)), outbox.waiting(aWaiting({ refs: [{ kind: 'change', id: content(2) }, { kind: 'delivered', id: content(1) }] })), outbox.waiting(aWaiting())])
    assert.deepEqual(store.read.outbox.ofMessage(content(1)).map(outgoing => outgoing.row), [first, third])
    assert.deepEqual(store.read.outbox.ofMessage(content(2)).map(outgoing => outgoing.row), [second])
    store.close()
  })

  it('has an envelope delivered when each message and change in it is proven, in whatever portions', () => {
    const store = openMemory()
    const refs: Ref[] = [{ kind: 'text', id: content(1) }, { kind: 'change', id: content(2) }, { kind: 'read', id: content(9) }]
    const row = store.transact(({ outbox }) => outbox.sealed(aSealed(1, { refs })))
    const prove = (...ids: number[]): string | undefined => {
      store.transact(({ outbox }) => { outbox.prove(row, new Set(ids.map(id => idKey(content(id)))), 5) })
      return store.read.outbox.byRow(row)?.state
    }
    assert.equal(prove(3, 9), 'sealed')
    assert.deepEqual(store.read.outbox.byRow(row)?.refs, refs)
    assert.equal(prove(1), 'sealed')
    assert.deepEqual(store.read.outbox.byRow(row)?.refs, refs.slice(1))
    assert.equal(prove(2), 'delivered')
    assert.deepEqual(store.read.outbox.ofMessage(content(1)).map(outgoing => outgoing.row), [row], 'its trace stays')
    store.close()
  })

  it('lists the open rows of a device in order, by what they wait for', () => {
    const store = openMemory()
    const rows = store.transact(({ outbox }) => [outbox.sealed(aSealed(1)), outbox.waiting(aWaiting()), outbox.sealed(aSealed(2)), outbox.waiting(aWaiting()), outbox.sealed(aSealed(3, { deviceId: device(2) }))])
    const { read } = store
    const [first = 0, second, third, fourth] = rows
    assert.deepEqual(read.outbox.sealed(device(1), { afterRow: 0, limit: 9 }).map(outgoing => outgoing.row), [first, third])
    assert.deepEqual(read.outbox.sealed(device(1), { afterRow: first, limit: 9 }).map(outgoing => outgoing.row), [third])
    assert.deepEqual(read.outbox.waiting(device(1), 9).map(outgoing => outgoing.row), [second, fourth])
    assert.deepEqual(read.outbox.waiting(device(1), 1).map(outgoing => outgoing.row), [second])
    assert.deepEqual(read.outbox.ofDevice(device(1)).map(outgoing => outgoing.row), [first, second, third, fourth])
    assert.equal(read.outbox.openCount(), 5)
    store.transact(({ outbox }) => { for (const row of rows) outbox.settle(row, 'delivered', 1) })
    assert.deepEqual(read.outbox.ofDevice(device(1)), [])
    assert.equal(read.outbox.openCount(), 0)
    store.close()
  })

  it('keeps what has no device yet apart, by contact', () => {
    const store = openMemory()
    const [first] = store.transact(({ outbox }) => [outbox.waiting(aWaiting({ deviceId: UNADDRESSED })), outbox.waiting(aWaiting({ deviceId: UNADDRESSED, contact: 2 })), outbox.waiting(aWaiting())])
    assert.deepEqual(store.read.outbox.unaddressed(1).map(outgoing => outgoing.row), [first])
    store.close()
  })

  it('counts for every device what is open, and since when', () => {
    const store = openMemory()
    store.transact(({ outbox }) => {
      outbox.sealed(aSealed(1, { queuedAtMs: 30 }))
      outbox.waiting(aWaiting({ queuedAtMs: 20 }))
      outbox.waiting(aWaiting({ queuedAtMs: 25 }))
      outbox.sealed(aSealed(2, { deviceId: device(2), contact: 2 }))
      outbox.settle(outbox.sealed(aSealed(3, { deviceId: device(3) })), 'delivered', 1)
    })
    assert.deepEqual(store.read.outbox.openDevices(), [
      { deviceId: device(1), contact: 1, waitingCount: 2, sealedCount: 1, oldestQueuedAtMs: 20 },
      { deviceId: device(2), contact: 2, waitingCount: 0, sealedCount: 1, oldestQueuedAtMs: 10 }
    ])
    store.close()
  })

  it('knows what is open past its time, the longest first', () => {
    const store = openMemory()
    const [late, later] = store.transact(({ outbox }) => {
      const rows = [outbox.sealed(aSealed(1, { expiresAtMs: 60 })), outbox.waiting(aWaiting({ expiresAtMs: 50 })), outbox.waiting(aWaiting({ expiresAtMs: 61 }))]
      outbox.settle(outbox.sealed(aSealed(2, { expiresAtMs: 40 })), 'delivered', 1)
      return rows
    })
    assert.deepEqual(store.read.outbox.expired(60, 9).map(outgoing => outgoing.row), [later, late])
    assert.deepEqual(store.read.outbox.expired(60, 1).map(outgoing => outgoing.row), [later])
    store.close()
  })

  it('settles a row once, and forgets its ciphertext', () => {
    const store = openMemory()
    const row = store.transact(({ outbox }) => outbox.sealed(aSealed(1)))
    store.transact(({ outbox }) => { outbox.markSent([row, row], 30); outbox.settle(row, 'delivered', 40, 35); outbox.settle(row, 'expired', 50) })
    assert.deepEqual(store.read.outbox.byRow(row), { row, ...aSealed(1), gateToken: undefined, ciphertext: undefined, state: 'delivered', attempts: 3, sentAtMs: 35, settledAtMs: 40 })
    store.close()
  })

  it('reopens what the other side could not read, for another envelope', () => {
    const store = openMemory()
    const row = store.transact(({ outbox }) => outbox.sealed(aSealed(1)))
    store.transact(({ outbox }) => { outbox.settle(row, 'delivered', 40, 35); outbox.reopen(row, 90) })
    assert.deepEqual(store.read.outbox.waiting(device(1), 9), [
      { row, ...aWaiting(), ...UNSENT, queuedAtMs: 90, state: 'waiting', gateToken: undefined, envelopeId: undefined, cipherKind: undefined, ciphertext: undefined, sealedAtMs: undefined }
    ])
    assert.equal(store.read.outbox.byEnvelope(envelope(1)), undefined)
    store.close()
  })

  it('takes one message out of an envelope that has not arrived; the others go in another one', () => {
    const store = openMemory()
    const refs = [{ kind: 'text', id: content(1) }, { kind: 'delivered', id: content(1) }, { kind: 'text', id: content(2) }] as const
    const row = store.transact(({ outbox }) => outbox.sealed(aSealed(1, { refs })))
    store.transact(({ outbox }) => { outbox.withdraw(row, content(1), 50) })
    const left = store.read.outbox.byRow(row)
    assert.deepEqual([left?.state, left?.ciphertext, left?.envelopeId], ['waiting', undefined, undefined])
    assert.deepEqual(left?.refs, refs.slice(1))
    assert.deepEqual([1, 2].map(number => store.read.outbox.ofMessage(content(number)).length), [0, 1])
    store.close()
  })

  it('settles an envelope as cancelled when nothing is left in it, and changes none that is settled', () => {
    const store = openMemory()
    const [open, settled] = store.transact(({ outbox }) => [outbox.waiting(aWaiting()), outbox.sealed(aSealed(1))])
    store.transact(({ outbox }) => {
      outbox.settle(settled, 'delivered', 40)
      outbox.withdraw(open, content(1), 50)
      outbox.withdraw(settled, content(1), 50)
      outbox.withdraw(99, content(1), 50)
    })
    assert.deepEqual([open, settled].map(row => store.read.outbox.byRow(row)?.state), ['cancelled', 'delivered'])
    assert.deepEqual(store.read.outbox.byRow(settled)?.refs, aSealed(1).refs)
    store.close()
  })

  it('gives nothing more to a revoked device, and never a row number twice', () => {
    const store = openMemory()
    const rows = store.transact(({ outbox }) => [outbox.sealed(aSealed(1)), outbox.waiting(aWaiting()), outbox.sealed(aSealed(2, { deviceId: device(2) }))])
    store.transact(({ outbox }) => { outbox.dropDevice(device(1), 70) })
    assert.deepEqual(rows.map(row => store.read.outbox.byRow(row)?.state), ['cancelled', 'cancelled', 'sealed'])
    const last = Math.max(...rows)
    const next = store.transact(({ outbox }) => { outbox.remove(last); return outbox.waiting(aWaiting()) })
    assert.equal(next, last + 1)
    store.close()
  })

  it('hands the messages and the trace of a waiting row to the sealed one', () => {
    const store = openMemory()
    const [waiting, sealed] = store.transact(writer => {
      const from = writer.outbox.waiting(aWaiting({ refs: [{ kind: 'text', id: content(1) }, { kind: 'text', id: content(2) }] }))
      writer.traces.add({ outbox: from, atMs: 1, step: 'unreachable', detail: '' })
      const to = writer.outbox.sealed(aSealed(1))
      writer.outbox.relink(from, to)
      writer.outbox.remove(from)
      return [from, to]
    })
    assert.equal(store.read.outbox.byRow(waiting), undefined)
    assert.deepEqual([1, 2].map(number => store.read.outbox.ofMessage(content(number)).map(outgoing => outgoing.row)), [[sealed], [sealed]])
    assert.deepEqual(store.read.traces.ofOutbox(sealed), [{ outbox: sealed, atMs: 1, step: 'unreachable', detail: '' }])
    store.close()
  })

  it('forgets settled rows with their links and traces, the oldest first', () => {
    const store = openMemory()
    const rows = store.transact(writer => [30, 10, 20, 40].map((settledAtMs, index) => {
      const row = writer.outbox.sealed(aSealed(index + 1))
      writer.traces.add({ outbox: row, atMs: 1, step: 'sent', detail: '' })
      writer.outbox.settle(row, 'delivered', settledAtMs)
      return row
    }))
    const open = store.transact(({ outbox }) => outbox.waiting(aWaiting()))
    assert.equal(store.transact(({ outbox }) => outbox.prune(40, 2)), 2)
    assert.deepEqual(rows.map(row => store.read.outbox.byRow(row) !== undefined), [true, false, false, true])
    assert.deepEqual(rows.map(row => store.read.traces.ofOutbox(row).length), [1, 0, 0, 1])
    assert.equal(store.transact(({ outbox }) => outbox.prune(40, 9)), 1)
    assert.deepEqual(store.read.outbox.ofMessage(content(1)).map(outgoing => outgoing.row), [rows[3], open])
    store.close()
  })
})

describe('the trace of an envelope', () => {
  it('keeps how it began and how it went on last', () => {
    const store = openMemory()
    store.transact(({ traces }) => {
      for (let atMs = 1; atMs <= TRACE_STEPS_MAX + 30; atMs++) traces.add({ outbox: 1, atMs, step: 'unreachable', detail: `attempt ${atMs}` })
      traces.add({ outbox: 2, atMs: 1, step: 'sent', detail: '' })
    })
    const steps = store.read.traces.ofOutbox(1)
    assert.equal(steps.length, TRACE_STEPS_MAX)
    assert.deepEqual(steps.slice(0, 11).map(step => step.atMs), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 41])
    assert.equal(steps.at(-1)?.detail, `attempt ${TRACE_STEPS_MAX + 30}`)
    assert.deepEqual(store.read.traces.ofOutbox(2), [{ outbox: 2, atMs: 1, step: 'sent', detail: '' }])
    store.close()
  })
})
