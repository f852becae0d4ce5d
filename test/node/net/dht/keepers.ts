/** Relays that keep records for the DHT, and nodes that ask them, for the tests: on loopback, stopped after each test. */
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { RECORD_LIFETIME_MS } from '../../../../protocols/core/limits.ts'
import { publicKeyOf } from '../../../../protocols/core/signed.ts'
import { decodeRecord, recordName, signRecord } from '../../../../protocols/directory/record.ts'
import { KAD_PROTOCOL, RecordDht, type RecordDhtOptions } from '../../../../node/net/dht/dht.ts'
import type { HostServices } from '../../../../node/net/host.ts'
import type { Libp2pNetwork } from '../../../../node/net/network.ts'
import type { PeerTarget } from '../../../../node/ports.ts'
import { realClock } from '../../../../node/world.ts'
import { newNetwork, targetOf } from '../neighbours.ts'

export interface Member {
  readonly network: Libp2pNetwork
  readonly dht: RecordDht
  readonly target: PeerTarget
}

/** A relay of the DHT, started, that knows those. */
export async function newKeeper (known: readonly Member[] = [], options: Partial<RecordDhtOptions> = {}): Promise<Member> {
  return await newMember({ mode: 'server', bootstrap: () => known.map(({ target }) => target), ...options })
}

/** A user of the DHT, started, that knows those. */
export async function newAsker (known: readonly Pick<Member, 'target'>[] = [], options: Partial<RecordDhtOptions> = {}): Promise<Member> {
  return await newMember({ mode: 'client', bootstrap: () => known.map(({ target }) => target), ...options })
}

async function newMember (options: Omit<RecordDhtOptions, 'clock'>): Promise<Member> {
  const dht = new RecordDht({ clock: realClock, ...options })
  const network = newNetwork({ services: dht.services(), ...options.mode === 'server' && { relay: {} } })
  await network.start()
  return { network, dht, target: targetOf(network) }
}

/** What a bare kad-dht does with what it is sent. */
export interface Hostility {
  /** Throws to refuse. */
  readonly validate: (value: Uint8Array) => void
}

/** A relay that runs kad-dht as it is, without our guards: for peers that do not play by the rules. */
export async function newHostile (known: readonly Member[], { validate }: Hostility): Promise<Pick<Member, 'network' | 'target'>> {
  const services: HostServices = {
    bare: components => {
      const bare = kadDHT({
        protocol: KAD_PROTOCOL,
        clientMode: false,
        peerInfoMapper: passthroughMapper,
        allowQueryWithZeroPeers: true,
        validators: { skein: (_key, value) => { validate(value) } },
        selectors: { skein: (_key, records) => records.reduce((best, record, index) => decodeRecord(record).seq > decodeRecord(records[best] ?? record).seq ? index : best, 0) }
      })({ ...pick(components), ping: { ping: () => Promise.resolve(1) } }) as ReturnType<ReturnType<typeof kadDHT>> & { readonly start: () => Promise<void>, readonly stop: () => Promise<void> }
      // Not itself, which libp2p would ask for a part that it need not have.
      return { start: async () => { await bare.start() }, stop: async () => { await bare.stop() } }
    }
  }
  const network = newNetwork({ services, relay: {} })
  await network.start()
  for (const { target } of known) await network.ping(target)
  return { network, target: targetOf(network) }
}

function pick ({ peerId, privateKey, registrar, addressManager, peerStore, connectionManager, datastore, events, logger }: Parameters<HostServices[string]>[0]): Omit<Parameters<ReturnType<typeof kadDHT>>[0], 'ping'> {
  return { peerId, privateKey, registrar, addressManager, peerStore, connectionManager, datastore, events, logger }
}

export interface Owner {
  readonly name: Uint8Array
  readonly record: (seq: number, change?: { readonly notAfterMs?: number, readonly contentBytes?: number }) => Uint8Array
}

/** Somebody who publishes: number `n`, always the same key. */
export function owner (n = 1): Owner {
  const secretKey = new Uint8Array(32).fill(7)
  new DataView(secretKey.buffer).setUint32(0, n)
  const publicKey = publicKeyOf(secretKey)
  return {
    name: recordName(publicKey),
    record: (seq, { notAfterMs = realClock.now() + RECORD_LIFETIME_MS, contentBytes = 128 } = {}) =>
      signRecord({ seq, notAfterMs, ciphertext: new Uint8Array(contentBytes).fill(seq % 256), statementHash: new Uint8Array(32) }, { secretKey, publicKey })
  }
}

export function seqs (records: readonly Uint8Array[]): number[] { return records.map(record => decodeRecord(record).seq).sort((left, right) => left - right) }
