import assert from 'node:assert/strict'
import fc from 'fast-check'
import { envelopeId, type EnvelopeId } from '../../../protocols/core/ids.ts'
import type { CustodyState } from '../../../protocols/mailbox/questions.ts'
import { IN_MEMORY } from '../../../store/database.ts'
import { openRelayStore } from '../../../store/relay/relay-store.ts'
import type { MailboxQuotas, RelayStore } from '../../../store/relay/types.ts'

const QUOTAS: MailboxQuotas = { aliasItemsMax: 10, aliasBytesMax: 6_000, mailboxItemsMax: 12, mailboxBytesMax: 9_000, aliasesMax: 3 }
const MINUTE_MS = 60_000
const MAILBOXES = 2
const DOORS = 4
const IDS = 12

type Step =
  | { readonly type: 'deposit', readonly door: number, readonly id: number, readonly sizeBytes: number, readonly minutes: number, readonly isControl: boolean }
  | { readonly type: 'acknowledge', readonly mailbox: number, readonly door: number, readonly id: number }
  | { readonly type: 'add' | 'remove', readonly door: number }
  | { readonly type: 'wait', readonly minutes: number }
  | { readonly type: 'undo', readonly door: number, readonly id: number }

const door = fc.nat(DOORS - 1)
const id = fc.nat(IDS - 1)
const steps: fc.Arbitrary<Step[]> = fc.array(fc.oneof(
  { weight: 12, arbitrary: fc.record({ type: fc.constant('deposit' as const), door, id, sizeBytes: fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 1, max: 100 }) }, { weight: 3, arbitrary: fc.integer({ min: 1_000, max: 3_000 }) }), minutes: fc.integer({ min: 1, max: 60 }), isControl: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('acknowledge' as const), mailbox: fc.nat(MAILBOXES - 1), door, id }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom('add' as const, 'remove' as const), door }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('wait' as const), minutes: fc.integer({ min: 1, max: 30 }) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('undo' as const), door, id }) }
), { maxLength: 120, size: 'max' })

interface Held { state: CustodyState, position: number, sizeBytes: number, expiresMinute: number }

/** The same in a few lines: doors with what was put through them. */
class Model {
  nowMinute = 1_000
  readonly doors = new Map<number, Map<number, Held>>()
  readonly positions = Array.from({ length: MAILBOXES }, () => 1)

  run (step: Step): unknown {
    switch (step.type) {
      case 'deposit': return this.#deposit(step)
      case 'acknowledge': return this.#acknowledge(step)
      case 'add': if (!this.doors.has(step.door)) this.doors.set(step.door, new Map())
        return 'done'
      case 'remove': this.doors.delete(step.door)
        return 'done'
      case 'wait': return this.#wait(step.minutes)
      case 'undo': return 'undone'
    }
  }

  heldIn (mailbox: number): Held[] { return [...this.doors].filter(([door]) => mailboxOf(door) === mailbox).flatMap(([, ids]) => [...ids.values()]).filter(isHeld) }

  #deposit ({ door, id, sizeBytes, minutes, isControl }: Extract<Step, { readonly type: 'deposit' }>): string {
    const ids = this.doors.get(door)
    if (ids === undefined) return 'unknownAlias'
    const before = ids.get(id)
    if (before !== undefined && before.state !== 'expired') return 'known'
    const mailbox = mailboxOf(door)
    const share = isControl ? 1 : 0.9
    const isFull = (held: readonly Held[], itemsMax: number, bytesMax: number): boolean => held.length + 1 > itemsMax * share || bytesOf(held) + sizeBytes > bytesMax * share
    if (isFull([...ids.values()].filter(isHeld), QUOTAS.aliasItemsMax, QUOTAS.aliasBytesMax) || isFull(this.heldIn(mailbox), QUOTAS.mailboxItemsMax, QUOTAS.mailboxBytesMax)) return 'mailboxFull'
    const position = this.positions[mailbox] ?? 0
    this.positions[mailbox] = position + 1
    ids.set(id, { state: 'held', position, sizeBytes, expiresMinute: this.nowMinute + minutes })
    return 'stored'
  }

  #acknowledge ({ mailbox, door, id }: Extract<Step, { readonly type: 'acknowledge' }>): number {
    const held = this.doors.get(door)?.get(id)
    if (mailboxOf(door) !== mailbox || held?.state !== 'held') return 0
    held.state = 'collected'
    return 1
  }

  /** What was collected is forgotten when it would have expired. */
  #wait (minutes: number): number {
    this.nowMinute += minutes
    let expired = 0
    for (const ids of this.doors.values()) {
      for (const [id, held] of ids) {
        if (held.expiresMinute > this.nowMinute) continue
        if (held.state === 'collected') ids.delete(id)
        if (held.state !== 'held') continue
        held.state = 'expired'
        expired += 1
      }
    }
    return expired
  }
}

