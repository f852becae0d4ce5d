/** Who asks to be a contact: a device list that stands by itself, and a connection that proves one of its devices. */
import { mayMeet } from '../../protocols/account/published.ts'
import { verifyStatement } from '../../protocols/account/statement.ts'
import { MalformedError } from '../../protocols/core/errors.ts'
import { idKey, type DeviceId } from '../../protocols/core/ids.ts'
import type { ListedDevice, SignedStatement } from '../../protocols/account/wire.ts'
import type { RefusalReason } from '../../protocols/deposit/wire.ts'
import type { Reader } from '../../store/reader.ts'
import type { Sealer } from '../ports.ts'
import type { OfferedStatement } from './statements.ts'

/** Before there is an account. */
const NO_KEY = new Uint8Array()

export interface Stranger extends OfferedStatement {
  /** The device that wrote. */
  readonly device: ListedDevice
}

export interface StrangerClaim {
  readonly statement: SignedStatement
  readonly senderDevice: DeviceId
  /** The peer that the connection has proven; undefined: it came through a relay, which proves nobody. */
  readonly peerId: string | undefined
}

export type StrangerJudgement =
  | { readonly type: 'stranger', readonly stranger: Stranger }
  | { readonly type: 'refused', readonly reason: RefusalReason }

/** Believes a stranger's letter head, or refuses it. Their words are still to be decrypted. */
export function judgeStranger (claim: StrangerClaim, { sealer, reader }: { readonly sealer: Sealer, readonly reader: Reader }): StrangerJudgement {
  try {
    const verified = verifyStatement(claim.statement, sealer.verifyConsent)
    const device = verified.devices.find(listed => idKey(listed.deviceId) === idKey(claim.senderDevice))
    if (device === undefined || (claim.peerId !== undefined && device.peerId !== claim.peerId)) return { type: 'refused', reason: 'malformed' }
    if (!mayMeet(reader.own.get()?.signingKey ?? NO_KEY, verified.inception)) return { type: 'refused', reason: 'badToken' }
    // A blocked person's new invite is as good as none: the same answer as for a wrong token.
    if (reader.contacts.byAccount(verified.accountId)?.standing === 'blocked') return { type: 'refused', reason: 'badToken' }
    return { type: 'stranger', stranger: { signed: claim.statement, verified, device } }
  } catch (error) {
    if (error instanceof MalformedError) return { type: 'refused', reason: 'malformed' }
    throw error
  }
}
