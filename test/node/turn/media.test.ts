/** Files in messages: what a turn keeps of them, what it lets go, and what the two sides tell each other of a blob. */
import assert from 'node:assert/strict'
import { offerAgain, queueBlobNotice, recallBlobNotice, withdrawAttachments } from '../../../node/turn/media.ts'
import type { ContentId } from '../../../protocols/core/ids.ts'
import { blobRoot, type BlobRoot } from '../../../protocols/media/root.ts'
import type { Attachment, BlobNoticeKind } from '../../../protocols/message/content.ts'
import { MESSAGE_KIND } from '../../../store/types.ts'
import { smallAttachment } from '../../protocols/message/arbitraries.ts'
import { Engine, sealBeside } from '../engine.ts'

function rootNumbered (number: number): BlobRoot {
  return blobRoot(Uint8Array.of(1, 0x55, 0x12, 32, ...new Uint8Array(32).fill(number)))
}

const photo = smallAttachment({ root: rootNumbered(1), thumbnail: new Uint8Array(500).fill(7) })
const notes = smallAttachment({ root: rootNumbered(2), name: 'notes.pdf', type: 'application/pdf' })

interface Pair { readonly ana: Engine, readonly bob: Engine, readonly bobAtAna: number, readonly anaAtBob: number }

async function pair (): Promise<Pair> {
  const ana = new Engine('ana')
  const bob = new Engine('bob', ana.world)
  const [bobAtAna, anaAtBob] = [ana.add(bob), bob.add(ana)]
  await ana.meet(bob)
  return { ana, bob, bobAtAna, anaAtBob }
}

async function sendFiles ({ ana, bobAtAna }: Pair, attachments: readonly Attachment[], text = ''): Promise<ContentId> {
  return await ana.send(bobAtAna, { type: 'media', text, replyTo: undefined, attachments })
}

/** Everything that waits at Ana gets to Bob. */
async function deliver ({ ana, bob }: Pair): Promise<void> {
  const outcomes = await bob.receive(ana, ana.takeSealed())
  assert.ok(outcomes.every(({ type }) => type === 'stored'))
}

function attachmentsOf (engine: Engine, id: ContentId): Attachment[] {
  return engine.store.read.attachments.ofMessage(id).map(({ attachment }) => attachment)
}

function stateOf (engine: Engine, root: BlobRoot): string | undefined { return engine.store.read.blobs.byRoot(root)?.state }

/** A notice of one about a blob, to the other. */
async function notice (from: Engine, to: Engine, { root, kind }: { readonly root: BlobRoot, readonly kind: BlobNoticeKind }): Promise<void> {
  if (!from.sealer.hasSession(to.device)) await from.meet(to)
  const contact = from.store.read.contacts.list()[0]?.contact ?? 0
  await from.world.within(from.turn.write((writer, round) => { queueBlobNotice(root, kind, { contact, writer, round }) }))
  await from.rest()
  const outcomes = await to.receive(from, from.takeSealed())
  assert.ok(outcomes.length > 0 && outcomes.every(({ type }) => type === 'stored'))
}

