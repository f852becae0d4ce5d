/**
 * The 24 words: the one secret of an account that is never on any disk. From them come the recovery key, which outranks
 * the signing key, and a key for the vault. Law: docs/protocols/account.md, "Recovery".
 */
import { entropyToMnemonic, mnemonicToEntropy } from '@scure/bip39'
import { wordlist } from '@scure/bip39/wordlists/english.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { fromString } from 'uint8arrays'
import { MalformedError } from '../core/errors.ts'
import { invariant } from '../core/invariant.ts'
import { SECRET_KEY_BYTES } from '../core/signed.ts'

/** 256 bits, and so 24 words of BIP39 (23 of 11 bits, one of 3 and 8 bits of checksum). */
export const RECOVERY_ENTROPY_BYTES = 32
const RECOVERY_WORDS = 24

/** The words, in order, for 32 random bytes: BIP39 with its English list. */
export function recoveryWordsOf (entropy: Uint8Array): readonly string[] {
  invariant(entropy.byteLength === RECOVERY_ENTROPY_BYTES, 'recovery words are made from 32 bytes')
  return entropyToMnemonic(entropy, wordlist).split(' ')
}

/**
 * The bytes behind words that a person typed: any spacing, any case.
 * @throws MalformedError naming the place of a word that is not in the list, never the word
 */
export function parseRecoveryWords (text: string): Uint8Array {
  const words = text.normalize('NFKD').toLowerCase().split(/\s+/u).filter(word => word !== '')
  if (words.length !== RECOVERY_WORDS) throw new MalformedError('recovery words', `must be ${RECOVERY_WORDS} words, not ${words.length}`)
  const stranger = words.findIndex(word => !wordlist.includes(word))
  if (stranger !== -1) throw new MalformedError('recovery words', `word ${stranger + 1} is not in the list`)
  try {
    return mnemonicToEntropy(words.join(' '), wordlist)
  } catch {
    // All that is left to fail is BIP39's checksum; its own error would repeat the words.
    throw new MalformedError('recovery words', 'must fit their checksum: a word is wrong or two are swapped')
  }
}

/** Secret key of the account's recovery key (Ed25519, 32 bytes). */
export function recoveryKeyOf (entropy: Uint8Array): Uint8Array {
  return derive(entropy, 'skein/recovery/v1')
}

/** Opens the vault when the password is lost (32 bytes). Not the recovery key: one secret serves one purpose. */
export function vaultKeyOf (entropy: Uint8Array): Uint8Array {
  return derive(entropy, 'skein/vault/v1')
}

/** HKDF-SHA256 (RFC 5869) without salt. BIP39's own stretching is left out: 256 random bits need none. */
function derive (entropy: Uint8Array, purpose: 'skein/recovery/v1' | 'skein/vault/v1'): Uint8Array {
  invariant(entropy.byteLength === RECOVERY_ENTROPY_BYTES, 'recovery keys are derived from 32 bytes')
  return hkdf(sha256, entropy, undefined, fromString(purpose), SECRET_KEY_BYTES)
}
