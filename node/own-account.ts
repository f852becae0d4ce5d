/** Our own account, as the hot paths need it, in memory: who we are, which device list is ours, what we tell of ourselves. */
import { verifyStatement, refOf, nextStatement, signStatement, isRefreshDue, type VerifiedStatement } from '../protocols/account/statement.ts'
import { decodeSignedStatement, encodeSignedStatement, type StatementRef } from '../protocols/account/wire.ts'
import { StorageError } from '../protocols/core/errors.ts'
import { ADDRESSES_MAX } from '../protocols/core/limits.ts'
import type { Reader } from '../store/reader.ts'
import type { Writer } from '../store/writer.ts'
import type { Own } from '../store/types.ts'
import type { Sealer } from './ports.ts'

export interface OwnProfile {
  readonly name: string
  /** When it changed last: a higher version replaces a lower one at our contacts. */
  readonly versionMs: number
  readonly addresses: readonly string[]
}

export class OwnAccount {
  readonly #reader: Reader
  readonly #sealer: Sealer
  readonly #addresses: () => readonly string[]
  #own: Own
  #verified: VerifiedStatement

  constructor ({ reader, sealer, addresses }: { readonly reader: Reader, readonly sealer: Sealer, readonly addresses: () => readonly string[] }) {
    this.#reader = reader
    this.#sealer = sealer
    this.#addresses = addresses
    this.#own = mustExist(reader.own.get())
    this.#verified = this.#verify()
  }

  get own (): Own { return this.#own }
  get statement (): VerifiedStatement { return this.#verified }
  get ref (): StatementRef { return refOf(this.#verified) }

  get profile (): OwnProfile {
    return { name: this.#own.name, versionMs: this.#own.nameChangedAtMs, addresses: this.#addresses().slice(0, ADDRESSES_MAX) }
  }

  /** After a commit that changed our own row. */
  reload (): void {
    this.#own = mustExist(this.#reader.own.get())
    this.#verified = this.#verify()
  }

  /** Signs our device list again long before it expires; contacts learn of it from the next message. */
  refreshStatement (writer: Writer, nowMs: number): boolean {
    if (!isRefreshDue(this.#verified, nowMs)) return false
    const signed = signStatement(nextStatement(this.#verified, { nowMs }), this.#own.signingKey)
    writer.own.update({ statement: encodeSignedStatement(signed) })
    writer.onCommit(() => this.reload())
    return true
  }

  #verify (): VerifiedStatement {
    return verifyStatement(decodeSignedStatement(this.#own.statement), (key, account, consent) => this.#sealer.verifyConsent(key, account, consent))
  }
}

function mustExist (own: Own | undefined): Own {
  if (own === undefined) throw new StorageError('the account database holds no account', 'Its creation was interrupted. Move the directory away and run: skein init')
  return own
}
