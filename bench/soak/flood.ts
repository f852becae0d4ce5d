/**
 * What a flood costs everybody else: ordinary users deposit and collect at a relay, alone, and while strangers, a contact and peers
 * flood it. What is looked at is the relation of the two, on one machine, within minutes.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setPriority } from 'node:os'
import { parseArgs } from 'node:util'
import { setTimeout as delay } from 'node:timers/promises'
import { macOf } from '../../node/crypto/mac.ts'
import { MailboxStream } from '../../node/loops/mailbox-stream.ts'
import { generateNetworkKey } from '../../node/net/identity.ts'
import { Libp2pNetwork } from '../../node/net/network.ts'
import type { Channel, PeerTarget } from '../../node/ports.ts'
import { DEPOSIT_PROTOCOL } from '../../node/protocols.ts'
import { realClock, realRandom } from '../../node/world.ts'
import { CONTENT_ID_BYTES, DEVICE_ID_BYTES, deviceId, envelopeId, idKey } from '../../protocols/core/ids.ts'
import { ALIAS_SECRET_BYTES } from '../../protocols/core/limits.ts'
import { HELLO } from '../../protocols/deposit/hello.ts'
import { decodeResultFrame, encodeDepositFrame } from '../../protocols/deposit/wire.ts'
import { depositMacInput, deriveAlias, type DerivedAlias } from '../../protocols/mailbox/alias.ts'
import type { AliasKind } from '../../protocols/mailbox/wire.ts'
import { RelayProcess } from '../../test/integration/relay-process.ts'
import type { FloodOrders } from './flooder.ts'

export const FLOOD_USAGE = `flood: what ordinary users of a relay feel while it is flooded
  --seconds N   of each part, default 20
  --users N     default 8`

/** Alone, and then each flood by itself. */
const PARTS = ['alone', 'a stranger at the gate', 'a contact over its quota', 'streams and connections', 'alone again'] as const
type Part = typeof PARTS[number]

export interface PartResult {
  readonly part: Part
  readonly sent: number
  readonly stored: number
  readonly collected: number
  /** From sending until the relay has signed for it, and until its owner has it. */
  readonly storedMs: readonly number[]
  readonly collectedMs: readonly number[]
}

const PAUSE_MS = 50
const BODY_BYTES = 1_024
/** Attackers of a part: each is a process, and each has another PeerId. */
const ATTACKERS = 3
const LOWEST_PRIORITY = 19
/** What an owner takes at once. */
const CREDIT = { items: 1_000, bytes: 2 ** 24 }
const PATIENCE_MS = 30_000

/** Returns the exit code of the process. @throws TypeError that says which option is wrong */
export async function soakFlood (args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { seconds: { type: 'string', default: '20' }, users: { type: 'string', default: '8' } } })
  const [seconds, users] = [Number(values.seconds), Number(values.users)]
  if (!(seconds > 0) || !(users >= 2)) throw new TypeError('--seconds and --users take numbers')
  const results = await runFlood({ seconds, users })
  console.log(floodReport(results))
  return results.every(({ sent, stored, collected }) => sent === stored && sent === collected) ? 0 : 1
}

export function floodReport (results: readonly PartResult[]): string {
  return results.map(({ part, sent, stored, collected, storedMs, collectedMs }) =>
    `${part.padEnd(26)} sent ${sent}, stored ${stored}, collected ${collected};  stored p50 ${quantile(storedMs, 0.5)} p99 ${quantile(storedMs, 0.99)} ms, collected p50 ${quantile(collectedMs, 0.5)} p99 ${quantile(collectedMs, 0.99)} ms`).join('\n')
}

export async function runFlood ({ seconds, users }: { readonly seconds: number, readonly users: number }): Promise<readonly PartResult[]> {
  await using stack = new AsyncDisposableStack()
  const relay = stack.use(await RelayProcess.start({ SKEIN_RELAY_DHT_ON: 'false' }))
  const victim = await User.open(relay.target, stack)
  const gate = await victim.addDoor('gateOpen')
  const crowded = await victim.addDoor('contact')
  const people = await Promise.all(Array.from({ length: users }, async () => await User.open(relay.target, stack)))
  for (const [index, person] of people.entries()) await person.befriend(people[(index + 1) % users] ?? person)
  const results: PartResult[] = []
  for (const part of PARTS) {
    await using flood = await attackers(part, { relay: relay.target, gate, crowded })
    for (const person of people) person.begin()
    const until = performance.now() + seconds * 1_000
    await Promise.all(people.map(async person => { await person.write(until) }))
    await flood[Symbol.asyncDispose]()
    results.push(sum(part, people))
  }
  return results
}

async function attackers (part: Part, { relay, gate, crowded }: { readonly relay: PeerTarget, readonly gate: DerivedAlias, readonly crowded: DerivedAlias }): Promise<AsyncDisposable> {
  const door = part === 'a stranger at the gate' ? gate : crowded
  const orders: FloodOrders = { type: part === 'streams and connections' ? 'connections' : 'deposits', relay, alias: Buffer.from(door.alias).toString('hex'), macKey: Buffer.from(door.macKey).toString('hex') }
  const children = part.startsWith('alone') ? [] : Array.from({ length: ATTACKERS }, () => fork(new URL('./flooder.ts', import.meta.url), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }))
  await Promise.all(children.map(async child => {
    setPriority(child.pid ?? 0, LOWEST_PRIORITY)
    await once(child, 'message')
    child.send(orders)
  }))
  return {
    [Symbol.asyncDispose]: async () => {
      await Promise.all(children.filter(child => child.exitCode === null && child.signalCode === null).map(async child => {
        const { promise, resolve } = Promise.withResolvers<undefined>()
        child.once('exit', () => { resolve(undefined) })
        child.kill('SIGKILL')
        await promise
      }))
    }
  }
}

