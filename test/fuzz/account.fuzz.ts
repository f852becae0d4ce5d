import type { FuzzTarget } from './targets.ts'
import { decodeInvite } from '../../protocols/account/invite.ts'
import { parseRecoveryWords, recoveryWordsOf } from '../../protocols/account/recovery.ts'
import { verifyStatement } from '../../protocols/account/statement.ts'
import { decodeAccountAnswer, decodeAccountLookup, decodeSignedStatement, decodeStatement } from '../../protocols/account/wire.ts'
import { validBytes } from '../protocols/core/vectors.ts'

const signedStatements = validBytes('account', 'SignedStatement')
const text = new TextDecoder()

export const accountTargets: readonly FuzzTarget[] = [
  { name: 'account/Statement', decode: decodeStatement, seeds: signedStatements.map(bytes => decodeSignedStatement(bytes).payload) },
  // A consent that always holds lets mutants through to the end.
  { name: 'account/SignedStatement', decode: bytes => verifyStatement(decodeSignedStatement(bytes), () => true), seeds: signedStatements },
  { name: 'account/AccountLookup', decode: decodeAccountLookup, seeds: validBytes('account', 'AccountLookup') },
  { name: 'account/AccountAnswer', decode: decodeAccountAnswer, seeds: validBytes('account', 'AccountAnswer') },
  { name: 'account/invite', decode: bytes => decodeInvite(text.decode(bytes)), seeds: validBytes('account', 'invite') },
  {
    name: 'account/recovery words',
    decode: bytes => parseRecoveryWords(text.decode(bytes)),
    seeds: [new TextEncoder().encode(recoveryWordsOf(new Uint8Array(32).fill(2)).join(' '))]
  }
]
