import assert from 'node:assert/strict'
import { InvariantError } from '../../../protocols/core/invariant.ts'
import { MalformedError, UntrustedError } from '../../../protocols/core/errors.ts'
import type { Sealed } from '../../../node/ports.ts'
import { acquainted, closeParties, DAY_MS, inSession, Party, tampered, TestClock, told } from './party.ts'

describe('ratchet: starting and ending sessions', () => {
  afterEach(closeParties)

  it('both sides starting at once end up with one session', async () => {
    const { ana, bob } = await acquainted()
    await ana.start(bob)
    await bob.start(ana)
    const fromAna = await ana.send(bob, 'me first')
    const fromBob = await bob.send(ana, 'no, me')
    assert.equal(await bob.receive(ana, fromAna), 'me first')
    assert.equal(await ana.receive(bob, fromBob), 'no, me')
    for (let round = 0; round < 3; round++) {
      const [a, b] = [await ana.send(bob, `a${round}`), await bob.send(ana, `b${round}`)]
      assert.equal(await bob.receive(ana, a), `a${round}`)
      assert.equal(await ana.receive(bob, b), `b${round}`)
    }
    assert.equal((await ana.send(bob, 'x')).kind, 'whisper')
    assert.equal((await bob.send(ana, 'x')).kind, 'whisper')
  })

  it('a session that nobody answered for 30 days has ended, and a fresh bundle starts another', async () => {
    const { ana, bob, clock } = await acquainted()
    await ana.start(bob)
    const early = await ana.send(bob, 'are you there?')
    clock.nowMs += 29 * DAY_MS
    assert.equal(ana.sealer.hasSession(bob.device), true)
    clock.nowMs += 2 * DAY_MS
    assert.equal(ana.sealer.hasSession(bob.device), false)
    await assert.rejects(ana.send(bob, 'x'), InvariantError)
    await bob.refill()
    await ana.start(bob)
    assert.equal(await bob.receive(ana, await ana.send(bob, 'still?')), 'still?')
    assert.equal(await bob.receive(ana, early), 'are you there?')
  })

  it('an answered session does not end', async () => {
    const { ana, bob, clock } = await inSession()
    clock.nowMs += 400 * DAY_MS
    assert.equal(await bob.receive(ana, await ana.send(bob, 'long time')), 'long time')
  })

  it('a bundle with another identity key, of another device or with a forged signature starts nothing', async () => {
    const { ana, bob, clock } = await acquainted()
    const mallory = new Party(clock)
    await mallory.refill()
    const [good, forged] = [bob.bundle(), mallory.bundle()]
    await assert.rejects(ana.start(bob, { ...forged, deviceId: bob.device }), UntrustedError)
    await assert.rejects(ana.start(bob, forged), MalformedError)
    await assert.rejects(ana.start(bob, { ...good, signedPrekey: forged.signedPrekey }), MalformedError)
    await assert.rejects(ana.start(bob, { ...good, kemPrekey: forged.kemPrekey }), MalformedError)
    await assert.rejects(ana.start(bob, { ...good, kemPrekey: Uint8Array.of(8) }), MalformedError)
    assert.equal(ana.sealer.hasSession(bob.device), false)
    await ana.start(bob, good)
    assert.equal(ana.sealer.hasSession(bob.device), true)
  })

  it('no session starts with, and nothing is encrypted for, a device that is not listed', async () => {
    const { ana, bob } = await inSession()
    ana.revoke(bob)
    await assert.rejects(ana.start(bob), UntrustedError)
    await assert.rejects(ana.send(bob, 'x'), UntrustedError)
  })

  it('a dropped session needs a fresh bundle, but what was under way still decrypts', async () => {
    const { ana, bob } = await inSession()
    const underWay = await bob.send(ana, 'crossing')
    await ana.drop(bob)
    assert.equal(ana.sealer.hasSession(bob.device), false)
    await ana.start(bob)
    assert.equal(await bob.receive(ana, await ana.send(bob, 'fresh')), 'fresh')
    assert.equal(await ana.receive(bob, underWay), 'crossing')
    assert.equal(await bob.receive(ana, await ana.send(bob, 'on')), 'on')
    assert.equal(await ana.receive(bob, await bob.send(ana, 'and on')), 'and on')
  })

  it('dropping the session of a device that leaves its list keeps nothing', async () => {
    const { ana, bob } = await inSession()
    await ana.turn(() => Promise.resolve(), writer => {
      writer.devices.unlist(bob.device)
      ana.sealer.dropSession(bob.device)
    })
    assert.equal(ana.store.read.keys.hasSession(bob.device), false)
    ana.accept(bob)
    assert.equal(ana.sealer.hasSession(bob.device), false)
    assert.equal(await ana.receive(bob, await bob.send(ana, 'x')), 'noSession')
  })

  it('dropping a session that does not exist changes nothing', async () => {
    const { ana, bob } = await acquainted()
    await ana.drop(bob)
    assert.equal(ana.store.read.keys.hasSession(bob.device), false)
  })
})