/** A user with a mailbox, and one stream to deposit on. */
class User {
  readonly #network: Libp2pNetwork
  readonly #relay: PeerTarget
  readonly #mailbox: MailboxStream
  readonly #device = deviceId(realRandom.bytes(DEVICE_ID_BYTES))
  /** By deposit id: when it was sent, and whose moments they are. */
  readonly #awaited = new Map<string, { readonly sentAtMs: number, readonly author: User }>()
  #friend: { readonly user: User, readonly door: DerivedAlias } | undefined
  #channel: { readonly channel: Channel, readonly nonce: Uint8Array } | undefined
  readonly #answers = new Map<string, (isStored: boolean) => void>()
  sent = 0
  stored = 0
  storedMs: number[] = []
  collectedMs: number[] = []

  static async open (relay: PeerTarget, stack: AsyncDisposableStack): Promise<User> {
    const network = new Libp2pNetwork({ networkKey: generateNetworkKey(), listen: [], agentVersion: 'user', clock: realClock })
    stack.defer(async () => { await network.stop() })
    await network.start()
    const user = new User(network, relay)
    await user.#mailbox.open()
    return user
  }

  private constructor (network: Libp2pNetwork, relay: PeerTarget) {
    this.#network = network
    this.#relay = relay
    this.#mailbox = new MailboxStream({
      network,
      clock: realClock,
      target: relay,
      admissionCode: undefined,
      credit: CREDIT,
      onUsage: () => undefined,
      onItems: items => {
        for (const { depositId } of items) this.#collect(idKey(depositId))
        this.#mailbox.acknowledge(items, { items: items.length, bytes: items.reduce((bytes, { body }) => bytes + body.byteLength, 0) })
        return undefined
      }
    })
  }

  async addDoor (kind: AliasKind): Promise<DerivedAlias> {
    const door = deriveAlias(realRandom.bytes(ALIAS_SECRET_BYTES), { relay: this.#relay.peerId, device: this.#device })
    const { outcome } = await this.#mailbox.changeAliases({ add: [{ alias: door.alias, macKey: door.macKey, kind, expiresAtMs: undefined }], remove: [], epoch: undefined })
    if (outcome !== 'done') throw new Error(`the relay takes no door: ${outcome}`)
    return door
  }

  async befriend (friend: User): Promise<void> {
    this.#friend = { user: friend, door: await friend.addDoor('contact') }
    const nonce = Promise.withResolvers<Uint8Array>()
    const channel = await this.#network.openChannel(this.#relay, DEPOSIT_PROTOCOL, frames => {
      for (const frame of frames.map(bytes => decodeResultFrame(bytes))) {
        if (frame.type === 'hello' && frame.hello.nonce !== undefined) nonce.resolve(frame.hello.nonce)
        if (frame.type === 'batch') for (const { depositId, type } of frame.results) this.#answers.get(idKey(depositId))?.(type === 'stored')
      }
    })
    await channel.send([encodeDepositFrame({ type: 'hello', hello: HELLO })])
    this.#channel = { channel, nonce: await nonce.promise }
  }

  begin (): void { [this.sent, this.stored, this.storedMs, this.collectedMs] = [0, 0, [], []] }

  /** One after the other, with a pause: somebody who writes, and not a benchmark. Resolves when all has been collected or will not be. */
  async write (untilMs: number): Promise<void> {
    while (performance.now() < untilMs) {
      await this.#deposit()
      await delay(PAUSE_MS)
    }
    for (const deadlineMs = performance.now() + PATIENCE_MS; this.collectedMs.length < this.stored && performance.now() < deadlineMs;) await delay(PAUSE_MS)
  }

  async #deposit (): Promise<void> {
    const { door, user } = this.#friend ?? {}
    if (door === undefined || user === undefined || this.#channel === undefined) return
    const { channel, nonce } = this.#channel
    const depositId = envelopeId(realRandom.bytes(CONTENT_ID_BYTES))
    const fields = { nonce, depositId, lifetimeS: 0, isWake: true, body: realRandom.bytes(BODY_BYTES) }
    const answer = Promise.withResolvers<boolean>()
    this.#answers.set(idKey(depositId), answer.resolve)
    const sentAtMs = performance.now()
    user.#awaited.set(idKey(depositId), { sentAtMs, author: this })
    this.sent += 1
    await channel.send([encodeDepositFrame({ type: 'batch', deposits: [{ ...fields, gateToken: undefined, alias: door.alias, mac: macOf(door.macKey, depositMacInput(fields)) }] })])
    const isStored = await Promise.race([answer.promise, delay(PATIENCE_MS, false, { ref: false })])
    this.#answers.delete(idKey(depositId))
    if (!isStored) return
    this.stored += 1
    this.storedMs.push(performance.now() - sentAtMs)
  }

  #collect (depositKey: string): void {
    const awaited = this.#awaited.get(depositKey)
    this.#awaited.delete(depositKey)
    awaited?.author.collectedMs.push(performance.now() - awaited.sentAtMs)
  }
}

function sum (part: Part, people: readonly User[]): PartResult {
  const storedMs = people.flatMap(person => person.storedMs)
  const collectedMs = people.flatMap(person => person.collectedMs)
  return { part, sent: people.reduce((count, { sent }) => count + sent, 0), stored: storedMs.length, collected: collectedMs.length, storedMs, collectedMs }
}

function quantile (values: readonly number[], share: number): string {
  return ([...values].sort((left, right) => left - right)[Math.floor(values.length * share)] ?? NaN).toFixed(1)
}
