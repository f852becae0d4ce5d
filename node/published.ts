/**
 * Keys that everybody knows are for testnets only: whoever started a node with them elsewhere would share its account with the world.
 * What says that this is a testnet is no setting and no variable of the environment, but code that has taken the network of this process
 * over before anything else was loaded (testnet/inside/preload.ts).
 */
import { isPublishedSecret } from '../protocols/account/published.ts'
import { RefusedError } from '../protocols/core/errors.ts'

/** A property of the global object, true where connections go through the cable of a testnet. */
export const TESTNET_SIGN = Symbol.for('skein.testnet')

/** @param secret an Ed25519 key of an account or a relay. @throws RefusedError */
export function refusePublished (secret: Uint8Array): void {
  if (!isPublishedSecret(secret) || isTestnet()) return
  throw new RefusedError('the keys in this home are those of a testnet, which everybody knows', 'It was not opened. In its testnet: skein testnet up, then skein testnet exec NAME -- COMMAND. An account of your own: skein init')
}

function isTestnet (): boolean { return Reflect.get(globalThis, TESTNET_SIGN) === true }
