import assert from 'node:assert/strict'
import { NotFoundError } from '../../protocols/core/errors.ts'
import { STATEMENT_LIFETIME_MS } from '../../protocols/core/limits.ts'
import { START_MS } from '../../testnet/simulation/world.ts'
import { Engine } from './engine.ts'

describe('the directory', () => {
  it('knows contacts, their listed devices, and whose a peer is', () => {
    const ana = new Engine('ana')
    const bob = new Engine('bob', ana.world)
    const contact = ana.add(bob)
    const { directory } = ana
    assert.deepEqual([directory.contact(contact)?.devices.map(({ peerId }) => peerId), directory.peer('peerbob')?.contact, directory.device(bob.device)?.contact], [['peerbob'], contact, contact])
    assert.deepEqual([directory.contact(9), directory.peer('peercleo'), directory.device(ana.device)], [undefined, undefined, undefined])
  })

  it('keeps what it read until it is told to forget it', () => {
    const ana = new Engine('ana')
    const contact = ana.add(new Engine('bob', ana.world))
    const { directory } = ana
    assert.equal(directory.contact(contact)?.contact.standing, 'accepted')
    assert.equal(directory.peer('peerbob')?.contact, contact)
    ana.store.transact(writer => {
      writer.contacts.update(contact, { standing: 'blocked' })
      for (const { deviceId } of writer.read.devices.ofContact(contact)) writer.devices.unlist(deviceId)
    })
    assert.equal(directory.contact(contact)?.contact.standing, 'accepted')
    directory.forget(contact)
    assert.deepEqual([directory.contact(contact)?.contact.standing, directory.contact(contact)?.devices, directory.peer('peerbob')], ['blocked', [], undefined])
  })

  it('knows no peer whose device is listed no more', () => {
    const ana = new Engine('ana')
    const bob = new Engine('bob', ana.world)
    ana.add(bob)
    ana.store.transact(writer => { writer.devices.unlist(bob.device) })
    assert.equal(ana.directory.peer('peerbob'), undefined)
  })

  it('remembers whom a name means, and asks again when anybody has changed', () => {
    const ana = new Engine('ana')
    const [bob, cleo] = [ana.add(new Engine('bob', ana.world)), ana.add(new Engine('cleo', ana.world))]
    const { directory } = ana
    assert.equal(directory.named('@bob').contact, bob)
    ana.store.transact(writer => {
      writer.contacts.update(bob, { name: 'robert' })
      writer.contacts.update(cleo, { alias: 'bob' })
    })
    assert.equal(directory.named('@bob').contact, bob)
    directory.forget(cleo)
    assert.equal(directory.named('@bob').contact, cleo)
    assert.throws(() => directory.named('dora'), NotFoundError)
  })

  it('that was told of a name shows the contact as it is now', () => {
    const ana = new Engine('ana')
    const bob = ana.add(new Engine('bob', ana.world))
    assert.equal(ana.directory.named('bob').isKeyChanged, false)
    ana.store.transact(writer => { writer.contacts.update(bob, { isKeyChanged: true }) })
    ana.directory.forget(bob)
    assert.equal(ana.directory.named('bob').isKeyChanged, true)
  })

  it('knows when a device list has outlived its time; who has shown none has no old one', () => {
    const ana = new Engine('ana')
    const bob = ana.add(new Engine('bob', ana.world))
    assert.deepEqual([START_MS + STATEMENT_LIFETIME_MS - 1, START_MS + STATEMENT_LIFETIME_MS].map(nowMs => ana.directory.isListExpired(bob, nowMs)), [false, true])
    ana.store.transact(writer => { writer.contacts.update(bob, { statement: undefined }) })
    ana.directory.forget(bob)
    assert.equal(ana.directory.isListExpired(bob, Number.MAX_SAFE_INTEGER), false)
  })

  it('serves more contacts than it keeps', () => {
    const ana = new Engine('ana')
    const template = ana.store.read.contacts.byNumber(ana.add(new Engine('bob', ana.world)))
    assert.ok(template)
    const { contact, ...person } = template
    const numbers = ana.store.transact(writer => Array.from({ length: 9_000 }, () => writer.contacts.create({ ...person, accountId: ana.random.bytes(32) as typeof person.accountId })))
    assert.equal(numbers.filter(number => ana.directory.contact(number)?.contact.contact !== number).length, 0)
    assert.equal(ana.directory.contact(contact)?.devices.length, 1)
  })
})
