import assert from 'node:assert/strict'
import { isRotationOf, signRotation } from '../../../protocols/account/rotation.ts'
import { isExpired, isRefreshDue, nextStatement, refOf, signStatement, statementHash, verifyStatement } from '../../../protocols/account/statement.ts'
import { encodeStatement, type Statement } from '../../../protocols/account/wire.ts'
import { InvariantError } from '../../../protocols/core/invariant.ts'
import { STATEMENT_LIFETIME_MS, STATEMENT_REFRESH_MS } from '../../../protocols/core/limits.ts'
import { publicKeyOf, sign } from '../../../protocols/core/signed.ts'
import { assertMalformed } from '../core/codec.ts'
import { ana, anaInception, anaRecovery, anasFirst, consentOf, deviceOf, isConsent, malloryKey, NOW_MS, signedByAna, verifiedOfAna } from './people.ts'

/** Signs whatever it is given, as an attacker can. */
function forge (statement: Statement, key: Uint8Array): ReturnType<typeof signStatement> {
  const payload = encodeStatement(statement)
  return { payload, signature: sign('skein/statement/v1', payload, key) }
}

describe('a statement', () => {
  it('that its account signed is believed, by anybody', () => {
    const signed = signedByAna(anasFirst())
    const verified = verifyStatement(signed, isConsent)
    assert.deepEqual(verified.devices, anasFirst().devices)
    assert.deepEqual(refOf(verified), { epoch: 0, seq: 1, hash: statementHash(signed.payload) })
    assert.deepEqual(verified.currentKey, anaInception.signingKey)
  })

  it('signed by anybody else is not', () => {
    assertMalformed(() => verifyStatement(forge(anasFirst(), malloryKey), isConsent), /signed by the signing key/)
  })

  it('is not believed when any byte of it is changed', () => {
    const { payload, signature } = signedByAna(anasFirst())
    for (let place = 0; place < payload.byteLength; place += 7) {
      const changed = Uint8Array.from(payload)
      changed[place] = (changed[place] ?? 0) ^ 1
      assertMalformed(() => verifyStatement({ payload: changed, signature }, isConsent), /./)
    }
  })

  it('cannot take over the id of another account', () => {
    const inception = { ...anaInception, signingKey: publicKeyOf(malloryKey) }
    assertMalformed(() => verifyStatement(forge({ ...anasFirst(), inception }, malloryKey), isConsent), /inception must hash/)
  })

  it('cannot list a device that has not agreed', () => {
    const [device] = anasFirst().devices
    assert.ok(device !== undefined)
    const unwilling = { ...device, consent: consentOf(device.identityKey, deviceOf(ana, 20).deviceId as never) }
    assertMalformed(() => verifyStatement(signedByAna(anasFirst([unwilling])), isConsent), /every device must have signed/)
  })

  it('cannot give a device the id of another', () => {
    const swapped = { ...deviceOf(ana, 10), deviceId: deviceOf(ana, 11).deviceId }
    assertMalformed(() => verifyStatement(signedByAna(anasFirst([swapped])), isConsent), /hash of the device's identity key/)
  })

  it('is not signed in a form that others would refuse', () => {
    assertMalformed(() => signedByAna(anasFirst([])), /devices/)
  })

  it('expires after its lifetime and is renewed long before, or when the clock was set back', () => {
    const statement = anasFirst()
    assert.ok(!isExpired(statement, NOW_MS + STATEMENT_LIFETIME_MS - 1))
    assert.ok(isExpired(statement, NOW_MS + STATEMENT_LIFETIME_MS))
    assert.ok(!isRefreshDue(statement, NOW_MS + STATEMENT_REFRESH_MS - 1))
    assert.ok(isRefreshDue(statement, NOW_MS + STATEMENT_REFRESH_MS))
    assert.ok(isRefreshDue(statement, NOW_MS - STATEMENT_REFRESH_MS))
  })
})

describe('the next statement', () => {
  it('goes on from the one before and keeps what is not changed', () => {
    const first = verifiedOfAna(anasFirst())
    const devices = [...first.devices, deviceOf(ana, 11)]
    const second = verifiedOfAna(nextStatement(first, { devices, nowMs: NOW_MS + 1 }))
    assert.deepEqual([second.epoch, second.seq, second.previousHash], [0, 2, first.hash])
    assert.deepEqual(second.devices, devices)
    assert.equal(second.protocolMin, first.protocolMin)
    assert.equal(second.expiresAtMs, NOW_MS + 1 + STATEMENT_LIFETIME_MS)
  })
})

describe('a rotation', () => {
  const newKey = new Uint8Array(32).fill(4)
  const rotation = signRotation({ accountId: ana, epoch: 1, signingKey: publicKeyOf(newKey) }, anaRecovery)
  const first = verifiedOfAna(anasFirst())

  it('by the recovery key begins an epoch in which the new key signs', () => {
    const rotated = verifyStatement(signStatement(nextStatement(first, { rotation, nowMs: NOW_MS }), newKey), isConsent)
    assert.deepEqual([rotated.epoch, rotated.seq, rotated.previousHash], [1, 1, undefined])
    assert.deepEqual(rotated.currentKey, publicKeyOf(newKey))
    const later = verifyStatement(signStatement(nextStatement(rotated, { nowMs: NOW_MS + 1 }), newKey), isConsent)
    assert.deepEqual([later.epoch, later.seq, later.previousHash, later.rotation], [1, 2, rotated.hash, rotated.rotation])
  })

  it('ends the power of the old key', () => {
    const stolen = forge(nextStatement(first, { rotation, nowMs: NOW_MS }), new Uint8Array(32).fill(1))
    assertMalformed(() => verifyStatement(stolen, isConsent), /signing key of its epoch/)
  })

  it('by the signing key, or by anybody but the recovery key, is none', () => {
    for (const key of [new Uint8Array(32).fill(1), malloryKey]) {
      const forged = signRotation({ accountId: ana, epoch: 1, signingKey: publicKeyOf(malloryKey) }, key)
      assert.ok(!isRotationOf(forged, anaInception))
      assertMalformed(() => verifyStatement(forge(nextStatement(first, { rotation: forged, nowMs: NOW_MS }), malloryKey), isConsent), /recovery key/)
    }
  })

  it('cannot be moved to another epoch or account', () => {
    assert.ok(!isRotationOf({ ...rotation, epoch: 2 }, anaInception))
    assert.ok(!isRotationOf({ ...rotation, accountId: deviceOf(ana, 10).deviceId as never }, anaInception))
  })

  it('raises the epoch', () => {
    assert.throws(() => signRotation({ accountId: ana, epoch: 0, signingKey: publicKeyOf(newKey) }, anaRecovery), InvariantError)
    const rotated = verifyStatement(signStatement(nextStatement(first, { rotation, nowMs: NOW_MS }), newKey), isConsent)
    assert.throws(() => nextStatement(rotated, { rotation, nowMs: NOW_MS }), InvariantError)
  })
})