describe('files in messages', () => {
  it('are kept as they stand there, on both sides, and the blobs are here at the one and known at the other', async () => {
    const both = await pair()
    const { ana, bob, bobAtAna, anaAtBob } = both
    const id = await sendFiles(both, [photo, notes], 'From the ferry')
    assert.deepEqual([stateOf(ana, photo.root), ana.store.read.blobs.byRoot(photo.root)?.leavesHeld], ['here', 1])
    assert.deepEqual(ana.store.read.blobs.recipients(photo.root).map(({ contact, fetchedAtMs }) => [contact, fetchedAtMs]), [[bobAtAna, undefined]])
    assert.deepEqual(ana.told.blobs.flatMap(({ offered }) => offered), [{ root: photo.root, contact: bobAtAna }, { root: notes.root, contact: bobAtAna }])
    await deliver(both)
    assert.deepEqual(attachmentsOf(bob, id), [photo, notes])
    assert.deepEqual(attachmentsOf(ana, id), [photo, notes])
    const message = bob.store.read.messages.byId(id)
    assert.deepEqual([message?.kind, message?.text, stateOf(bob, notes.root)], [MESSAGE_KIND.media, 'From the ferry', 'known'])
    assert.deepEqual(bob.told.blobs.flatMap(({ arrived }) => arrived.map(({ root, contact }) => [root, contact])), [[photo.root, anaAtBob], [notes.root, anaAtBob]])
  })

  it('that come twice are there once', async () => {
    const both = await pair()
    const id = await sendFiles(both, [photo])
    const [envelope] = both.ana.takeSealed()
    assert.ok(envelope !== undefined)
    await both.bob.receive(both.ana, [envelope, envelope])
    assert.equal(attachmentsOf(both.bob, id).length, 1)
  })

  it('stay when the text is edited', async () => {
    const both = await pair()
    const id = await sendFiles(both, [photo])
    await both.ana.send(both.bobAtAna, { type: 'edit', target: id, text: 'The ferry' })
    await deliver(both)
    assert.equal(both.bob.store.read.messages.byId(id)?.text, 'The ferry')
    assert.equal(attachmentsOf(both.bob, id).length, 1)
  })

  it('go with their message: keys first, and the blob when nothing else points to it', async () => {
    const both = await pair()
    const { ana, bob, bobAtAna } = both
    const one = await sendFiles(both, [photo, notes])
    const other = await sendFiles(both, [photo])
    await deliver(both)
    await ana.send(bobAtAna, { type: 'deletion', target: one })
    await deliver(both)
    for (const engine of [ana, bob]) {
      assert.deepEqual([attachmentsOf(engine, one).length, attachmentsOf(engine, other).length], [0, 1])
      assert.deepEqual([stateOf(engine, notes.root), engine.told.blobs.flatMap(({ dropped }) => dropped)], ['dropped', [notes.root]])
      assert.notEqual(stateOf(engine, photo.root), 'dropped')
    }
  })

  it('whose deletion came first are let go as they arrive', async () => {
    const both = await pair()
    const { ana, bob, bobAtAna } = both
    const id = await sendFiles(both, [photo])
    const sent = ana.takeSealed()
    await ana.send(bobAtAna, { type: 'deletion', target: id })
    await deliver(both)
    await bob.receive(ana, sent)
    assert.deepEqual([attachmentsOf(bob, id).length, stateOf(bob, photo.root)], [0, 'dropped'])
  })

  it('that were let go and come again are known again', async () => {
    const both = await pair()
    const id = await sendFiles(both, [photo])
    await deliver(both)
    await both.ana.send(both.bobAtAna, { type: 'deletion', target: id })
    await sendFiles(both, [photo])
    await deliver(both)
    assert.deepEqual([stateOf(both.ana, photo.root), stateOf(both.bob, photo.root)], ['here', 'known'])
  })

  it('are owed to nobody when their message is taken back, unless another one has them, too; and are again when it is tried again', async () => {
    const both = await pair()
    const { ana, bobAtAna: contact } = both
    const [first, second] = [await sendFiles(both, [photo]), await sendFiles(both, [photo])]
    const takeBack = async (id: ContentId): Promise<number> => await ana.world.within(ana.turn.write((writer, round) => {
      writer.messages.advance(id, 'cancelled', round.nowMs)
      withdrawAttachments(id, { contact, writer, round })
      return writer.read.blobs.recipients(photo.root).length
    }))
    assert.deepEqual([await takeBack(first), await takeBack(second)], [1, 0])
    assert.deepEqual(ana.told.blobs.flatMap(({ noticed }) => noticed), [{ root: photo.root, contact, kind: 'fetched' }])
    await ana.world.within(ana.turn.write((writer, round) => { offerAgain(second, { contact, writer, round }) }))
    assert.deepEqual(ana.store.read.blobs.unfetched().map(({ root }) => root), [photo.root])
    assert.deepEqual(ana.told.blobs.at(-1)?.offered, [{ root: photo.root, contact }])
  })

  it('are in the envelope again when the first one could not be read', async () => {
    const both = await pair()
    const { ana, bob } = both
    const id = await sendFiles(both, [photo])
    const row = ana.store.read.outbox.ofMessage(id)[0]?.row ?? 0
    ana.takeSealed()
    await ana.world.within(ana.turn.write((writer, round) => {
      writer.outbox.reopen(row, round.nowMs)
      round.seal(bob.device)
    }))
    await ana.rest()
    await deliver(both)
    assert.deepEqual(attachmentsOf(bob, id), [photo])
  })
})

