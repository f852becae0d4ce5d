import assert from 'node:assert/strict'
import fc from 'fast-check'
import { toString } from 'uint8arrays'
import { parseRecoveryWords, recoveryKeyOf, recoveryWordsOf, vaultKeyOf } from '../../../protocols/account/recovery.ts'
import { bytesOf } from '../core/arbitraries.ts'
import { assertMalformed } from '../core/codec.ts'

const entropy = new Uint8Array(32).fill(2)
const words = recoveryWordsOf(entropy)

describe('recovery words', () => {
  it('are 24, and give back the bytes they were made from', () => {
    fc.assert(fc.property(bytesOf(32), bytes => {
      const made = recoveryWordsOf(bytes)
      assert.equal(made.length, 24)
      assert.deepEqual(parseRecoveryWords(made.join(' ')), bytes)
    }))
  })

  it('are those of BIP39', () => {
    // The last of the specification's own vectors with 24 words and an entropy of 7f… (trezor/python-mnemonic).
    assert.equal(recoveryWordsOf(new Uint8Array(32).fill(0x7f)).join(' '), 'legal winner thank year wave sausage worth useful legal winner thank year wave sausage worth useful legal winner thank year wave sausage worth title')
  })

  it('are read however they were typed', () => {
    assert.deepEqual(parseRecoveryWords(`  ${words.join('\n\t ').toUpperCase()}\r\n`), entropy)
  })

  it('are refused with the place of what is wrong, never with a word', () => {
    assertMalformed(() => parseRecoveryWords(words.slice(1).join(' ')), /must be 24 words, not 23/)
    assertMalformed(() => parseRecoveryWords(['xylophone', ...words.slice(1)].join(' ')), /word 1 is not in the list/)
    assertMalformed(() => parseRecoveryWords([words[23], ...words.slice(1, 23), words[0]].join(' ')), /fit their checksum/)
    assert.throws(() => parseRecoveryWords(['secretword', ...words.slice(1)].join(' ')), (error: unknown) => error instanceof Error && !error.message.includes('secretword'))
  })
})

describe('keys behind the recovery words', () => {
  it('are HKDF-SHA256 of the entropy for one purpose each', () => {
    // Computed with Python's hmac: extract with 32 zero bytes, expand once.
    assert.equal(toString(recoveryKeyOf(entropy), 'hex'), 'e0053297196e7bab6a4b254d7746384a3e9097a87d5b3d3061aa2de931ebc70d')
    assert.equal(toString(vaultKeyOf(entropy), 'hex'), '20172d9fbac7865af51c8318edc1e3821527dc330099a98f39beb46d061eb820')
  })
})
