/** Keys that change are never silent: what somebody sees whose contact got a new signing key, rightly or not. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { parseRecoveryWords, recoveryKeyOf } from '../../protocols/account/recovery.ts'
import { signRotation } from '../../protocols/account/rotation.ts'
import { nextStatement, signStatement, verifyStatement } from '../../protocols/account/statement.ts'
import { decodeSignedStatement, encodeSignedStatement } from '../../protocols/account/wire.ts'
import { publicKeyOf, SECRET_KEY_BYTES } from '../../protocols/core/signed.ts'
import { verifyConsent } from '../../node/crypto/consent.ts'
import { befriend, friends, Person } from './nodes.ts'

describe('trust between real nodes', () => {
  it('safety numbers are equal on both sides, and of two people only', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    await using cleo = await Person.create('Cleo')
    await befriend(cleo, ana)
    const number = await safetyNumber(ana, bob)
    assert.match(number, /^\d{60}$/)
    assert.equal(await safetyNumber(bob, ana), number)
    assert.notEqual(await safetyNumber(ana, cleo), number)
    await ana.restart()
    assert.equal(await safetyNumber(ana, bob), number)
  })

  it('a number that was compared is remembered, a wrong one changes nothing', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    const number = await safetyNumber(bob, ana)
    const wrong = `${number.startsWith('1') ? '2' : '1'}${number.slice(1)}`
    await assert.rejects(ana.call('contact.verify', { who: bob.account, safetyNumber: wrong }), { code: 'untrusted', exit: 4 })
    assert.equal((await ana.call('contact.show', { who: bob.account })).contact.isVerified, false)
    const spaced = number.replace(/(\d{5})/g, '$1 ')
    assert.equal((await ana.call('contact.verify', { who: bob.account, safetyNumber: spaced })).contact.isVerified, true)
    await ana.restart()
    assert.equal((await ana.call('contact.show', { who: bob.account })).contact.isVerified, true)
    assert.equal((await ana.call('contact.verify', { who: bob.account, undo: true })).contact.isVerified, false)
  })

  it('a new signing key of a contact stops sending until somebody has looked', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    const before = await safetyNumber(ana, bob)
    await ana.call('contact.verify', { who: bob.account, safetyNumber: before })
    await rotate(bob)
    await bob.start()
    await bob.send(ana, 'new key, same Bob')
    const { contact, text } = await ana.event(event => event.type === 'contact.key_changed')
    assert.equal(contact?.account, bob.account)
    assert.match(text ?? '', /signing key changed/)
    // What he writes is still shown: it comes from a device that he had before.
    await ana.received('new key, same Bob')
    const untrusted = { name: 'UntrustedError', code: 'untrusted', exit: 4 }
    await assert.rejects(ana.send(bob, 'secret'), untrusted)
    const [message] = await ana.read(bob)
    assert.ok(message)
    await assert.rejects(ana.call('react', { id: message.id, emoji: '👍' }), untrusted)
    assert.deepEqual(await ana.texts(bob), ['new key, same Bob'], 'what was refused is not in the conversation')
    const after = await safetyNumber(ana, bob)
    assert.notEqual(after, before)
    assert.equal(await safetyNumber(bob, ana), after)
    const { isVerified, isKeyChanged } = (await ana.call('contact.show', { who: bob.account })).contact
    assert.deepEqual({ isVerified, isKeyChanged }, { isVerified: false, isKeyChanged: true })
    await assert.rejects(ana.call('contact.verify', { who: bob.account, safetyNumber: before }), untrusted)
    await assert.rejects(ana.send(bob, 'secret'), untrusted)
    assert.match((await ana.node.status()).trouble.join(), /changed signing key/)
    assert.equal((await ana.call('contact.verify', { who: bob.account, safetyNumber: after })).contact.isVerified, true)
    await ana.until(await ana.send(bob, 'good to see you'), 'delivered')
  })

  it('a changed key can be accepted without comparing, and is then unverified', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    await rotate(bob)
    await bob.start()
    await bob.send(ana, 'hello again')
    await ana.event(event => event.type === 'contact.key_changed')
    const { contact } = await ana.call('contact.verify', { who: bob.account, acceptKey: true })
    assert.deepEqual([contact.isKeyChanged, contact.isVerified], [false, false])
    await ana.until(await ana.send(bob, 'fine'), 'delivered')
  })

  it('two device lists under one number are a lie, and stop sending as well', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    await bob.stop()
    await bob.withStore(store => store.transact(writer => {
      const own = store.read.own.get()
      assert.ok(own)
      const held = verifyStatement(decodeSignedStatement(own.statement), verifyConsent)
      writer.own.update({ statement: encodeSignedStatement(signStatement({ ...held, expiresAtMs: held.expiresAtMs + 1 }, own.signingKey)) })
    }))
    await bob.start()
    await bob.send(ana, 'which Bob?')
    await ana.event(event => event.type === 'contact.key_changed')
    await assert.rejects(ana.send(bob, 'neither'), { code: 'untrusted' })
  })

  it('a list with a rotation that the recovery key has not signed is not believed', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    const before = await safetyNumber(ana, bob)
    await bob.stop()
    await assert.rejects(rotate(bob, randomBytes(SECRET_KEY_BYTES)), { code: 'malformed' })
    await bob.start()
    await ana.until(await ana.send(bob, 'as before'), 'delivered')
    assert.equal(await safetyNumber(ana, bob), before)
  })

  it('the policy verified-only sends to nobody whose number was not compared', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    await ana.call('me.policy', { trust: 'verified-only' })
    await assert.rejects(ana.send(bob, 'not yet'), { code: 'untrusted', exit: 4 })
    await bob.until(await bob.send(ana, 'hear me?'), 'delivered')
    await ana.call('contact.verify', { who: bob.account, safetyNumber: await safetyNumber(bob, ana) })
    await ana.until(await ana.send(bob, 'now'), 'delivered')
    await rotate(bob)
    await bob.start()
    await bob.send(ana, 'rotated')
    await ana.event(event => event.type === 'contact.key_changed')
    await ana.call('contact.verify', { who: bob.account, acceptKey: true })
    await assert.rejects(ana.send(bob, 'accepted is not compared'), { code: 'untrusted' })
  })
})

async function safetyNumber (person: Person, other: Person): Promise<string> {
  return (await person.call('contact.show', { who: other.account })).safetyNumber ?? ''
}

/** Stops a node and gives its account a new signing key, as a restore from the recovery words would. */
async function rotate (person: Person, recoveryKey = recoveryKeyOf(parseRecoveryWords(person.recoveryWords.join(' ')))): Promise<void> {
  const nowMs = Date.now()
  await person.stop()
  await person.withStore(store => store.transact(writer => {
    const own = store.read.own.get()
    assert.ok(own)
    const held = verifyStatement(decodeSignedStatement(own.statement), verifyConsent)
    const signingKey = new Uint8Array(randomBytes(SECRET_KEY_BYTES))
    const rotation = signRotation({ accountId: own.accountId, epoch: held.epoch + 1, signingKey: publicKeyOf(signingKey) }, recoveryKey)
    const signed = signStatement(nextStatement(held, { rotation, nowMs }), signingKey)
    verifyStatement(signed, verifyConsent)
    writer.own.update({ statement: encodeSignedStatement(signed), signingKey })
  }))
}
