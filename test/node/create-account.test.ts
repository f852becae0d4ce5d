import assert from 'node:assert/strict'
import { accountIdOf } from '../../protocols/account/identity.ts'
import { parseRecoveryWords, recoveryKeyOf } from '../../protocols/account/recovery.ts'
import { verifyStatement } from '../../protocols/account/statement.ts'
import { decodeSignedStatement } from '../../protocols/account/wire.ts'
import { publicKeyOf } from '../../protocols/core/signed.ts'
import { createAccount, drawSecrets } from '../../node/create-account.ts'
import { openAccountStore } from '../../store/account-store.ts'
import { SeededRandom } from '../../testnet/simulation/random.ts'
import { SimSealer, simIdentity } from '../../testnet/simulation/sealer.ts'

describe('a new account', () => {
  const random = new SeededRandom(1, 'ana')
  const store = openAccountStore({ path: ':memory:', isNew: true })
  const secrets = drawSecrets(random, () => simIdentity(random, 'peerana'))
  const { recoveryEntropy, identity } = secrets
  const words = createAccount(store, { name: 'Ana', acceptPolicy: 'all', nowMs: 1_000, secrets })
  const own = store.read.own.get() ?? assert.fail()
  after(() => { store.close() })

  it('is what was asked for', () => {
    assert.deepEqual([own.name, own.nameChangedAtMs, own.acceptPolicy, own.sendsReadReceipts, own.deviceId, own.createdAtMs], ['Ana', 1_000, 'all', true, identity.deviceId, 1_000])
  })

  it('has a device list that anybody can check, with this device in it', () => {
    const sealer = new SimSealer({ own, reader: store.read, random, now: () => 1_000 })
    const verified = verifyStatement(decodeSignedStatement(own.statement), (key, account, consent) => sealer.verifyConsent(key, account, consent))
    assert.deepEqual([verified.accountId, verified.epoch, verified.seq, verified.devices.map(({ deviceId, peerId }) => [deviceId, peerId])], [own.accountId, 0, 1, [[identity.deviceId, 'peerana']]])
    assert.deepEqual([accountIdOf(verified.inception), publicKeyOf(own.signingKey)], [own.accountId, verified.currentKey])
  })

  it('has 24 words, and they are the only way to its recovery key', () => {
    assert.equal(words.length, 24)
    const { inception } = verifyStatement(decodeSignedStatement(own.statement), () => true)
    assert.deepEqual(publicKeyOf(recoveryKeyOf(parseRecoveryWords(words.join(' ')))), inception.recoveryKey)
    assert.ok(!Buffer.from(own.signingKey).equals(recoveryKeyOf(recoveryEntropy)))
  })
})
