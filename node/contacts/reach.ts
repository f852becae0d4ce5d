/**
 * How a contact is reached while its devices are away, as it has told us: the secret behind its aliases for us, the keys of its
 * directory record, and its device list, which names its relays. Law: docs/protocols/message.md, "Reach".
 */
import { equals } from 'uint8arrays'
import { statementHash, verifyStatement } from '../../protocols/account/statement.ts'
import type { SignedStatement } from '../../protocols/account/wire.ts'
import { MalformedError } from '../../protocols/core/errors.ts'
import { idKey } from '../../protocols/core/ids.ts'
import type { Reach } from '../../protocols/message/content.ts'
import type { Contact } from '../../store/types.ts'
import type { Sealer } from '../ports.ts'
import { adoptStatement, type AdoptParts, type OfferedStatement } from './statements.ts'

/** Keeps what was told, inside the transaction. A list that does not prove itself is as good as none. */
export function noteReach (reach: Reach | undefined, contact: number, parts: AdoptParts): void {
  if (reach === undefined) return
  const { writer, round, sealer } = parts
  const { aliasSecret, recordKey, readKey, statement } = reach
  writer.contacts.update(contact, { theirAliasSecret: aliasSecret, recordKey, readKey })
  round.toForget.add(contact)
  const row = writer.read.contacts.byNumber(contact)
  if (row === undefined || statement === undefined || isHeld(statement, row)) return
  const offered = believe(statement, sealer)
  if (offered !== undefined && idKey(offered.verified.accountId) === idKey(row.accountId)) adoptStatement(row, offered, parts)
}

/** Most tell us the list that we have: to check its signatures once more would be the dearest part of a profile. */
function isHeld ({ payload }: SignedStatement, { statementHash: held }: Contact): boolean {
  return held !== undefined && equals(held, statementHash(payload))
}

function believe (signed: SignedStatement, sealer: Sealer): OfferedStatement | undefined {
  try {
    return { signed, verified: verifyStatement(signed, (key, account, consent) => sealer.verifyConsent(key, account, consent)) }
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}
