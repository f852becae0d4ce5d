/**
 * Accounts whose secrets are published: the people of testnets, whose keys are the same everywhere so that ids and links in a report
 * mean the same to everybody. They carry a mark that cannot be taken off without becoming another account. Law:
 * docs/protocols/account.md, "Published accounts".
 */
import { equals, fromString } from 'uint8arrays'
import type { Inception } from './wire.ts'

/** The nonce of their inceptions, and the beginning of their secret keys: 16 bytes that chance does not make. */
export const PUBLISHED_MARK = fromString('skein/testnet/v1')

/** Whether everybody knows this secret key (Ed25519, 32 bytes). */
export function isPublishedSecret (secret: Uint8Array): boolean { return equals(secret.subarray(0, PUBLISHED_MARK.byteLength), PUBLISHED_MARK) }

/** Whose keys everybody knows, anybody is: such accounts are contacts of each other and of nobody else, whoever asked first. */
export function mayMeet (ownSigningKey: Uint8Array, { nonce }: Pick<Inception, 'nonce'>): boolean { return isPublishedSecret(ownSigningKey) === equals(nonce, PUBLISHED_MARK) }
