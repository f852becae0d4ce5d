/**
 * A relay's share of our prekeys: made for it alone, given away from the beginning, and stored before it leaves
 * (docs/protocols/prekeys.md, "Shards").
 */
import { KyberPreKeyRecord, PrivateKey, SignedPreKeyRecord } from '@signalapp/libsignal-client'
import type { ShardUpload } from '../../protocols/prekeys/shard.ts'
import type { Writer } from '../../store/writer.ts'
import { owned } from './boundary.ts'
import { kemRecord, makeKemPrekey, oneTimeRecord } from './keys.ts'
import type { Local } from './local.ts'

export interface ShardOptions {
  readonly nowMs: number
  /** One-time keys of each kind; may be 0, for fresh keys of the other kinds alone. */
  readonly count: number
}

/** Some 100 µs for each pair. Undefined before the first prekeys are stored. Hand it out only after the commit. */
export function issueShard (local: Local, writer: Writer, { nowMs, count }: ShardOptions): Omit<ShardUpload, 'version'> | undefined {
  const signed = writer.read.keys.newestSigned()
  const lastResort = writer.read.keys.newestLastResort()
  if (signed === undefined || lastResort === undefined) return undefined
  const signedPrekey = SignedPreKeyRecord.deserialize(owned(signed.record))
  const kem = KyberPreKeyRecord.deserialize(owned(lastResort.record))
  return {
    deviceId: local.device,
    registrationId: local.registrationId,
    identityKey: local.identity.publicKey.serialize(),
    signedPrekey: { id: signedPrekey.id(), key: signedPrekey.publicKey().serialize(), signature: signedPrekey.signature() },
    lastResort: { id: kem.id(), key: kem.publicKey().serialize(), signature: kem.signature() },
    oneTime: count === 0 ? [] : makePairs(local, writer, { nowMs, count })
  }
}

function makePairs ({ identity }: Local, writer: Writer, { nowMs, count }: ShardOptions): ShardUpload['oneTime'] {
  const firstId = writer.keys.nextId('oneTime', count)
  const firstKemId = writer.keys.nextId('oneTimeKem', count)
  return Array.from({ length: count }, (_, index) => {
    const key = PrivateKey.generate()
    const kem = makeKemPrekey(identity.privateKey)
    const [id, kemId] = [firstId + index, firstKemId + index]
    writer.keys.addShardPair({ oneTime: { id, record: oneTimeRecord(id, key) }, kem: { id: kemId, record: kemRecord(kemId, kem, nowMs) } }, nowMs)
    return { id, key: key.getPublicKey().serialize(), kem: { id: kemId, key: kem.pair.getPublicKey().serialize(), signature: kem.signature } }
  })
}