describe('notices about a blob', () => {
  it('that it is fetched: its sender knows, once', async () => {
    const both = await pair()
    const { ana, bob } = both
    await sendFiles(both, [photo])
    await deliver(both)
    await notice(bob, ana, { root: photo.root, kind: 'fetched' })
    assert.notEqual(ana.store.read.blobs.recipients(photo.root)[0]?.fetchedAtMs, undefined)
    assert.ok(ana.events().includes('attachment.state'))
    await notice(bob, ana, { root: photo.root, kind: 'fetched' })
    assert.deepEqual(ana.told.blobs.flatMap(({ noticed }) => noticed.map(({ kind }) => kind)), ['fetched'])
  })

  it('that nobody has it: its sender is asked each time', async () => {
    const both = await pair()
    const { ana, bob } = both
    await sendFiles(both, [photo])
    await deliver(both)
    await notice(bob, ana, { root: photo.root, kind: 'missing' })
    await notice(bob, ana, { root: photo.root, kind: 'missing' })
    assert.deepEqual(ana.told.blobs.flatMap(({ noticed }) => noticed.map(({ kind }) => kind)), ['missing', 'missing'])
  })

  it('that it is gone: hope is lost, unless it is here already', async () => {
    const both = await pair()
    const { ana, bob } = both
    await sendFiles(both, [photo, notes])
    await deliver(both)
    bob.store.transact(writer => { writer.blobs.setState(notes.root, 'here') })
    for (const { root } of [photo, notes]) await notice(ana, bob, { root, kind: 'gone' })
    assert.deepEqual([stateOf(bob, photo.root), stateOf(bob, notes.root)], ['gone', 'here'])
  })

  it('mean nothing from somebody whom it does not concern', async () => {
    const both = await pair()
    const { ana, bob } = both
    await sendFiles(both, [photo])
    await deliver(both)
    if (!bob.sealer.hasSession(ana.device)) await bob.meet(ana)
    // Let go, and so not here: but it is hers.
    ana.store.transact(writer => { writer.blobs.setState(photo.root, 'known') })
    // Bob says of Ana's file that it is gone, of which only she can know; and that he has one that she never sent.
    for (const [root, kind] of [[photo.root, 'gone'], [notes.root, 'fetched'], [notes.root, 'missing']] as const) {
      const content = { id: bob.turn.ids.next(1_000) as ContentId, counter: 0, hlcUs: 0, parents: [], sentAtMs: 0, type: 'blobNotice' as const, root, kind }
      const sealed = await sealBeside([content], { from: bob, to: ana })
      await ana.receive(bob, [{ envelopeId: bob.turn.ids.next(1_000) as never, sealed }])
    }
    assert.equal(stateOf(ana, photo.root), 'known')
    assert.deepEqual(ana.told.blobs.flatMap(({ noticed }) => noticed), [])
  })

  it('are not made any more about a blob whose message was deleted meanwhile', async () => {
    const both = await pair()
    const { ana, bob, bobAtAna } = both
    const id = await sendFiles(both, [photo])
    await deliver(both)
    const ref = { kind: 'blobFetched' as const, id: photo.root.slice(4, 20) }
    assert.deepEqual(recallBlobNotice(ref, bob.store.read), { root: photo.root, kind: 'fetched' })
    await ana.send(bobAtAna, { type: 'deletion', target: id })
    await deliver(both)
    assert.equal(recallBlobNotice(ref, bob.store.read), undefined)
  })
})
