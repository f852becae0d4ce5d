import assert from 'node:assert/strict'
import { deviceIdOf } from '../../../protocols/account/identity.ts'
import { deviceIdText } from '../../../protocols/core/ids.ts'
import { generateIdentity } from '../../../node/crypto/keys.ts'

describe('identity of a device', () => {
  it('is a fresh key, an id that follows from it and a registration id of 14 bits', () => {
    const [one, two] = [generateIdentity(), generateIdentity()]
    assert.notDeepEqual(one.identityKey, two.identityKey)
    for (const { publicKey, deviceId, registrationId } of [one, two]) {
      assert.deepEqual(deviceIdOf(publicKey), deviceId)
      assert.match(deviceIdText(deviceId), /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      assert.ok(registrationId >= 1 && registrationId <= 16_380)
    }
  })
})
