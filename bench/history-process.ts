/** A child process with one account and a long conversation: built through the store, then asked through the node. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openHome, type OpenHome } from '../node/home.ts'
import { createNode, type SkeinNode } from '../node/node.ts'
import { realRandom } from '../node/world.ts'
import { accountId, contentId, timeOrderedId, ID_RANDOM_BYTES } from '../protocols/core/ids.ts'
import type { Writer } from '../store/writer.ts'
import { MESSAGE_KIND, type Contact } from '../store/types.ts'
import { answerCalls } from './answering.ts'
import { HistoryTexts } from './history-texts.ts'

const BATCH = 10_000
const PAGE = 50
/** The first look at anything brings pages from the file: that is asked for once, by itself. */
const LOOKS = 30
const BEGAN_AT_MS = Date.UTC(2020, 0, 1)
const APART_MS = 60_000

const home = await mkdtemp(join(tmpdir(), 'skein-history-'))
const texts = new HistoryTexts()
let opened: OpenHome | undefined
let node: SkeinNode | undefined
let contact = 0
let written = 0
let previous: Uint8Array | undefined

const calls = {
  create: async () => {
    const made = await createNode({ home, create: { name: 'Bench' }, unlock: { keyFile: true } })
    await made.stop()
    opened = await openHome({ home })
    contact = store().transact(writer => writer.contacts.create(friend()))
  },
  /** The next messages, also into the search index. Says how many there are. */
  grow: () => {
    store().commit(append)
    return { count: written }
  },
  /** The same rows by SQL alone, from the same file: what of the time is the database's. */
  bareLatest: async () => {
    const latest = store().database.prepare<[number, number], object>('SELECT * FROM messages WHERE contact = ? ORDER BY position DESC, id DESC LIMIT ?')
    return await look(() => latest.all(contact, PAGE))
  },
  bareSearch: async ({ match }: { readonly match: string }) => {
    const find = store().database.prepare<[string, number], { readonly rowid: number }>('SELECT rowid FROM search WHERE search MATCH ? ORDER BY rowid DESC LIMIT ?')
    const byRow = store().database.prepare<[number], object>('SELECT * FROM messages WHERE row = ?')
    return await look(() => find.all(match, PAGE).map(({ rowid }) => byRow.get(rowid)))
  },
  /** Closes the store and opens the node on it, without network. */
  open: async () => {
    store().close()
    opened?.lock.release()
    opened = undefined
    node = await createNode({ home })
  },
  latest: async () => await look(() => asked().read('@friend', { limit: PAGE })),
  search: async ({ query, isWithin }: { readonly query: string, readonly isWithin: boolean }) => {
    const params = { query, limit: PAGE, ...isWithin && { with: '@friend' } }
    return { ...await look(() => asked().call('search', params)), found: (await asked().call('search', params)).messages.length }
  }
}

export type HistoryCalls = typeof calls

answerCalls(calls, async () => {
  await node?.stop()
  opened?.store.close()
  opened?.lock.release()
  await rm(home, { recursive: true, force: true })
})

/** Milliseconds: the first time, and each time from then on. */
async function look (ask: () => unknown): Promise<{ readonly firstMs: number, readonly times: readonly number[] }> {
  const times = []
  for (let index = 0; index <= LOOKS; index++) {
    const startMs = performance.now()
    await ask()
    times.push(performance.now() - startMs)
  }
  return { firstMs: times[0] ?? 0, times: times.slice(1) }
}

function friend (): Omit<Contact, 'contact'> {
  return {
    accountId: accountId(realRandom.bytes(32)),
    alias: 'friend',
    name: undefined,
    profileVersion: 0,
    standing: 'accepted',
    statement: undefined,
    epoch: 0,
    seq: 0,
    statementHash: undefined,
    isKeyChanged: false,
    verifiedEpoch: undefined,
    inviteToken: undefined,
    aliasSecret: undefined,
    theirAliasSecret: undefined,
    recordKey: undefined,
    readKey: undefined,
    toldProfile: 0,
    createdAtMs: BEGAN_AT_MS
  }
}

function append (writer: Writer): void {
  let lastRow = 0
  for (let index = written; index < written + BATCH; index++) {
    const sentAtMs = BEGAN_AT_MS + index * APART_MS
    previous = timeOrderedId(sentAtMs, realRandom.bytes(ID_RANDOM_BYTES), previous)
    const hlcUs = sentAtMs * 1_000
    const isOwn = index % 2 === 0
    lastRow = writer.messages.append({
      id: contentId(previous),
      contact,
      isOwn,
      counter: index,
      hlcUs,
      positionUs: hlcUs,
      parents: [],
      missing: 0,
      sentAtMs,
      receivedAtMs: sentAtMs,
      kind: MESSAGE_KIND.text,
      text: texts.at(index),
      replyTo: undefined,
      state: isOwn ? 'delivered' : 'read'
    }) ?? lastRow
  }
  written += BATCH
  writer.conversations.addUnread(contact, 0, lastRow)
  writer.search.indexNext(BATCH)
}

function store (): OpenHome['store'] {
  if (opened === undefined) throw new Error('the store is open while the history grows')
  return opened.store
}

function asked (): SkeinNode {
  if (node === undefined) throw new Error('the node is opened before it is asked')
  return node
}
