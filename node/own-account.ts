/** Our own account, as the hot paths need it, in memory: who we are, which device list is ours, what we tell of ourselves. */
import { verifyStatement, refOf, nextStatement, signStatement, isRefreshDue, type VerifiedStatement } from '../protocols/account/statement.ts'
import { decodeSignedStatement, encodeSignedStatement, type ListedRelay, type SignedStatement, type StatementRef } from '../protocols/account/wire.ts'
import { StorageError } from '../protocols/core/errors.ts'
import { ADDRESSES_MAX, ALIAS_EPOCH_BYTES, READ_KEY_BYTES } from '../protocols/core/limits.ts'
import { publicKeyOf, SECRET_KEY_BYTES } from '../protocols/core/signed.ts'
import type { Reader } from '../store/reader.ts'
import type { Writer } from '../store/writer.ts'
import type { Own } from '../store/types.ts'
import type { Random, Sealer } from './ports.ts'

export interface OwnProfile {
  readonly name: string
  /** When it changed last: a higher version replaces a lower one at our contacts. */
  readonly versionMs: number
  readonly addresses: readonly string[]
  /** Our device list, with our relays. */
  readonly statement: SignedStatement
  /** Undefined until they are made: soon after the first start. */
  readonly record: Pick<RecordKeys, 'publicKey' | 'readKey'> | undefined
}

/** Behind our directory record. They never change: a card that somebody has must find us for ever. */
export interface RecordKeys {
  /** Ed25519 secret, 32 bytes. */
  readonly signingKey: Uint8Array
  /** Its public half, which names the record. */
  readonly publicKey: Uint8Array
  /** Closes and opens its content, 32 bytes: contacts and holders of an invite have it. */
  readonly readKey: Uint8Array
}

const SIGNING_KEY_FACT = 'record.signing-key'
const READ_KEY_FACT = 'record.read-key'

export class OwnAccount {
  readonly #reader: Reader
  readonly #sealer: Sealer
  readonly #addresses: () => readonly string[]
  #own: Own
  #verified: VerifiedStatement
  #recordKeys: RecordKeys | undefined
  #listener: () => void = () => {}

  constructor ({ reader, sealer, addresses }: { readonly reader: Reader, readonly sealer: Sealer, readonly addresses: () => readonly string[] }) {
    this.#reader = reader
    this.#sealer = sealer
    this.#addresses = addresses
    this.#own = mustExist(reader.own.get())
    this.#verified = this.#verify(this.#own)
  }

  get own (): Own { return this.#own }
  get statement (): VerifiedStatement { return this.#verified }
  get ref (): StatementRef { return refOf(this.#verified) }

  /** Where our devices have mailboxes, as contacts are told: in our order. */
  get relays (): readonly ListedRelay[] { return this.#verified.relays }

  /** What relays tell depositors, so that they notice a newer device list: the beginning of its hash. */
  get aliasEpoch (): Uint8Array { return this.#verified.hash.subarray(0, ALIAS_EPOCH_BYTES) }

  get profile (): OwnProfile {
    return {
      name: this.#own.name,
      versionMs: this.#own.nameChangedAtMs,
      addresses: this.#addresses().slice(0, ADDRESSES_MAX),
      statement: decodeSignedStatement(this.#own.statement),
      record: this.recordKeys
    }
  }

  /** Undefined until `makeRecordKeys` is committed. */
  get recordKeys (): RecordKeys | undefined {
    this.#recordKeys ??= recordKeysIn(this.#reader)
    return this.#recordKeys
  }

  /** Whoever shows our device list to others hears of every change. */
  onChanged (listener: () => void): void { this.#listener = listener }

  /** After a commit that changed our own row. */
  reload (): void {
    this.#own = mustExist(this.#reader.own.get())
    this.#verified = this.#verify(this.#own)
    this.#listener()
  }

  /** Signs our device list again long before it expires; contacts learn of it from the next message. */
  refreshStatement (writer: Writer, nowMs: number): boolean {
    if (!isRefreshDue(this.#verified, nowMs)) return false
    this.#sign(writer, this.#verify(mustExist(writer.read.own.get())), { nowMs })
    return true
  }

  /** Signs our device list with other relays: those that `change` makes of the present ones. */
  changeRelays (writer: Writer, change: (relays: readonly ListedRelay[]) => readonly ListedRelay[], nowMs: number): void {
    // Not the one in memory: another change may stand before this one in the same transaction, and no number is signed twice.
    const held = this.#verify(mustExist(writer.read.own.get()))
    this.#sign(writer, held, { nowMs, relays: change(held.relays) })
  }

  #sign (writer: Writer, held: VerifiedStatement, change: Parameters<typeof nextStatement>[1]): void {
    const signed = signStatement(nextStatement(held, change), this.#own.signingKey)
    writer.own.update({ statement: encodeSignedStatement(signed) })
    writer.onCommit(() => this.reload())
  }

  #verify ({ statement }: Own): VerifiedStatement {
    return verifyStatement(decodeSignedStatement(statement), (key, account, consent) => this.#sealer.verifyConsent(key, account, consent))
  }
}

/** Makes the keys behind our directory record, unless there are any. */
export function makeRecordKeys (writer: Writer, random: Random): void {
  if (writer.read.facts.bytes(SIGNING_KEY_FACT) !== undefined) return
  writer.facts.set(SIGNING_KEY_FACT, random.bytes(SECRET_KEY_BYTES))
  writer.facts.set(READ_KEY_FACT, random.bytes(READ_KEY_BYTES))
}

export function recordKeysIn ({ facts }: Reader): RecordKeys | undefined {
  const [signingKey, readKey] = [facts.bytes(SIGNING_KEY_FACT), facts.bytes(READ_KEY_FACT)]
  if (signingKey === undefined || readKey === undefined) return undefined
  return { signingKey, publicKey: publicKeyOf(signingKey), readKey }
}

function mustExist (own: Own | undefined): Own {
  if (own === undefined) throw new StorageError('the account database holds no account', 'Its creation was interrupted. Move the directory away and run: skein init')
  return own
}