describe('ratchet: complaints about what could not be decrypted', () => {
  afterEach(closeParties)

  async function complaintOf (bob: Party, ana: Party, sealed: Sealed): Promise<Uint8Array> {
    const decrypted = await bob.turn(() => bob.sealer.decrypt(ana.device, tampered(sealed)))
    assert.ok(decrypted.type === 'failed' && decrypted.decryptionError !== undefined)
    return decrypted.decryptionError
  }

  it('one about the current session ends it, one about an earlier session leaves the new one alone', async () => {
    const { ana, bob } = await inSession()
    const complaint = await complaintOf(bob, ana, await ana.send(bob, 'x'))
    await ana.drop(bob, complaint)
    assert.equal(ana.sealer.hasSession(bob.device), false)
    await ana.start(bob)
    await ana.drop(bob, complaint)
    assert.equal(ana.sealer.hasSession(bob.device), true)
  })

  it('one that cannot be read ends nothing', async () => {
    const { ana, bob } = await inSession()
    await ana.drop(bob, Uint8Array.of(1, 2, 3))
    assert.equal(ana.sealer.hasSession(bob.device), true)
  })
})

describe('trust within a unit of work', () => {
  afterEach(closeParties)

  it('a vouched device may be heard before its list is stored, and is unknown again when that is discarded', async () => {
    const clock = new TestClock()
    const [ana, bob] = [new Party(clock), new Party(clock)]
    ana.accept(bob)
    await bob.refill()
    await ana.start(bob)
    const request = await ana.send(bob, 'may I?')
    const hear = async (): Promise<string> => {
      bob.sealer.vouch(ana.device, ana.identityKey)
      return told(await bob.sealer.decrypt(ana.device, request))
    }
    assert.equal(await bob.lostTurn(hear), 'may I?')
    assert.equal(await bob.receive(ana, request), 'untrusted')
    assert.equal(await bob.turn(hear, writer => bob.putDevice(ana, writer)), 'may I?')
    assert.equal(await ana.receive(bob, await bob.send(ana, 'you may')), 'you may')
  })

  it('a vouched device whose list is not stored after all keeps no session', async () => {
    const clock = new TestClock()
    const [ana, bob] = [new Party(clock), new Party(clock)]
    ana.accept(bob)
    await bob.refill()
    await ana.start(bob)
    const request = await ana.send(bob, 'may I?')
    await bob.turn(async () => {
      bob.sealer.vouch(ana.device, ana.identityKey)
      await bob.sealer.decrypt(ana.device, request)
    })
    assert.equal(bob.sealer.hasSession(ana.device), false)
    assert.equal(bob.store.read.keys.hasSession(ana.device), false)
  })

  it('a vouched key outranks the list that it replaces', async () => {
    const { ana, bob } = await inSession()
    const sealed = await ana.send(bob, 'x')
    const other = new Party(bob.clock)
    const decrypted = await bob.turn(async () => {
      bob.sealer.vouch(ana.device, other.identityKey)
      return await bob.sealer.decrypt(ana.device, sealed)
    })
    assert.equal(told(decrypted), 'untrusted')
    assert.equal(await bob.receive(ana, sealed), 'x')
  })
})
