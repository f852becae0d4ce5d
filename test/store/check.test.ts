import assert from 'node:assert/strict'
import type { AccountStore } from '../../store/account-store.ts'
import { checkAccountStore } from '../../store/check.ts'
import { addContact, aMessage, content, device, envelope, openMemory } from './fixtures.ts'

describe('the check of an account database', () => {
  it('finds nothing wrong where nothing is', () => {
    const store = stocked()
    assert.deepEqual(checkAccountStore(store).map(finding => finding.severity), ['ok', 'ok', 'ok', 'ok', 'ok', 'ok', 'ok'])
    store.close()
  })

  it('can be made at any time, and changes nothing', () => {
    const store = stocked()
    checkAccountStore(store)
    assert.equal(store.read.messages.count(), 3)
    assert.equal(store.read.search.find('text', { limit: 9 }).length, 3)
    store.close()
  })

  for (const [what, sql, severity] of [
    ['a watermark above all messages', "UPDATE facts SET value = 99 WHERE name = 'search.watermark'", 'error'],
    ['links of an envelope that is gone', "INSERT INTO outbox_messages VALUES (x'00', 99)", 'warn'],
    ['a trace of an envelope that is gone', "INSERT INTO traces (outbox, at, step, detail) VALUES (99, 1, 'sent', '')", 'warn'],
    ['a sealed envelope without its ciphertext', 'UPDATE outbox SET ciphertext = NULL', 'error']
  ] as const) {
    it(`finds ${what}`, () => {
      const store = stocked()
      store.database.transact(() => { store.database.execute(sql) })
      const wrong = checkAccountStore(store).filter(finding => finding.severity !== 'ok')
      assert.deepEqual(wrong.map(finding => finding.severity), [severity])
      assert.notEqual(wrong[0]?.fix, undefined)
      store.close()
    })
  }
})

function stocked (): AccountStore {
  const store = openMemory()
  addContact(store, 1)
  store.transact(writer => {
    for (let number = 1; number <= 3; number++) writer.messages.append(aMessage(number))
    writer.outbox.sealed({ deviceId: device(1), contact: 1, refs: [{ kind: 'text', id: content(1) }], envelopeId: envelope(1), cipherKind: 'whisper', ciphertext: Uint8Array.of(1), queuedAtMs: 1, sealedAtMs: 1, expiresAtMs: 2 })
    writer.search.indexNext(10)
  })
  return store
}
