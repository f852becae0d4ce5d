/** Bob, who publishes where he is, Ana, who looks for him, and in between relays and a DHT that may be honest. */
import { toString } from 'uint8arrays'
import { decodeRecord, recordName, selectRecord } from '../../../protocols/directory/record.ts'
import { decodeDirectoryRequest, encodeDirectoryAnswer, type DirectoryAnswer, type DirectoryRefusal, type DirectoryRequest, type Entry } from '../../../protocols/directory/wire.ts'
import type { ListedRelay } from '../../../protocols/account/wire.ts'
import { makeEntry } from '../../../node/contacts/entries.ts'
import { locate, type Located } from '../../../node/contacts/locate.ts'
import { openSecret, sealSecret } from '../../../node/crypto/secretbox.ts'
import { Records } from '../../../node/loops/records.ts'
import { makeRecordKeys, type RecordKeys } from '../../../node/own-account.ts'
import type { RecordNetwork, RecordPut } from '../../../node/ports.ts'
import { DIRECTORY_PROTOCOL } from '../../../node/protocols.ts'
import { Ether } from '../../../testnet/simulation/ether.ts'
import { SimNetwork } from '../../../testnet/simulation/network.ts'
import { SeededRandom } from '../../../testnet/simulation/random.ts'
import { Engine } from '../engine.ts'

const BOX = { seal: sealSecret, open: openSecret }

/** Keeps what owners put, and shows what the test says. */
export class FarDirectory {
  readonly network: SimNetwork
  readonly entries = new Map<string, Entry>()
  readonly requests: DirectoryRequest[] = []
  /** Instead of an honest answer. */
  says: ((request: DirectoryRequest) => DirectoryAnswer<DirectoryRefusal> | Uint8Array) | undefined
  hasMailbox = true

  constructor (ether: Ether, name: string) {
    this.network = new SimNetwork(ether, `peer${name}`, `/sim/${name}`)
    this.network.serveRequest(DIRECTORY_PROTOCOL, frame => {
      const request = decodeDirectoryRequest(frame.slice())
      this.requests.push(request)
      const answer = this.says?.(request) ?? this.#answer(request)
      return answer instanceof Uint8Array ? answer : encodeDirectoryAnswer(answer)
    })
    void this.network.start()
  }

  get target (): ListedRelay { return { peerId: this.network.peerId, addresses: [this.network.address] } }

  #answer (request: DirectoryRequest): DirectoryAnswer<DirectoryRefusal> {
    if (request.type === 'get') {
      const entry = this.entries.get(toString(request.name, 'hex'))
      return entry === undefined ? { type: 'refusal', reason: 'unknown' } : { type: 'entry', entry }
    }
    if (!this.hasMailbox) return { type: 'refusal', reason: 'noMailbox' }
    const { recordKey, seq } = decodeRecord(request.entry.record)
    const key = toString(recordName(recordKey), 'hex')
    const held = this.entries.get(key)
    if (held !== undefined && selectRecord(held.record, request.entry.record) === held.record) return { type: 'refusal', reason: 'older' }
    this.entries.set(key, request.entry)
    return { type: 'stored', seq }
  }
}

/** A DHT in one place. */
class FarRecords implements RecordNetwork {
  readonly records = new Map<string, Uint8Array[]>()
  result: RecordPut = { asked: 20, echoes: 20 }
  isDown = false
  puts = 0

  get (name: Uint8Array): Promise<readonly Uint8Array[]> {
    return Promise.resolve(this.isDown ? [] : this.records.get(toString(name, 'hex')) ?? [])
  }

  put (name: Uint8Array, record: Uint8Array): Promise<RecordPut> {
    this.puts += 1
    if (this.isDown) return Promise.resolve({ asked: 0, echoes: 0 })
    this.records.set(toString(name, 'hex'), [record])
    return Promise.resolve(this.result)
  }
}

/** Directories `eu` and `us`; Bob's list names what `relays` says. */
export class DirectoryScene {
  readonly ana = new Engine('ana')
  readonly bob = new Engine('bob', this.ana.world)
  readonly ether = new Ether(this.ana.world, new SeededRandom(1, 'ether'))
  readonly eu = new FarDirectory(this.ether, 'eu')
  readonly us = new FarDirectory(this.ether, 'us')
  readonly dht = new FarRecords()
  readonly toBob: number
  readonly records: Records
  readonly keys: RecordKeys
  readonly anasNetwork = new SimNetwork(this.ether, this.ana.peerId, '/sim/ana')
  readonly bobsNetwork = new SimNetwork(this.ether, this.bob.peerId, '/sim/bob')

  constructor (relays: ReadonlyArray<'eu' | 'us'> = ['eu', 'us']) {
    const { bob, ana, dht } = this
    void this.anasNetwork.start()
    void this.bobsNetwork.start()
    bob.store.transact(writer => { makeRecordKeys(writer, bob.random) })
    const keys = bob.account.recordKeys
    if (keys === undefined) throw new Error('record keys were made')
    this.keys = keys
    // Ana knows Bob from before he had relays.
    this.toBob = ana.add(bob)
    ana.store.transact(writer => { writer.contacts.update(this.toBob, { recordKey: keys.publicKey, readKey: keys.readKey }) })
    this.change(relays)
    const { store, turn, clock, random, account } = bob
    this.records = new Records({ reader: store.read, turn, clock, random, network: this.bobsNetwork, records: dht, account, box: BOX })
  }

  /** Bob's list names these relays from now on. */
  change (relays: ReadonlyArray<'eu' | 'us'>): void {
    const { bob } = this
    bob.store.transact(writer => { bob.account.changeRelays(writer, () => relays.map(name => this[name].target), bob.clock.now()) })
  }

  async publish (): Promise<ReturnType<Records['publish']>> { return await this.bob.world.within(this.records.publish()) }

  /** What Ana's invite or Bob's last list told her. */
  hint (...relays: readonly ListedRelay[]): void {
    this.ana.store.transact(writer => { writer.hints.replace(this.toBob, relays.map(({ peerId, addresses: [address = ''] }) => ({ peerId, address, isRelay: true }))) })
  }

  async locate (): Promise<Located> {
    const { store, directory, sealer, clock, turn, world } = this.ana
    const contact = store.read.contacts.byNumber(this.toBob)
    if (contact === undefined) throw new Error('Bob is a contact')
    return await world.within(locate(contact, { reader: store.read, directory, network: this.anasNetwork, records: this.dht, sealer, clock, turn, box: BOX }))
  }

  /** An entry of Bob's as he would make it, or of somebody with other keys. */
  entry (seq: number, { keys = this.keys, accountId = this.bob.own.accountId, relays = this.bob.account.relays }: { readonly keys?: RecordKeys, readonly accountId?: Engine['own']['accountId'], readonly relays?: readonly ListedRelay[] } = {}): Entry {
    const { signed, verified } = this.bob.offered()
    const { epoch, seq: listSeq, hash } = verified
    return makeEntry({ keys, accountId, statement: signed, ref: { epoch, seq: listSeq, hash }, relays, seq }, { box: BOX, random: this.bob.random, nowMs: this.bob.clock.now() })
  }
}
