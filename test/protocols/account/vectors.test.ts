import assert from 'node:assert/strict'
import { PublicKey } from '@signalapp/libsignal-client'
import { concat, fromString, toString } from 'uint8arrays'
import { judge } from '../../../protocols/account/accept.ts'
import { decodeInvite, encodeInvite } from '../../../protocols/account/invite.ts'
import { refOf, verifyStatement, type VerifiedStatement } from '../../../protocols/account/statement.ts'
import {
  decodeAccountAnswer, decodeAccountLookup, decodeSignedStatement, encodeAccountAnswer, encodeAccountLookup, encodeSignedStatement,
  type AccountAnswer, type AccountRefusal
} from '../../../protocols/account/wire.ts'
import { accountIdText, type AccountId } from '../../../protocols/core/ids.ts'
import { describeVectors, validBytes } from '../core/vectors.ts'

/** As the specification has it, with libsignal's own signatures. */
function isConsent (identityKey: Uint8Array, account: AccountId, consent: Uint8Array): boolean {
  const signed = new Uint8Array(concat([fromString('skein/consent/v1'), account]))
  return PublicKey.deserialize(new Uint8Array(identityKey)).verify(signed, new Uint8Array(consent))
}

function verified (bytes: Uint8Array): VerifiedStatement {
  return verifyStatement(decodeSignedStatement(bytes), isConsent)
}

describeVectors('account', {
  SignedStatement: { decode: verified, recode: bytes => encodeSignedStatement(decodeSignedStatement(bytes)) },
  AccountLookup: { decode: decodeAccountLookup, recode: bytes => encodeAccountLookup(decodeAccountLookup(bytes)) },
  AccountAnswer: { decode: decodeAccountAnswer, recode: bytes => encodeAccountAnswer(decodeAccountAnswer(bytes) as AccountAnswer<AccountRefusal>) },
  invite: { decode: bytes => decodeInvite(toString(bytes)), recode: bytes => fromString(encodeInvite(decodeInvite(toString(bytes)))) }
})

describe('the statements among the vectors', () => {
  it('are verified, one account\'s, and follow each other', () => {
    const [first, second, rotated] = validBytes('account', 'SignedStatement').map(verified)
    assert.ok(first !== undefined && second !== undefined && rotated !== undefined)
    assert.equal(accountIdText(first.accountId), '2ia6vn2kjeyemtgowjlqb7673fqmwon4ilmch66d6qcnzyaaom2q')
    assert.deepEqual(judge(refOf(first), second), { type: 'accept', change: 'newer', isGap: false })
    assert.deepEqual(judge(refOf(second), rotated), { type: 'accept', change: 'rotated' })
  })
})
