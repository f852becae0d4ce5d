/**
 * Prekeys of others: each device's share of them, brought by its owner and given out one by one. Taking a key and forgetting it is
 * one statement, and the answer waits for the disk: none is given out twice. Law: docs/protocols/prekeys.md, "Shards".
 */
import { idKey } from '../../protocols/core/ids.ts'
import { inDomain } from '../../protocols/core/signed.ts'
import { decodeShardUpload, encodeShardAnswer, type ShardAnswer, type ShardRefusal, type ShardUpload } from '../../protocols/prekeys/shard.ts'
import {
  decodeBundleRequest, encodeBundle, encodeBundleAnswer, issuedSigningInput, PREKEYS_VERSION, type BundleReply, type BundleRequest
} from '../../protocols/prekeys/wire.ts'
import type { RelayReader, StoredAlias, TakenBundle } from '../../store/relay/types.ts'
import type { Clock, Network, Signer } from '../ports.ts'
import { PREKEYS_PROTOCOL, SHARD_PROTOCOL } from '../protocols.ts'
import type { Rates } from '../rates.ts'
import type { Scribe } from './scribe.ts'
import type { Tally } from './tally.ts'

export interface RelayPrekeyParts {
  readonly network: Network
  readonly reader: RelayReader
  readonly scribe: Scribe
  readonly clock: Clock
  readonly signer: Signer
  readonly tally: Tally
  readonly rates: Rates
  /** Of one-time keys through one alias. */
  readonly bundleRates: Rates
}

/** Of an asker that named none. */
const NO_NONCE = new Uint8Array(16)

export function serveRelayPrekeys (parts: RelayPrekeyParts): void {
  parts.network.serveRequest(SHARD_PROTOCOL, async (request, peerId) => encodeShardAnswer(await take(decodeShardUpload(request), peerId, parts)))
  parts.network.serveRequest(PREKEYS_PROTOCOL, async (request, peerId) => {
    const reply = await give(decodeBundleRequest(request), peerId, parts)
    if (reply.type === 'refusal') parts.tally.traffic.bundlesRefused += 1
    return encodeBundleAnswer(reply)
  })
}

async function take (shard: ShardUpload, peerId: string, { reader, scribe, tally, rates }: RelayPrekeyParts): Promise<ShardAnswer<ShardRefusal>> {
  if (shard.version !== PREKEYS_VERSION) return { type: 'refusal', reason: 'version' }
  if (rates.draw(peerId) > 0) return { type: 'refusal', reason: 'rate' }
  const mailbox = reader.mailboxOf(peerId)
  if (mailbox === undefined || mailbox.isBlocked) return { type: 'refusal', reason: 'noMailbox' }
  const oneTimeLeft = await scribe.write(writer => writer.putShard(mailbox.mailbox, shard))
  if (oneTimeLeft === 'capacity') return { type: 'refusal', reason: 'capacity' }
  tally.traffic.shardUploads += 1
  return { type: 'stock', oneTimeLeft }
}

async function give (request: BundleRequest, peerId: string, { reader, scribe, clock, signer, tally, rates, bundleRates }: RelayPrekeyParts): Promise<BundleReply> {
  const { version, deviceId, alias, nonce = NO_NONCE } = request
  if (version !== PREKEYS_VERSION) return { type: 'refusal', reason: 'version' }
  if (rates.draw(peerId) > 0) return { type: 'refusal', reason: 'rate' }
  const door = alias === undefined ? undefined : validDoor(reader, alias, clock.now())
  // Whoever knows a door of the mailbox may have a key that is used once; all others get the one that is given to many.
  const withOneTime = door !== undefined && bundleRates.draw(idKey(door.alias)) === 0
  const taken = await scribe.write(writer => writer.takeBundle(deviceId, { mailbox: door?.mailbox, withOneTime }))
  if (taken === undefined) return { type: 'refusal', reason: 'unknownDevice' }
  tally.traffic[taken.oneTime === undefined ? 'bundlesLastResort' : 'bundlesOneTime'] += 1
  const bundleBytes = encodeBundle(bundleOf(taken))
  const relayTimeMs = clock.now()
  return { type: 'issued', bundleBytes, relayTimeMs, signature: signer.sign(inDomain('skein/issued/v1', issuedSigningInput({ bundleBytes, nonce, relayTimeMs }))) }
}

function validDoor (reader: RelayReader, alias: Uint8Array, nowMs: number): StoredAlias | undefined {
  const door = reader.aliasOf(alias)
  return door === undefined || (door.expiresAtMs ?? Infinity) <= nowMs ? undefined : door
}

function bundleOf ({ shard, oneTime }: TakenBundle): Parameters<typeof encodeBundle>[0] {
  const { deviceId, registrationId, identityKey, signedPrekey, lastResort } = shard
  const kem = oneTime?.kem ?? lastResort
  return {
    deviceId,
    registrationId,
    identityKey,
    signedPrekeyId: signedPrekey.id,
    signedPrekey: signedPrekey.key,
    signedPrekeySignature: signedPrekey.signature,
    kemPrekeyId: kem.id,
    kemPrekey: kem.key,
    kemPrekeySignature: kem.signature,
    isLastResort: oneTime === undefined,
    ...oneTime !== undefined && { oneTimePrekeyId: oneTime.id, oneTimePrekey: oneTime.key }
  }
}
