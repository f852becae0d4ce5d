import assert from 'node:assert/strict'
import { SignalMessage } from '@signalapp/libsignal-client'
import { InvariantError } from '../../../protocols/core/invariant.ts'
import { UntrustedError } from '../../../protocols/core/errors.ts'
import { ENVELOPE_BUCKETS_BYTES, PACK_BYTES_MAX, PACK_CONTENTS_MAX } from '../../../protocols/core/limits.ts'
import { padBucket, padContent, SEAL_OVERHEAD_BYTES } from '../../../protocols/envelope/padding.ts'
import { encodeCiphertext } from '../../../protocols/envelope/wire.ts'
import { joinPack } from '../../../protocols/message/wire.ts'
import { deviceId } from '../../../protocols/core/ids.ts'
import type { Sealed } from '../../../node/ports.ts'
import { acquainted, closeParties, inSession, Party, tampered, told } from './party.ts'

const STATEMENT = { epoch: 1_000, seq: 1_000_000, hash: new Uint8Array(32) }

describe('ratchet: messages', () => {
  afterEach(closeParties)

  it('a first message starts the session at the other side, and an answer ends the PreKey form', async () => {
    const { ana, bob } = await acquainted()
    await ana.start(bob)
    const first = await ana.send(bob, 'hello')
    assert.equal(first.kind, 'prekey')
    assert.equal(await bob.receive(ana, first), 'hello')
    const answer = await bob.send(ana, 'hello back')
    assert.equal(answer.kind, 'whisper')
    assert.equal(await ana.receive(bob, answer), 'hello back')
    assert.equal((await ana.send(bob, 'again')).kind, 'whisper')
  })

  it('messages that leave before the first answer arrive in any order', async () => {
    const { ana, bob } = await acquainted()
    await ana.start(bob)
    const sent = [await ana.send(bob, 'one'), await ana.send(bob, 'two'), await ana.send(bob, 'three')]
    assert.deepEqual(sent.map(sealed => sealed.kind), ['prekey', 'prekey', 'prekey'])
    assert.equal(await bob.receive(ana, at(sent, 2)), 'three')
    assert.equal(await bob.receive(ana, at(sent, 0)), 'one')
    assert.equal(await bob.receive(ana, at(sent, 1)), 'two')
  })

  it('a full pack fits into the third bucket, also one that starts a session', async () => {
    const { ana, bob } = await acquainted()
    await ana.start(bob)
    // A content above 127 bytes is framed by a tag and two bytes of length.
    const pack = joinPack({ contents: Array.from({ length: PACK_CONTENTS_MAX }, () => new Uint8Array(PACK_BYTES_MAX / PACK_CONTENTS_MAX - 3)), senderStatement: STATEMENT })
    const bytesOf = async (from: Party, to: Party): Promise<{ readonly kind: Sealed['kind'], readonly bytes: number }> => {
      const { kind, body } = await from.turn(async () => await from.sealer.encrypt(to.device, padContent(pack)))
      return { kind, bytes: padBucket(encodeCiphertext({ senderDevice: from.device, kind, body })).byteLength + SEAL_OVERHEAD_BYTES }
    }
    const first = await bytesOf(ana, bob)
    assert.ok(first.kind === 'prekey' && first.bytes <= ENVELOPE_BUCKETS_BYTES[2], `${first.kind} of ${first.bytes}`)
    assert.equal(await bob.receive(ana, await ana.send(bob, 'hello')), 'hello')
    // The ratchet sends parts of a KEM key along, in each direction for a while.
    for (let turn = 0; turn < 20; turn++) {
      assert.ok((await bytesOf(ana, bob)).bytes <= ENVELOPE_BUCKETS_BYTES[2])
      assert.equal(await ana.receive(bob, await bob.send(ana, 'yes')), 'yes')
      assert.equal(await bob.receive(ana, await ana.send(bob, 'no')), 'no')
    }
  })

  it('both directions decrypt in any order', async () => {
    const { ana, bob } = await inSession()
    const toBob = [await ana.send(bob, 'a1'), await ana.send(bob, 'a2'), await ana.send(bob, 'a3')]
    const toAna = [await bob.send(ana, 'b1'), await bob.send(ana, 'b2')]
    assert.equal(await bob.receive(ana, at(toBob, 2)), 'a3')
    assert.equal(await ana.receive(bob, at(toAna, 1)), 'b2')
    const late = await bob.send(ana, 'b3')
    assert.equal(await bob.receive(ana, at(toBob, 0)), 'a1')
    assert.equal(await ana.receive(bob, late), 'b3')
    assert.equal(await ana.receive(bob, at(toAna, 0)), 'b1')
    assert.equal(await bob.receive(ana, at(toBob, 1)), 'a2')
  })

  it('a hundred messages of several turns never use a ratchet key twice', async () => {
    const { ana, bob } = await inSession()
    const sent: Sealed[] = []
    for (let turn = 0; turn < 10; turn++) {
      await ana.turn(async () => {
        for (let index = 0; index < 10; index++) sent.push(await ana.sealer.encrypt(bob.device, Buffer.from(`${turn}.${index}`)))
      })
    }
    const counters = sent.map(sealed => SignalMessage.deserialize(Uint8Array.from(sealed.body)).counter())
    assert.equal(new Set(counters).size, 100)
  })

  it('twenty messages in one turn decrypt one after the other', async () => {
    const { ana, bob } = await inSession()
    const sent: Sealed[] = []
    for (let index = 0; index < 20; index++) sent.push(await ana.send(bob, `message ${index}`))
    const texts = await bob.turn(async () => {
      const heard: string[] = []
      for (const sealed of sent) heard.push(told(await bob.sealer.decrypt(ana.device, sealed)))
      return heard
    })
    assert.deepEqual(texts, sent.map((_sealed, index) => `message ${index}`))
  })

  it('two operations at a time are a bug, whichever they are', async () => {
    const { ana, bob } = await inSession()
    const first = ana.sealer.encrypt(bob.device, Buffer.from('one'))
    await assert.rejects(ana.sealer.encrypt(bob.device, Buffer.from('two')), InvariantError)
    assert.throws(() => ana.sealer.discard(), InvariantError)
    await first
    ana.sealer.discard()
    assert.equal(await bob.receive(ana, await ana.send(bob, 'three')), 'three')
  })

  it('an empty text and one of 64 KiB travel unharmed, also from shared memory', async () => {
    const { ana, bob } = await inSession()
    const long = new Uint8Array(new SharedArrayBuffer(65_536)).fill(0x61)
    const sealed = await ana.turn(() => ana.sealer.encrypt(bob.device, long))
    assert.equal(await bob.receive(ana, sealed), 'a'.repeat(65_536))
    assert.equal(await bob.receive(ana, await ana.send(bob, '')), '')
  })
})

