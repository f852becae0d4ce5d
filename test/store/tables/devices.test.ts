import assert from 'node:assert/strict'
import { UntrustedError } from '../../../protocols/core/errors.ts'
import type { AccountStore } from '../../../store/account-store.ts'
import type { Device } from '../../../store/types.ts'
import { addContact, aDevice, device, openMemory } from '../fixtures.ts'

describe('devices', () => {
  it('come back as they were put, by id, by peer and by contact', () => {
    const store = twoContacts()
    const first = aDevice({ addresses: ['/ip4/10.0.0.1/tcp/1', '/ip4/10.0.0.2/tcp/2'] })
    const second = aDevice({ deviceId: device(2), peerId: 'peer-2', isListed: false })
    put(store, first, second)
    assert.deepEqual(store.read.devices.byId(device(1)), first)
    assert.deepEqual(store.read.devices.byPeer('peer-2'), second)
    assert.deepEqual(store.read.devices.ofContact(1), [first, second])
    assert.equal(store.read.devices.byId(device(3)), undefined)
    store.close()
  })

  it('are replaced as a whole, unlisted, and given new addresses', () => {
    const store = twoContacts()
    put(store, aDevice())
    put(store, aDevice({ peerId: 'peer-9', registrationId: 10 }))
    store.transact(writer => { writer.devices.setAddresses(device(1), ['/dns/a/tcp/1']); writer.devices.unlist(device(1)) })
    assert.deepEqual(store.read.devices.ofContact(1), [aDevice({ peerId: 'peer-9', registrationId: 10, addresses: ['/dns/a/tcp/1'], isListed: false })])
    store.close()
  })

  it('of another contact cannot be taken over by a list that names them', () => {
    const store = twoContacts()
    put(store, aDevice())
    assert.throws(() => { put(store, aDevice({ contact: 2 })) }, UntrustedError)
    assert.throws(() => { put(store, aDevice({ contact: 2, deviceId: device(2) })) }, UntrustedError)
    assert.deepEqual(store.read.devices.ofContact(1), [aDevice()])
    assert.deepEqual(store.read.devices.ofContact(2), [])
    store.close()
  })

  it('go on under a new identity with the network key of the contact’s older device', () => {
    const store = twoContacts()
    put(store, aDevice())
    put(store, aDevice({ deviceId: device(2) }))
    assert.deepEqual(store.read.devices.ofContact(1), [aDevice({ deviceId: device(2) })])
    store.close()
  })
})

function twoContacts (): AccountStore {
  const store = openMemory()
  addContact(store, 1)
  addContact(store, 2)
  return store
}

function put (store: AccountStore, ...devices: readonly Device[]): void {
  store.transact(writer => { for (const known of devices) writer.devices.put(known) })
}
