/**
 * Who gets hold of a relay's disk, of its log and of its last words learns whose device has a mailbox there, and neither accounts, names,
 * texts nor senders: looked for in every byte, in every encoding, after traffic of all kinds.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fromString, toString } from 'uint8arrays'
import { parseAccountId, parseDeviceId } from '../../protocols/core/ids.ts'
import { encodeDepositFrame } from '../../protocols/deposit/wire.ts'
import { HELLO } from '../../protocols/deposit/hello.ts'
import { CUSTODY_PROTOCOL, DEPOSIT_PROTOCOL, DIRECTORY_PROTOCOL, PREKEYS_PROTOCOL, SHARD_PROTOCOL } from '../../node/protocols.ts'
import { impostor } from './impostors.ts'
import { befriend, Person } from './nodes.ts'
import { RelayProcess } from './relay-process.ts'

const TEXT = 'zz-private-text-zz'
const REQUEST_TEXT = 'zz-request-text-zz'
const NAMES = { ana: 'zz-Anastasia-zz', bob: 'zz-Bobadilla-zz', cleo: 'zz-Cleopatra-zz' }
/** Of an Ed25519 key in a PeerId: what stands before it. */
const PEER_ID_PREFIX_BYTES = 6

describe('the disk and the words of a relay', function () {
  this.timeout(240_000)

  it('name no account, contact, sender or content, in any encoding', async () => {
    await using stack = new AsyncDisposableStack()
    const relay = stack.use(await RelayProcess.start())
    const address = `${relay.target.addresses[0] ?? ''}/p2p/${relay.target.peerId}`
    const [ana, bob, cleo] = [stack.use(await Person.create(NAMES.ana)), stack.use(await Person.create(NAMES.bob)), stack.use(await Person.create(NAMES.cleo))]
    await befriend(bob, ana)
    await ana.call('relays.add', { address })
    await eventually(async () => (await bob.call('contact.show', { who: ana.account })).relays.length === 1)
    await eventually(async () => {
      const metrics = await relay.metrics()
      return ['skein_relay_prekey_shards', 'skein_relay_directory_records', 'skein_relay_aliases'].every(name => (metrics.get(name) ?? 0) > 0)
    })
    const secrets = await secretsOf(ana, bob, cleo)
    const link = await ana.node.invite()
    const owner = ana.peerId

    // Ana is away: a friend's message, a stranger's request, nonsense and refusals come to the relay.
    await ana.stop()
    const waiting = await bob.send(ana, TEXT)
    await bob.until(waiting, 'stored')
    await cleo.node.contacts.add(link, { text: REQUEST_TEXT })
    await eventually(async () => ((await relay.metrics()).get('skein_relay_waiting_envelopes') ?? 0) >= 2)
    await annoy(relay)
    search(relay, { secrets, owner })

    // She collects, and answers.
    await ana.start()
    await ana.received(TEXT)
    await ana.event(event => event.type === 'request.received' && event.with === cleo.account)
    await bob.until(waiting, 'delivered')
    await eventually(async () => ((await relay.metrics()).get('skein_relay_waiting_envelopes') ?? 1) === 0)
    search(relay, { secrets, owner })
    await relay.stop()
    search(relay, { secrets, owner })
  })

  it('would be found by this search, however they were written down', () => {
    const secret = Uint8Array.from(randomBytes(32))
    for (const write of [hex, base64, base64url, base58, base32]) assert.notDeepEqual(found(Buffer.from(`before ${write(secret)} after`), new Map([['secret', secret]])), [], write.name)
    for (const shift of [0, 1, 2]) assert.notDeepEqual(found(Buffer.from(Buffer.concat([randomBytes(shift), secret, randomBytes(5)]).toString('base64')), new Map([['secret', secret]])), [], 'in the middle of something longer')
    assert.notDeepEqual(found(Buffer.concat([randomBytes(100), secret]), new Map([['secret', secret]])), [])
    assert.deepEqual(found(randomBytes(10_000), new Map([['secret', secret]])), [])
  })
})

