/**
 * Who ana, bob, carol, … and their relays are: keys that follow from a seed and a name, so that they are the same in every testnet.
 * Whoever reads this has them; what the product does about that is in protocols/account/published.ts.
 */
import { hkdfSync } from 'node:crypto'
import type { AccountSecrets } from '../../node/create-account.ts'
import { identityFrom } from '../../node/identity.ts'
import { networkKeyFrom } from '../../node/net/identity.ts'
import type { Random } from '../../node/ports.ts'
import { PUBLISHED_MARK } from '../../protocols/account/published.ts'
import { SECRET_KEY_BYTES } from '../../protocols/core/signed.ts'

export interface Published {
  readonly seed: string
  readonly name: string
  /** Counts from 1: whoever has lost a disk comes back as somebody else of the same name. */
  readonly life: number
}

/** HKDF-SHA256 (RFC 5869) without salt. */
export function publishedBytes ({ seed, name, life }: Published, purpose: string, length: number): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', seed, '', `${purpose} of ${name}/${life}`, length))
}

/** All that makes a user's account and device. */
export function accountSecretsOf (who: Published): AccountSecrets {
  return {
    recoveryEntropy: marked(who, 'recovery'),
    signingKey: marked(who, 'signing'),
    nonce: PUBLISHED_MARK,
    identity: identityFrom({ identity: publishedBytes(who, 'identity', SECRET_KEY_BYTES), network: marked(who, 'network') })
  }
}

/** A relay is its network key. */
export function relayKeyOf (who: Published): Uint8Array { return networkKeyFrom(marked(who, 'network')) }

/** What the product draws once and keeps for ever, such as the token of an invite. */
export function publishedRandom (who: Published, purpose: string): Random {
  let drawn = 0
  return {
    bytes: length => publishedBytes(who, `${purpose} ${++drawn}`, length),
    fraction: () => Buffer.from(publishedBytes(who, `${purpose} ${++drawn}`, 4)).readUInt32BE() / 2 ** 32
  }
}

/** By its beginning the product knows that everybody has it. */
function marked (who: Published, purpose: string): Uint8Array {
  return Buffer.concat([PUBLISHED_MARK, publishedBytes(who, purpose, SECRET_KEY_BYTES - PUBLISHED_MARK.byteLength)])
}
