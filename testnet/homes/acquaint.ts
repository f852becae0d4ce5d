/**
 * Users who know each other and their relays before any of them has run: each home gets what the meeting of two people leaves in it, so
 * that a network of fifty need not meet a thousand times. Everything that only a network can bring about (mailboxes, prekeys, sessions)
 * is left to the nodes.
 */
import { refOf, nextStatement, signStatement, verifyStatement, type VerifiedStatement } from '../../protocols/account/statement.ts'
import { decodeSignedStatement, encodeSignedStatement, type SignedStatement } from '../../protocols/account/wire.ts'
import { ALIAS_SECRET_BYTES } from '../../protocols/core/limits.ts'
import { invariant } from '../../protocols/core/invariant.ts'
import { NOBODY } from '../../node/contacts/introductions.ts'
import { parseRelayAddress } from '../../node/contacts/relay-address.ts'
import { verifyConsent } from '../../node/crypto/consent.ts'
import { profileFingerprint } from '../../node/loops/profiles.ts'
import { recordKeysIn, type RecordKeys } from '../../node/own-account.ts'
import { realClock } from '../../node/world.ts'
import type { AccountStore } from '../../store/account-store.ts'
import type { Own } from '../../store/types.ts'
import type { Writer } from '../../store/writer.ts'
import { publishedBytes, type Published } from './published.ts'

export interface Newcomer {
  readonly who: Published
  readonly store: AccountStore
  /** Where it will listen. */
  readonly addresses: readonly string[]
  readonly relays: readonly RelayCard[]
  /** Names of those who are contacts. */
  readonly knows: ReadonlySet<string>
}

/** As users add it, `/ip4/…/p2p/PEERID`, and what it calls itself. */
export interface RelayCard { readonly address: string, readonly name: string }

interface Known extends Newcomer {
  readonly own: Own
  readonly signed: SignedStatement
  readonly verified: VerifiedStatement
  readonly record: RecordKeys
}

/** All of them at once: each needs the device lists of the others, with their relays in them. */
export function acquaint (newcomers: readonly Newcomer[]): void {
  const all = newcomers.map(settle)
  for (const known of all) {
    known.store.transact(writer => {
      for (const other of all) if (known.knows.has(other.who.name)) befriend(known, other, writer)
    })
  }
}

/** Its relays are written down, and its device list names them. */
function settle (newcomer: Newcomer): Known {
  const { store, relays } = newcomer
  const nowMs = realClock.now()
  const own = ownIn(store)
  const held = verifyStatement(decodeSignedStatement(own.statement), verifyConsent)
  const targets = relays.map(({ address, name }) => ({ ...parseRelayAddress(address), name }))
  const signed = relays.length === 0 ? decodeSignedStatement(own.statement) : signStatement(nextStatement(held, { nowMs, relays: targets.map(({ peerId, addresses }) => ({ peerId, addresses })) }), own.signingKey)
  store.transact(writer => {
    targets.forEach(({ peerId, addresses, name }, index) => {
      writer.relays.put({ peerId, standing: 'used', name, code: undefined, addresses, addedAtMs: nowMs + index, openedAtMs: undefined })
    })
    writer.own.update({ statement: encodeSignedStatement(signed) })
  })
  const record = recordKeysIn(store.read)
  invariant(record !== undefined, 'a new home has record keys')
  return { ...newcomer, own: ownIn(store), signed, verified: verifyStatement(signed, verifyConsent), record }
}

/** What is in a home when the other one has accepted, told where it is, and been told. */
function befriend (known: Known, other: Known, writer: Writer): void {
  const { epoch, seq, hash } = refOf(other.verified)
  const contact = writer.contacts.create({
    ...NOBODY,
    accountId: other.own.accountId,
    alias: other.who.name,
    name: other.own.name,
    profileVersion: other.own.nameChangedAtMs,
    standing: 'accepted',
    statement: encodeSignedStatement(other.signed),
    epoch,
    seq,
    statementHash: hash,
    toldProfile: profileFingerprint({ profile: { name: known.own.name, versionMs: known.own.nameChangedAtMs, addresses: known.addresses, statement: known.signed, record: known.record }, relays: known.verified.relays }),
    createdAtMs: realClock.now(),
    aliasSecret: aliasSecret(known, other),
    theirAliasSecret: aliasSecret(other, known),
    recordKey: other.record.publicKey,
    readKey: other.record.readKey
  })
  for (const { deviceId, identityKey, registrationId, peerId } of other.verified.devices) {
    writer.devices.put({ deviceId, contact, identityKey, registrationId, peerId, addresses: other.addresses, isListed: true })
  }
}

/** Behind the aliases of one for the other. */
function aliasSecret (owner: Known, other: Known): Uint8Array { return publishedBytes(owner.who, `alias for ${other.who.name}/${other.who.life}`, ALIAS_SECRET_BYTES) }

function ownIn (store: AccountStore): Own {
  const own = store.read.own.get()
  invariant(own !== undefined, 'a new home has an account')
  return own
}