describe('a relay store beside its model', () => {
  it('answers alike whatever happens, and its counts are what counting gives', function () {
    this.timeout(300_000)
    fc.assert(fc.property(steps, history => {
      const store = openRelayStore({ path: IN_MEMORY, isNew: true, capBytes: 2 ** 28 })
      const model = new Model()
      store.commit(writer => { for (let mailbox = 0; mailbox < MAILBOXES; mailbox++) writer.createMailbox(`owner ${mailbox}`, 1) })
      try {
        for (const step of history) {
          const expected = model.run(step)
          assert.deepEqual(act(store, step, model.nowMinute * MINUTE_MS), expected, step.type)
          compare(store, model)
        }
      } finally {
        store.close()
      }
    }), { numRuns: 300 })
  })
})

function act (store: RelayStore, step: Step, nowMs: number): unknown {
  switch (step.type) {
    case 'deposit': return depositOne(store, step, nowMs)
    case 'acknowledge': return store.commit(writer => writer.acknowledge(step.mailbox + 1, [{ alias: aliasOf(step.door), depositId: idOf(step.id) }]))
    case 'add': return store.commit(writer => writer.changeAliases(mailboxOf(step.door) + 1, { add: [{ alias: aliasOf(step.door), macKey: new Uint8Array(32), kind: 'contact', expiresAtMs: undefined }], remove: [], epoch: undefined }, QUOTAS.aliasesMax))
    case 'remove': return store.commit(writer => writer.changeAliases(mailboxOf(step.door) + 1, { add: [], remove: [aliasOf(step.door)], epoch: undefined }, QUOTAS.aliasesMax))
    case 'wait': return inSlices(store, nowMs)
    case 'undo': return undone(store, step, nowMs)
  }
}

function depositOne (store: RelayStore, { door, id, sizeBytes, minutes, isControl }: Extract<Step, { readonly type: 'deposit' }>, nowMs: number): string {
  const [outcome] = store.commit(writer => writer.deposit([{ alias: aliasOf(door), depositId: idOf(id), body: new Uint8Array(sizeBytes).fill(id), storedAtMs: nowMs, expiresAtMs: nowMs + minutes * MINUTE_MS, isControl }], QUOTAS))
  return outcome?.type === 'refused' ? outcome.reason : outcome?.type ?? 'nothing'
}

function inSlices (store: RelayStore, nowMs: number): number {
  let expired = 0
  for (let rows = 2; rows >= 2;) {
    const slice = store.commit(writer => writer.expire(nowMs, 2))
    expired += slice.items
    rows = slice.rows
  }
  return expired
}

/** Everything at once in a transaction that fails. */
function undone (store: RelayStore, { door, id }: { readonly door: number, readonly id: number }, nowMs: number): string {
  assert.throws(() => store.commit(writer => {
    writer.deposit([{ alias: aliasOf(door), depositId: idOf(id), body: new Uint8Array(1), storedAtMs: nowMs, expiresAtMs: nowMs + MINUTE_MS, isControl: true }], QUOTAS)
    writer.acknowledge(mailboxOf(door) + 1, [{ alias: aliasOf(door), depositId: idOf(id) }])
    writer.deleteMailbox(mailboxOf(door) + 1)
    throw new Error('undo')
  }), /undo/)
  return 'undone'
}

function compare (store: RelayStore, model: Model): void {
  const all: Held[] = []
  for (let mailbox = 0; mailbox < MAILBOXES; mailbox++) {
    const held = model.heldIn(mailbox).sort((left, right) => left.position - right.position)
    all.push(...held)
    const known = store.read.mailbox(mailbox + 1)
    assert.deepEqual(known?.usage, { items: held.length, bytes: bytesOf(held) })
    assert.equal(known.aliasCount, [...model.doors.keys()].filter(door => mailboxOf(door) === mailbox).length)
    const items = store.read.items(mailbox + 1, 0, { items: 100, bytes: 2 ** 20 })
    assert.deepEqual(items.map(({ position, body }) => [position, body.byteLength]), held.map(({ position, sizeBytes }) => [position, sizeBytes]))
  }
  for (const [door, ids] of model.doors) {
    const held = [...ids.values()].filter(isHeld)
    assert.deepEqual(store.read.aliasOf(aliasOf(door))?.usage, { items: held.length, bytes: bytesOf(held) })
    const numbers = Array.from({ length: IDS }, (_, number) => number)
    assert.deepEqual(store.read.custody(aliasOf(door), numbers.map(idOf)), numbers.map(number => ids.get(number)?.state ?? 'unknown'))
  }
  const { items, bytes, aliases } = store.read.totals()
  assert.deepEqual({ items, bytes, aliases }, { items: all.length, bytes: bytesOf(all), aliases: model.doors.size })
}

function isHeld ({ state }: Held): boolean { return state === 'held' }
function bytesOf (held: readonly Held[]): number { return held.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) }
function mailboxOf (door: number): number { return door % MAILBOXES }
function aliasOf (door: number): Uint8Array { return new Uint8Array(24).fill(door + 1) }
function idOf (id: number): EnvelopeId { return envelopeId(new Uint8Array(16).fill(id + 1)) }
