/** People who lose each other's relays, and find each other again. Real relays, real libp2p, real SQLite. */
import assert from 'node:assert/strict'
import { toString } from 'uint8arrays'
import { decodeInvite, type InviteCard } from '../../protocols/account/invite.ts'
import { recordName, validateRecord } from '../../protocols/directory/record.ts'
import { decodeDirectoryAnswer, decodeRecordContent, encodeDirectoryRequest } from '../../protocols/directory/wire.ts'
import { unpadContent } from '../../protocols/envelope/padding.ts'
import { openSecret } from '../../node/crypto/secretbox.ts'
import { parseRelayAddress } from '../../node/contacts/relay-address.ts'
import { RecordDht } from '../../node/net/dht/dht.ts'
import { generateNetworkKey } from '../../node/net/identity.ts'
import { Libp2pNetwork } from '../../node/net/network.ts'
import { DIRECTORY_PROTOCOL } from '../../node/protocols.ts'
import { createRelay, initRelay, type RelayNode } from '../../node/relay/relay-node.ts'
import { realClock } from '../../node/world.ts'
import { scratchFolder } from './folders.ts'
import { LOOPBACK, Person, befriend } from './nodes.ts'

describe('a contact whose devices and relays are gone', function () {
  this.timeout(120_000)

  it('is found through the DHT at the relay to which it has moved', async () => {
    await using stack = new AsyncDisposableStack()
    const meeting = await relay(stack)
    const old = await relay(stack, [meeting])
    const fresh = await relay(stack, [meeting])
    const bootstrap = [addressOf(meeting)]
    const [ana, bob] = [stack.use(await Person.create('Ana', { bootstrap })), stack.use(await Person.create('Bob', { bootstrap }))]
    await bob.call('relays.add', { address: addressOf(old) })
    await befriend(ana, bob)
    const card = decodeInvite(await bob.node.invite())
    await ana.stop()
    // Bob moves while Ana is away: she knows the old relay only.
    await bob.call('relays.add', { address: addressOf(fresh) })
    await bob.call('relays.remove', { relay: addressOf(old) })
    const look = await looker(stack, meeting)
    while (!(await look.inDht(card)).includes(fresh.peerId)) await pause()
    await bob.stop()
    await old.stop()
    await ana.start()
    const id = await ana.send(bob, 'I found you')
    await ana.until(id, 'stored')
    await ana.stop()
    await bob.start()
    await bob.received('I found you')
  })

  it('is found through a relay of its invite when there is no DHT', async () => {
    await using stack = new AsyncDisposableStack()
    const only = await relay(stack, [], { SKEIN_RELAY_DHT_ON: 'false' })
    const [ana, bob] = [stack.use(await Person.create('Ana')), stack.use(await Person.create('Bob'))]
    await bob.call('relays.add', { address: addressOf(only) })
    const invite = await bob.node.invite()
    const look = await looker(stack, only)
    while (!(await look.atRelay(decodeInvite(invite))).includes(only.peerId)) await pause()
    assert.deepEqual(await look.inDht(decodeInvite(invite)), [])
    await bob.stop()
    await ana.node.contacts.add(invite, { text: 'it is me' })
    // Her node has Bob's device list, from the relay and nobody else.
    while ((await ana.node.contacts.list()).find(({ account }) => account === bob.account)?.devices !== 1) await pause()
  })
})

/** Started; its home is removed at the end. */
async function relay (stack: AsyncDisposableStack, known: readonly RelayNode[] = [], environment: Readonly<Record<string, string>> = {}): Promise<RelayNode> {
  const { path } = stack.use(await scratchFolder())
  const home = `${path}/relay`
  initRelay({ home, listen: [LOOPBACK] })
  const node = stack.use(await createRelay({ home, environment: { SKEIN_RELAY_HTTP: 'off', SKEIN_RELAY_DHT_BOOTSTRAP: known.map(addressOf).join(' '), ...environment } }))
  await node.start()
  return node
}

function addressOf (relay: RelayNode): string { return `${relay.addresses()[0] ?? ''}/p2p/${relay.peerId}` }

interface Looker {
  /** The relays that the card's account names. */
  readonly inDht: (card: InviteCard) => Promise<readonly string[]>
  readonly atRelay: (card: InviteCard) => Promise<readonly string[]>
}

/** Somebody who has a card and asks one relay. */
async function looker (stack: AsyncDisposableStack, relay: RelayNode): Promise<Looker> {
  const target = parseRelayAddress(addressOf(relay))
  const dht = new RecordDht({ mode: 'client', clock: realClock, bootstrap: () => [target] })
  const network = new Libp2pNetwork({ networkKey: generateNetworkKey(), listen: [], agentVersion: 'skein/test', clock: realClock, services: dht.services() })
  await network.start()
  stack.defer(() => network.stop())
  return {
    inDht: async card => relaysIn(await dht.get(nameOf(card)), card),
    atRelay: async card => {
      const answer = decodeDirectoryAnswer(await network.request(target, DIRECTORY_PROTOCOL, encodeDirectoryRequest({ type: 'get', version: 1, name: nameOf(card) })))
      return relaysIn(answer.type === 'entry' ? [answer.entry.record] : [], card)
    }
  }
}

function nameOf ({ recordKey }: InviteCard): Uint8Array { return recordName(recordKey ?? new Uint8Array()) }

function relaysIn (records: readonly Uint8Array[], { readKey, accountId }: InviteCard): string[] {
  return records.flatMap(record => {
    const plaintext = openSecret(readKey ?? new Uint8Array(), validateRecord(record, { nowMs: realClock.now() }).ciphertext, 'skein/record-content/v1')
    assert.ok(plaintext)
    const content = decodeRecordContent(unpadContent(plaintext))
    assert.equal(toString(content.accountId, 'hex'), toString(accountId, 'hex'))
    return content.relays.map(({ peerId }) => peerId)
  })
}

/** Nobody tells when a record has reached a relay. */
async function pause (): Promise<void> { await new Promise<void>(resolve => { setTimeout(resolve, 100) }) }
