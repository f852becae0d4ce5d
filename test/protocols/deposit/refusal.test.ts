import assert from 'node:assert/strict'
import { afterRefusal } from '../../../protocols/deposit/refusal.ts'

describe('what the sender does after a refusal', () => {
  it('tries the same bytes later when the reason passes by itself, or is one it does not know', () => {
    for (const reason of ['full', 'rate', 'busy', 'storage', 'other'] as const) assert.equal(afterRefusal(reason), 'retryLater')
  })

  it('gives up when the same bytes would be refused for ever', () => {
    for (const reason of ['tooLarge', 'badToken', 'malformed'] as const) assert.equal(afterRefusal(reason), 'giveUp')
  })

  it('fetches the device list, waits for acceptance or for a retry request', () => {
    assert.equal(afterRefusal('unknownSender'), 'fetchDevices')
    assert.equal(afterRefusal('notAccepted'), 'awaitAcceptance')
    assert.equal(afterRefusal('undecryptable'), 'awaitRetryRequest')
  })
})
