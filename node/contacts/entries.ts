/**
 * A directory entry made and read: the record that says where an account's mailboxes are, and the device list beside it, both under
 * the read key. Law: docs/protocols/directory.md, "Content".
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { equals } from 'uint8arrays'
import { verifyStatement } from '../../protocols/account/statement.ts'
import { decodeSignedStatement, encodeSignedStatement, type ListedRelay, type SignedStatement, type StatementRef } from '../../protocols/account/wire.ts'
import { MalformedError } from '../../protocols/core/errors.ts'
import type { AccountId } from '../../protocols/core/ids.ts'
import { invariant } from '../../protocols/core/invariant.ts'
import { ADDRESSES_MAX, RECORD_LIFETIME_MS, RECORD_PAD_BYTES, RECORD_RELAYS_MAX } from '../../protocols/core/limits.ts'
import { recordName, signRecord, validateRecord } from '../../protocols/directory/record.ts'
import { decodeRecordContent, encodeRecordContent, type Entry, type RecordContent } from '../../protocols/directory/wire.ts'
import { padSteps, unpadContent } from '../../protocols/envelope/padding.ts'
import type { RecordKeys } from '../own-account.ts'
import type { Random, Sealer } from '../ports.ts'
import type { OfferedStatement } from './statements.ts'

/** Seals under a key that several people have (crypto/secretbox.ts). */
export interface SecretBox {
  readonly seal: (key: Uint8Array, plaintext: Uint8Array, options: { readonly nonce: Uint8Array, readonly purpose: string }) => Uint8Array
  /** undefined: not sealed under this key for this purpose, or changed since. */
  readonly open: (key: Uint8Array, sealed: Uint8Array, purpose: string) => Uint8Array | undefined
}

const CONTENT = 'skein/record-content/v1'
const STATEMENT = 'skein/record-statement/v1'
/** Of AES-GCM. */
const NONCE_BYTES = 12
/** With its padding, nonce and tag, and the rest of the record around it, it stays below RECORD_BYTES_MAX. */
const CONTENT_BYTES_MAX = 12 * RECORD_PAD_BYTES - 1

export interface Announcement {
  readonly keys: RecordKeys
  readonly accountId: AccountId
  readonly statement: SignedStatement
  readonly ref: StatementRef
  /** In the owner's order: the last ones are left out when there is no room. */
  readonly relays: readonly ListedRelay[]
  readonly seq: number
}

/** An entry that says where we are, valid for RECORD_LIFETIME_MS. */
export function makeEntry ({ keys, accountId, statement, ref, relays, seq }: Announcement, { box, random, nowMs }: { readonly box: SecretBox, readonly random: Random, readonly nowMs: number }): Entry {
  const seal = (plaintext: Uint8Array, purpose: string): Uint8Array => box.seal(keys.readKey, padSteps(plaintext, RECORD_PAD_BYTES), { nonce: random.bytes(NONCE_BYTES), purpose })
  const sealedStatement = seal(encodeSignedStatement(statement), STATEMENT)
  const record = signRecord({
    seq,
    notAfterMs: nowMs + RECORD_LIFETIME_MS,
    ciphertext: seal(fit({ accountId, relays: relays.slice(0, RECORD_RELAYS_MAX), statement: ref }), CONTENT),
    statementHash: sha256(sealedStatement)
  }, { secretKey: keys.signingKey, publicKey: keys.publicKey })
  return { record, sealedStatement }
}

/** Addresses go first, the worst of each relay; then the last relays. */
function fit (content: RecordContent): Uint8Array {
  for (let relayCount = content.relays.length; relayCount >= 0; relayCount--) {
    for (let addressCount = ADDRESSES_MAX; addressCount > 0; addressCount--) {
      const relays = content.relays.slice(0, relayCount).map(({ peerId, addresses }) => ({ peerId, addresses: addresses.slice(0, addressCount) }))
      const bytes = encodeRecordContent({ ...content, relays })
      if (bytes.byteLength <= CONTENT_BYTES_MAX) return bytes
    }
  }
  invariant(false, 'a record without relays is short')
}

/** Whose entry is looked for, and what is known of it. */
export interface Sought {
  readonly accountId: AccountId
  readonly recordKey: Uint8Array
  readonly readKey: Uint8Array
  /** The highest seq that was ever believed: nothing below counts. */
  readonly pinnedSeq: number
}

/** An entry that proves itself. */
export interface Found {
  readonly seq: number
  readonly record: Uint8Array
  readonly relays: readonly ListedRelay[]
  /** undefined: only the record was found, or the list beside it does not belong to it. */
  readonly statement: OfferedStatement | undefined
}

export interface ReadParts {
  readonly box: SecretBox
  readonly sealer: Pick<Sealer, 'verifyConsent'>
  readonly nowMs: number
}

/** Reads what somebody shows as the entry of `sought`. 'older': true once, and overtaken since. 'forged': it proves nothing. */
export function readEntry ({ record: bytes, sealedStatement }: Pick<Entry, 'record'> & Partial<Entry>, sought: Sought, parts: ReadParts): Found | 'older' | 'forged' {
  try {
    const { seq, ciphertext, statementHash } = validateRecord(bytes, { key: recordName(sought.recordKey), nowMs: parts.nowMs })
    if (seq < sought.pinnedSeq) return 'older'
    const plaintext = parts.box.open(sought.readKey, ciphertext, CONTENT)
    if (plaintext === undefined) return 'forged'
    const { accountId, relays, statement: ref } = decodeRecordContent(unpadContent(plaintext))
    // The record key is the account's as far as its owner says: an account may not speak for another.
    if (!equals(accountId, sought.accountId)) return 'forged'
    const isBeside = sealedStatement !== undefined && equals(sha256(sealedStatement), statementHash)
    const statement = isBeside ? openStatement(sealedStatement, sought, parts) : undefined
    return { seq, record: bytes, relays, statement: statement !== undefined && equals(statement.verified.hash, ref.hash) ? statement : undefined }
  } catch (error) {
    if (error instanceof MalformedError) return 'forged'
    throw error
  }
}

/** @throws MalformedError */
function openStatement (sealed: Uint8Array, { readKey, accountId }: Sought, { box, sealer }: ReadParts): OfferedStatement | undefined {
  const plaintext = box.open(readKey, sealed, STATEMENT)
  if (plaintext === undefined) return undefined
  const signed = decodeSignedStatement(unpadContent(plaintext))
  const verified = verifyStatement(signed, (key, account, consent) => sealer.verifyConsent(key, account, consent))
  return equals(verified.accountId, accountId) ? { signed, verified } : undefined
}
