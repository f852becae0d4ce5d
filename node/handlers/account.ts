/** Answers who asks for our device list by our account id: whoever knows the id has it from us. docs/protocols/account.md */
import { ACCOUNT_VERSION, decodeAccountLookup, decodeSignedStatement, encodeAccountAnswer } from '../../protocols/account/wire.ts'
import { equals } from 'uint8arrays'
import type { Own } from '../../store/types.ts'
import type { Network } from '../ports.ts'
import { ACCOUNT_PROTOCOL } from '../protocols.ts'
import type { Rates } from '../rates.ts'

export interface AccountHandlerParts {
  readonly network: Network
  readonly own: () => Own
  readonly rates: Rates
}

export function serveAccount ({ network, own, rates }: AccountHandlerParts): void {
  network.serveRequest(ACCOUNT_PROTOCOL, (request, peerId) => {
    const lookup = decodeAccountLookup(request)
    if (lookup.version !== ACCOUNT_VERSION) return encodeAccountAnswer({ type: 'refusal', reason: 'version' })
    if (!rates.isAllowed(peerId)) return encodeAccountAnswer({ type: 'refusal', reason: 'busy' })
    const { accountId, statement } = own()
    if (!equals(lookup.accountId, accountId)) return encodeAccountAnswer({ type: 'refusal', reason: 'unknownAccount' })
    return encodeAccountAnswer({ type: 'statement', statement: decodeSignedStatement(statement) })
  })
}
