/** What two nodes show when all is quiet, after whatever has happened to one of them: everything that was owed, once, in one order. */
import assert from 'node:assert/strict'
import type { LocalApi } from '../../protocols/local/operations.ts'
import type { MessageView } from '../../protocols/local/schema.ts'
import { PATIENCE_MS } from '../integration/nodes.ts'

/** One of two contacts, whose node runs in peace from here on. */
export interface Side {
  readonly name: string
  readonly api: LocalApi
  readonly account: string
  /** Messages whose ids it has given out. */
  readonly owed: ReadonlySet<string>
}

/** Texts are numbers, each used once, rising on each side. Returns how many messages there are. */
export async function settleUp (left: Side, right: Side): Promise<number> {
  for (const [side, other] of [[left, right], [right, left]] as const) {
    const messages = await history(side.api, other.account)
    assertOwed(side.owed, messages, side.name)
    await delivered(side.api, messages)
  }
  const [ours, theirs] = [await history(left.api, right.account), await history(right.api, left.account)]
  assert.deepEqual(ours.map(({ id, text }) => ({ id, text })), theirs.map(({ id, text }) => ({ id, text })), 'the same conversation on both sides')
  const texts = ours.map(message => message.text)
  assert.equal(new Set(texts).size, texts.length, 'nothing is there twice')
  for (const isOwn of [true, false]) assertAscending(ours.filter(message => message.isOwn === isOwn).map(message => Number(message.text)))
  await assertEvents(left.api, theirs)
  await assertEvents(right.api, ours)
  const { findings } = await left.api.call('doctor', {})
  assert.deepEqual(findings.filter(({ severity }) => severity === 'error'), [], 'the database is sound')
  return ours.length
}

/** The whole conversation, oldest first. */
async function history (api: LocalApi, other: string): Promise<MessageView[]> {
  if (!(await api.call('contact.list', {})).contacts.some(contact => contact.account === other)) return []
  const messages: MessageView[] = []
  for (let before: string | undefined, hasMore = true; hasMore;) {
    const page = await api.call('read', { with: other, limit: 1000, ...before === undefined ? {} : { before } })
    messages.unshift(...page.messages)
    before = messages[0]?.id
    hasMore = page.hasMore
  }
  return messages
}

async function delivered (api: LocalApi, messages: readonly MessageView[]): Promise<void> {
  for (const { id, text, isOwn, state: before } of messages) {
    if (!isOwn || before === 'delivered' || before === 'read') continue
    const { isReached, state } = await api.call('wait', { id, state: 'delivered', timeoutMs: PATIENCE_MS })
    assert.ok(isReached, `message ${text} is ${state} and not delivered`)
  }
}

function assertOwed (owed: ReadonlySet<string>, messages: readonly MessageView[], who: string): void {
  const present = new Set(messages.map(message => message.id))
  assert.deepEqual([...owed].filter(id => !present.has(id)), [], `${who} has everything that was promised`)
}

function assertAscending (numbers: readonly number[]): void {
  assert.deepEqual(numbers, numbers.toSorted((one, other) => one - other), 'in the order in which it was sent')
}

/** Each message of theirs was announced once, and nothing was ever unreadable: a ratchet that steps back would show here. */
async function assertEvents (api: LocalApi, messages: readonly MessageView[]): Promise<void> {
  const announced: string[] = []
  for (let after = 'start'; ;) {
    const page = await api.call('events.page', { after, limit: 1000 })
    if (page.events.length === 0) break
    after = page.cursor
    announced.push(...page.events.flatMap(event => event.type === 'message.received' && event.message !== undefined ? [event.message.id] : []))
    assert.deepEqual(page.events.filter(event => event.type === 'node.trouble').map(event => event.text), [])
  }
  const own = messages.filter(message => message.isOwn).map(message => message.id)
  assert.deepEqual(announced.toSorted(), own.toSorted(), 'each message is announced once')
}
