/** Lists and requests of other people, as they come in. */
import { nextStatement, signStatement, verifyStatement, type VerifiedStatement } from '../../../protocols/account/statement.ts'
import { signRotation } from '../../../protocols/account/rotation.ts'
import { recoveryKeyOf } from '../../../protocols/account/recovery.ts'
import { publicKeyOf } from '../../../protocols/core/signed.ts'
import type { ListedDevice } from '../../../protocols/account/wire.ts'
import type { OfferedStatement } from '../../../node/contacts/statements.ts'
import { START_MS } from '../../../testnet/simulation/world.ts'
import type { Engine } from '../engine.ts'

/** The device of somebody's engine, as a list of `account` names it. */
export function deviceOf (of: Engine, account: Engine): ListedDevice {
  return {
    deviceId: of.device,
    identityKey: of.own.identityKey,
    peerId: of.peerId,
    addedAtMs: START_MS,
    consent: of.sealer.signConsent(account.own.accountId),
    registrationId: of.own.registrationId
  }
}

/** The list after `held`, signed with the account's present key. */
export function newer (of: Engine, { held = of.account.statement, devices = held.devices }: { readonly held?: VerifiedStatement, readonly devices?: readonly ListedDevice[] } = {}): OfferedStatement {
  return signed(of, nextStatement(held, { nowMs: START_MS, devices }), of.own.signingKey)
}

/** A list of a new epoch, as its owner makes it with the recovery words, or whoever has stolen them. */
export function rotated (of: Engine, devices = of.account.statement.devices): OfferedStatement {
  const signingKey = new Uint8Array(32).fill(77)
  const rotation = signRotation({ accountId: of.own.accountId, epoch: 1, signingKey: publicKeyOf(signingKey) }, recoveryKeyOf(of.recoveryEntropy))
  return signed(of, nextStatement(of.account.statement, { nowMs: START_MS, devices, rotation }), signingKey)
}

function signed (of: Engine, statement: Parameters<typeof signStatement>[0], key: Uint8Array): OfferedStatement {
  const list = signStatement(statement, key)
  return { signed: list, verified: verifyStatement(list, (identityKey, account, consent) => of.sealer.verifyConsent(identityKey, account, consent)) }
}