/** By what each of them is. Ana's device has a mailbox there, so its PeerId and its public keys are known; her account is not. */
async function secretsOf (ana: Person, bob: Person, cleo: Person): Promise<ReadonlyMap<string, Uint8Array>> {
  const secrets = new Map<string, Uint8Array>([[TEXT, Buffer.from(TEXT)], [REQUEST_TEXT, Buffer.from(REQUEST_TEXT)]])
  for (const person of [ana, bob, cleo]) {
    secrets.set(`${person.name} by name`, Buffer.from(person.name))
    secrets.set(`the account of ${person.name}`, parseAccountId(person.account))
  }
  for (const person of [bob, cleo]) {
    const { peerId, node: { device } } = person
    secrets.set(`the PeerId of ${person.name}`, fromString(peerId, 'base58btc'))
    secrets.set(`the network key of ${person.name}`, fromString(peerId, 'base58btc').subarray(PEER_ID_PREFIX_BYTES))
    secrets.set(`the device of ${person.name}`, parseDeviceId(device))
    await person.stop()
    const own = await person.withStore(store => store.read.own.get())
    assert.ok(own !== undefined)
    secrets.set(`the identity key of ${person.name}`, own.identityKey.subarray(1))
    secrets.set(`the signing key of ${person.name}`, own.signingKey.subarray(-32))
    await person.start()
  }
  return secrets
}

/** Every file of the home as it is at this moment, and everything that was printed. */
function search (relay: RelayProcess, { secrets, owner }: { readonly secrets: ReadonlyMap<string, Uint8Array>, readonly owner: string }): void {
  const files = readdirSync(relay.home, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
  const contents = files.map(path => readFileSync(path))
  for (const [index, bytes] of contents.entries()) assert.deepEqual(found(bytes, secrets), [], files[index])
  assert.ok(contents.some(bytes => bytes.includes(owner)), 'the search looks where the mailboxes are')
  const log = Buffer.from(relay.complaints())
  assert.deepEqual(found(log, new Map([...secrets, ['the PeerId of an owner', fromString(owner, 'base58btc')]])), [], log.toString())
}

function found (bytes: Buffer, secrets: ReadonlyMap<string, Uint8Array>): string[] {
  return [...secrets].filter(([, secret]) => formsOf(secret).some(form => bytes.includes(form))).map(([what]) => what)
}

function formsOf (secret: Uint8Array): Buffer[] {
  const texts = [base58(secret), base32(secret), hex(secret)]
  // Also an id that was text already, and was then written as bytes are.
  const spelled = texts.map(text => Buffer.from(text))
  const all = [...texts, ...[secret, ...spelled].flatMap(bytes => [hex(bytes), ...inBase64(bytes)])]
  return [Buffer.from(secret), ...all.flatMap(text => [Buffer.from(text), Buffer.from(text.toUpperCase())])]
}

/** Base64 looks different in the middle of something longer, by how many bytes stand before it: what is the same in each case. */
function inBase64 (secret: Uint8Array): string[] {
  return [0, 1, 2].flatMap(skipped => {
    const inner = secret.subarray(skipped)
    const whole = inner.subarray(0, inner.byteLength - inner.byteLength % 3)
    return [base64(whole), base64url(whole)]
  })
}

function hex (bytes: Uint8Array): string { return toString(bytes, 'hex') }
function base64 (bytes: Uint8Array): string { return toString(bytes, 'base64') }
function base64url (bytes: Uint8Array): string { return toString(bytes, 'base64url') }
function base58 (bytes: Uint8Array): string { return toString(bytes, 'base58btc') }
function base32 (bytes: Uint8Array): string { return toString(bytes, 'base32') }

/** Requests and frames that make no sense, and a stream that is cut. */
async function annoy ({ target }: RelayProcess): Promise<void> {
  const network = impostor()
  await network.start()
  for (const protocol of [PREKEYS_PROTOCOL, SHARD_PROTOCOL, DIRECTORY_PROTOCOL, CUSTODY_PROTOCOL]) await assert.rejects(network.request(target, protocol, randomBytes(50)))
  for (const frames of [[randomBytes(40)], [encodeDepositFrame({ type: 'hello', hello: HELLO }), randomBytes(40)]]) {
    const channel = await network.openChannel(target, DEPOSIT_PROTOCOL, () => undefined)
    await channel.send(frames)
    await channel.closed
  }
  await network.stop()
}

async function eventually (isSo: () => Promise<boolean>): Promise<void> {
  while (!await isSo()) await new Promise(resolve => { setTimeout(resolve, 50) })
}
