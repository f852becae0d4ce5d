/** Files of messages, blobs, and to whom they were sent, in the tables. */
import assert from 'node:assert/strict'
import { blobRoot, type BlobRoot } from '../../../protocols/media/root.ts'
import type { BlobCopy } from '../../../store/types.ts'
import { smallAttachment } from '../../protocols/message/arbitraries.ts'
import { content, openMemory } from '../fixtures.ts'

function root (number: number): BlobRoot { return blobRoot(Uint8Array.of(1, 0x55, 0x12, 32, ...new Uint8Array(32).fill(number))) }

const A_BLOB = { root: root(1), state: 'known' as const, blobBytes: 4_152, leavesHeld: 0, addedAtMs: 10 }

describe('attachments', () => {
  it('come back as they were, in the order of their message, and only once', () => {
    const store = openMemory()
    const [photo, notes] = [smallAttachment({ root: root(1), thumbnail: new Uint8Array(50) }), smallAttachment({ root: root(2), name: 'notes' })]
    store.transact(writer => {
      writer.attachments.add(content(1), [photo, notes])
      writer.attachments.add(content(1), [notes])
      writer.attachments.add(content(2), [photo])
    })
    assert.deepEqual(store.read.attachments.ofMessage(content(1)), [photo, notes].map((attachment, place) => ({ message: content(1), place, attachment })))
    assert.deepEqual(store.read.attachments.ofBlob(root(1)).map(({ message, place }) => [message, place]), [[content(1), 0], [content(2), 0]])
    assert.deepEqual(store.read.attachments.newest(undefined, 5), [content(2), content(1)])
    assert.deepEqual(store.read.attachments.newest(undefined, 1), [content(2)])
    store.transact(writer => { writer.attachments.removeOf(content(1)) })
    assert.deepEqual(store.read.attachments.ofMessage(content(1)), [])
    assert.deepEqual(store.read.attachments.ofBlob(root(2)), [])
    store.close()
  })

  it('are found by the beginning of a root', () => {
    const store = openMemory()
    store.transact(writer => { writer.attachments.add(content(1), [smallAttachment({ root: root(7) })]) })
    assert.deepEqual(store.read.attachments.rootBetween(root(6), root(8)), root(7))
    assert.equal(store.read.attachments.rootBetween(root(8), root(9)), undefined)
    store.close()
  })
})

describe('blobs', () => {
  it('are known once, and known again after they were dropped', () => {
    const store = openMemory()
    store.transact(writer => {
      writer.blobs.add(A_BLOB)
      writer.blobs.setState(A_BLOB.root, 'here')
      writer.blobs.setHeld(A_BLOB.root, 1)
      writer.blobs.add({ ...A_BLOB, addedAtMs: 20 })
    })
    assert.deepEqual(store.read.blobs.byRoot(A_BLOB.root), { ...A_BLOB, state: 'here', leavesHeld: 1, isPinned: false, usedAtMs: 10, detail: undefined })
    store.transact(writer => {
      writer.blobs.setState(A_BLOB.root, 'dropped')
      writer.blobs.add({ ...A_BLOB, addedAtMs: 30 })
    })
    assert.deepEqual([store.read.blobs.byRoot(A_BLOB.root)?.state, store.read.blobs.byRoot(A_BLOB.root)?.usedAtMs], ['known', 30])
    store.close()
  })

  it('stand in the order in which they were used, by state', () => {
    const store = openMemory()
    store.transact(writer => {
      for (const number of [1, 2, 3]) writer.blobs.add({ ...A_BLOB, root: root(number), state: number === 3 ? 'wanted' : 'here', addedAtMs: number })
      writer.blobs.touch(root(1), 50)
      writer.blobs.setState(root(3), 'wanted', 'nobody answers')
    })
    assert.deepEqual(store.read.blobs.inState('here').map(blob => blob.root), [root(2), root(1)])
    assert.deepEqual(store.read.blobs.inState('wanted').map(({ detail }) => detail), ['nobody answers'])
    assert.deepEqual(store.transact(writer => [writer.blobs.pin(root(1), true), writer.blobs.pin(root(9), true)]), [true, false])
    assert.equal(store.read.blobs.byRoot(root(1))?.isPinned, true)
    store.close()
  })

  it('are fetched by a recipient once, and forgotten with their recipients', () => {
    const store = openMemory()
    store.transact(writer => {
      writer.blobs.add(A_BLOB)
      writer.blobs.addRecipient(A_BLOB.root, 2, 5)
      writer.blobs.addRecipient(A_BLOB.root, 1, 6)
      writer.blobs.addRecipient(A_BLOB.root, 1, 7)
    })
    assert.deepEqual(store.read.blobs.unfetched().map(({ contact, addedAtMs }) => [contact, addedAtMs]), [[2, 5], [1, 6]])
    assert.deepEqual(store.transact(writer => [1, 1, 3].map(contact => writer.blobs.markFetched(A_BLOB.root, contact, 9))), [true, false, false])
    assert.deepEqual(store.read.blobs.recipients(A_BLOB.root).map(({ fetchedAtMs }) => fetchedAtMs), [9, undefined])
    store.transact(writer => { writer.blobs.remove(A_BLOB.root) })
    assert.deepEqual([store.read.blobs.byRoot(A_BLOB.root), store.read.blobs.recipients(A_BLOB.root), store.read.blobs.unfetched()], [undefined, [], []])
    store.close()
  })

  it('have copies at relays, which come back as they were put', () => {
    const store = openMemory()
    const copy: BlobCopy = { root: root(1), contact: 1, relay: 'eu', state: 'stored', attempts: 2, leavesStored: 3, keepUntilMs: 99, detail: undefined, evidence: Uint8Array.of(1) }
    const other: BlobCopy = { ...copy, relay: 'us', state: 'refused', keepUntilMs: undefined, detail: 'full', evidence: undefined }
    store.transact(writer => {
      writer.blobCopies.put({ ...copy, state: 'waiting' })
      writer.blobCopies.put(copy)
      writer.blobCopies.put(other)
    })
    assert.deepEqual(store.read.blobCopies.ofBlob(root(1)), [copy, other])
    assert.deepEqual(store.read.blobCopies.ofRelay('us'), [other])
    store.transact(writer => { writer.blobCopies.removeOf(root(1)) })
    assert.deepEqual(store.read.blobCopies.ofBlob(root(1)), [])
    store.close()
  })
})