describe('ratchet: bytes of the caller', () => {
  afterEach(closeParties)

  it('may lie in the middle of a frame, and the frame may change afterwards', async () => {
    const { ana, bob } = await inSession()
    const frame = new Uint8Array(200)
    frame.set(bob.device, 50)
    frame.set(Buffer.from('in the middle'), 100)
    ana.restart()
    const sealed = await ana.turn(async () => {
      const encrypted = await ana.sealer.encrypt(deviceId(frame.subarray(50, 66)), frame.subarray(100, 113))
      frame.fill(0)
      return encrypted
    })
    const body = new Uint8Array(sealed.body.byteLength + 10)
    body.set(sealed.body, 5)
    assert.equal(await bob.receive(ana, { kind: sealed.kind, body: body.subarray(5, -5) }), 'in the middle')
    ana.restart()
    assert.equal(await bob.receive(ana, await ana.send(bob, 'goes on')), 'goes on')
  })
})

describe('ratchet: failures', () => {
  afterEach(closeParties)

  it('a message that comes again is a duplicate', async () => {
    const { ana, bob } = await acquainted()
    await ana.start(bob)
    const first = await ana.send(bob, 'first flight')
    await bob.receive(ana, first)
    assert.equal(await bob.receive(ana, first), 'duplicate')
    await ana.receive(bob, await bob.send(ana, 'answer'))
    const second = await ana.send(bob, 'second')
    await bob.receive(ana, second)
    assert.equal(await bob.receive(ana, second), 'duplicate')
  })

  it('a changed message is broken, and the ones after it decrypt, the unchanged one included', async () => {
    const { ana, bob } = await inSession()
    const sealed = await ana.send(bob, 'one')
    assert.equal(await bob.receive(ana, tampered(sealed)), 'broken')
    assert.equal(await bob.receive(ana, await ana.send(bob, 'two')), 'two')
    assert.equal(await bob.receive(ana, sealed), 'one')
  })

  it('a changed first flight is broken and uses nothing up', async () => {
    const { ana, bob } = await acquainted()
    await ana.start(bob)
    const first = await ana.send(bob, 'hello')
    assert.equal(await bob.receive(ana, tampered(first)), 'broken')
    assert.equal(bob.sealer.hasSession(ana.device), false)
    assert.equal(await bob.receive(ana, first), 'hello')
  })

  it('bytes that are no message are broken and ask for nothing', async () => {
    const { ana, bob } = await inSession()
    for (const kind of ['whisper', 'prekey'] as const) {
      const decrypted = await bob.turn(() => bob.sealer.decrypt(ana.device, { kind, body: Uint8Array.of(1, 2, 3) }))
      assert.deepEqual(decrypted, { type: 'failed', reason: 'broken' })
    }
  })

  it('a message without a session says so, and carries what a retry request needs', async () => {
    const { ana, bob } = await inSession()
    const sealed = await ana.send(bob, 'to a Bob who forgot')
    const forgetful = new Party(bob.clock)
    forgetful.accept(ana)
    const decrypted = await forgetful.turn(() => forgetful.sealer.decrypt(ana.device, sealed))
    assert.equal(told(decrypted), 'noSession')
    assert.ok(decrypted.type === 'failed' && decrypted.decryptionError !== undefined)
  })

  it('nothing decrypts from a device that no accepted list names', async () => {
    const { ana, bob } = await inSession()
    const before = await ana.send(bob, 'sent while listed')
    bob.revoke(ana)
    const decrypted = await bob.turn(() => bob.sealer.decrypt(ana.device, before))
    assert.deepEqual(decrypted, { type: 'failed', reason: 'untrusted' })
    const stranger = new Party(ana.clock)
    assert.equal(await bob.receive(stranger, before), 'untrusted')
  })

  it('a first flight under another identity key than the accepted one is untrusted', async () => {
    const { ana, bob, clock } = await acquainted()
    const mallory = new Party(clock)
    mallory.accept(bob)
    await mallory.start(bob)
    const sealed = await mallory.send(bob, 'I am Ana')
    assert.equal(await bob.receive(ana, sealed), 'untrusted')
    assert.equal(bob.sealer.hasSession(ana.device), false)
  })

  it('a session whose identity key is not the accepted one any more is untrusted, both ways', async () => {
    const { ana, bob, clock } = await inSession()
    const sealed = await ana.send(bob, 'under the old key')
    const other = new Party(clock)
    bob.store.transact(writer => {
      const device = writer.read.devices.byId(ana.device)
      assert.ok(device)
      writer.devices.put({ ...device, identityKey: other.identityKey })
    })
    assert.equal(await bob.receive(ana, sealed), 'untrusted')
    await assert.rejects(bob.send(ana, 'x'), UntrustedError)
  })

  it('a message that is overtaken by more than five round trips is broken, and the rest goes on', async () => {
    const { ana, bob } = await inSession()
    const [late, tooLate] = [await ana.send(bob, 'late'), await ana.send(bob, 'too late')]
    for (let trip = 1; trip <= 6; trip++) {
      await ana.receive(bob, await bob.send(ana, 'x'))
      await bob.receive(ana, await ana.send(bob, 'y'))
      if (trip === 5) assert.equal(await bob.receive(ana, late), 'late')
    }
    assert.equal(await bob.receive(ana, tooLate), 'broken')
    assert.equal(await bob.receive(ana, await ana.send(bob, 'z')), 'z')
  })

  it('of more skipped messages than libsignal remembers, the oldest is a duplicate', async function () {
    const { ana, bob } = await inSession()
    const sent = await ana.turn(async () => {
      const all: Sealed[] = []
      for (let index = 0; index < 2_003; index++) all.push(await ana.sealer.encrypt(bob.device, Buffer.from(`${index}`)))
      return all
    })
    assert.equal(await bob.receive(ana, at(sent, 2_002)), '2002')
    assert.equal(await bob.receive(ana, at(sent, 2)), '2')
    const lost = await bob.turn(() => bob.sealer.decrypt(ana.device, at(sent, 0)))
    assert.ok(lost.type === 'failed' && lost.reason === 'duplicate' && lost.decryptionError !== undefined)
    assert.equal(await bob.receive(ana, at(sent, 2_001)), '2001')
  })
})

function at (sent: readonly Sealed[], index: number): Sealed {
  const sealed = sent[index]
  assert.ok(sealed)
  return sealed
}
