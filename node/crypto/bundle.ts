/**
 * Prekey bundles: what starts a session with a device that is away. Made from the account database for whoever asks, and
 * read from whoever answered. Law: docs/protocols/session.md, "Starting"; who gets one: docs/protocols/prekeys.md.
 */
import { KEMPublicKey, KyberPreKeyRecord, LibSignalErrorBase, PreKeyBundle, PreKeyRecord, SignedPreKeyRecord } from '@signalapp/libsignal-client'
import { MalformedError } from '../../protocols/core/errors.ts'
import type { Bundle } from '../../protocols/prekeys/prekeys_pb.ts'
import type { Writer } from '../../store/writer.ts'
import { LIBSIGNAL_DEVICE, owned, publicKey } from './boundary.ts'
import type { Local } from './local.ts'

export interface IssueOptions {
  readonly nowMs: number
  /** Gives one key of each one-time kind away; else, or when one kind is out, the last-resort key serves. */
  readonly withOneTime: boolean
}

/** A bundle of our own device; undefined before the first prekeys are stored. Hand it out only after the commit. */
export function issueBundle (local: Local, writer: Writer, { nowMs, withOneTime }: IssueOptions): Bundle | undefined {
  const signed = writer.read.keys.newestSigned()
  const lastResort = writer.read.keys.newestLastResort()
  if (signed === undefined || lastResort === undefined) return undefined
  const issued = withOneTime ? writer.keys.issueOneTime(nowMs) : undefined
  const signedPrekey = SignedPreKeyRecord.deserialize(owned(signed.record))
  const kem = KyberPreKeyRecord.deserialize(owned(issued === undefined ? lastResort.record : issued.kem.record))
  return {
    $typeName: 'skein.prekeys.v1.Bundle',
    deviceId: local.device,
    registrationId: local.registrationId,
    identityKey: local.identity.publicKey.serialize(),
    signedPrekeyId: signedPrekey.id(),
    signedPrekey: signedPrekey.publicKey().serialize(),
    signedPrekeySignature: signedPrekey.signature(),
    kemPrekeyId: kem.id(),
    kemPrekey: kem.publicKey().serialize(),
    kemPrekeySignature: kem.signature(),
    isLastResort: issued === undefined,
    oneTimePrekey: new Uint8Array(),
    ...(issued !== undefined && oneTimeFields(issued.oneTime.record))
  }
}

/** As libsignal takes it; that its signatures hold is checked when the session starts. @throws MalformedError when a key in it is none */
export function openBundle (bundle: Bundle): PreKeyBundle {
  try {
    return PreKeyBundle.new(
      bundle.registrationId, LIBSIGNAL_DEVICE,
      bundle.oneTimePrekeyId ?? null, bundle.oneTimePrekeyId === undefined ? null : publicKey(bundle.oneTimePrekey),
      bundle.signedPrekeyId, publicKey(bundle.signedPrekey), owned(bundle.signedPrekeySignature),
      publicKey(bundle.identityKey),
      bundle.kemPrekeyId, KEMPublicKey.deserialize(owned(bundle.kemPrekey)), owned(bundle.kemPrekeySignature)
    )
  } catch (thrown) {
    if (!(thrown instanceof LibSignalErrorBase)) throw thrown
    throw new MalformedError('prekey bundle', 'must hold a key wherever its schema promises one')
  }
}

function oneTimeFields (record: Uint8Array): { readonly oneTimePrekeyId: number, readonly oneTimePrekey: Uint8Array } {
  const prekey = PreKeyRecord.deserialize(owned(record))
  return { oneTimePrekeyId: prekey.id(), oneTimePrekey: prekey.publicKey().serialize() }
}
