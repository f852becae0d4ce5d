/**
 * People with real nodes, in this process: real SQLite files, libsignal, libp2p on 127.0.0.1 with ports that the system gives.
 * Everything waits for events or states; the patience below only ends what hangs.
 */
import { join } from 'node:path'
import { createNode, type EventView, type MessageView, type NodeConfig, type SkeinNode } from '../../node/node.ts'
import type { OperationName, Params, Result } from '../../protocols/local/operations.ts'
import { openAccountStore, type AccountStore } from '../../store/account-store.ts'
import { openVault } from '../../store/vault.ts'
import { scratchFolder, type Folder } from './folders.ts'

/** Machines are shared, and a few things here wait for a retry of seconds: only what hangs takes longer. */
export const PATIENCE_MS = 40_000

/** Between two looks at what tells nobody when it changes. */
const LOOK_MS = 50

export const LOOPBACK = '/ip4/127.0.0.1/tcp/0'

export interface PersonOptions {
  readonly accept?: 'ask' | 'all'
  /** Default: a folder of its own, removed at the end. */
  readonly home?: string
  readonly unlock?: NodeConfig['unlock']
  /** Relays through which people are looked for, besides those that the account knows. */
  readonly bootstrap?: readonly string[]
}

interface Parts {
  readonly name: string
  readonly home: string
  readonly folder: Folder | undefined
  readonly words: readonly string[]
  readonly unlock: NodeConfig['unlock']
  readonly bootstrap: readonly string[]
  readonly node: SkeinNode
}

export class Person implements AsyncDisposable {
  readonly name: string
  readonly home: string
  readonly recoveryWords: readonly string[]
  readonly account: string
  readonly #folder: Folder | undefined
  readonly #unlock: NodeConfig['unlock']
  readonly #bootstrap: readonly string[]
  #node: SkeinNode | undefined

  /** Makes the account and starts its node. */
  static async create (name: string, { accept = 'ask', home, unlock = { keyFile: true }, bootstrap = [] }: PersonOptions = {}): Promise<Person> {
    const folder = home === undefined ? await scratchFolder() : undefined
    const path = home ?? folder?.path ?? ''
    const words: string[] = []
    const node = await createNode({ home: path, create: { name, accept }, unlock, listen: [LOOPBACK], bootstrap, onRecoveryWords: made => { words.push(...made) } })
    await node.start()
    return new Person({ name, home: path, folder, words, unlock, bootstrap, node })
  }

  private constructor ({ name, home, folder, words, unlock, bootstrap, node }: Parts) {
    this.name = name
    this.home = home
    this.recoveryWords = words
    this.account = node.account
    this.#folder = folder
    this.#unlock = unlock
    this.#bootstrap = bootstrap
    this.#node = node
  }

  get node (): SkeinNode {
    if (this.#node === undefined) throw new Error(`the node of ${this.name} is stopped`)
    return this.#node
  }

  get peerId (): string { return this.node.peerId }

  async call<Name extends OperationName> (name: Name, params: Params<Name>): Promise<Result<Name>> {
    return await this.node.call(name, params)
  }

  /** Sends a text and resolves with its id when it is durable. */
  async send (to: Person, text: string): Promise<string> { return (await this.node.send(to.account, text)).id }

  /** The conversation, oldest first. */
  async read (other: Person): Promise<readonly MessageView[]> {
    return (await this.call('read', { with: other.account, limit: 1000 })).messages
  }

  async texts (other: Person): Promise<readonly string[]> { return (await this.read(other)).map(message => message.text) }

  async message (id: string): Promise<MessageView> { return (await this.call('message.show', { id })).message }

  /** Resolves when an own message is in that state or beyond. */
  async until (id: string, state: 'stored' | 'delivered' | 'read'): Promise<void> {
    const waited = await this.call('wait', { id, state, timeoutMs: PATIENCE_MS })
    if (waited.isReached) return
    const { headline, steps } = await this.call('message.trace', { id })
    throw new Error([`a message of ${this.name} is not ${state}: ${headline}`, ...steps.map(({ at, text, cause = '' }) => `${at} ${text} ${cause}`)].join('\n'))
  }

  /** Where the feed of events stands now. */
  async cursor (): Promise<string> { return (await this.call('events.page', { after: 'now' })).cursor }

  /** The first event after a cursor that matches; by default of all that ever were. */
  async event (matches: (event: EventView) => boolean, from = 'start'): Promise<EventView> {
    const deadlineMs = performance.now() + PATIENCE_MS
    const seen: string[] = []
    for (let after = from; performance.now() < deadlineMs;) {
      const page = await this.call('events.page', { after, limit: 1000, waitMs: 1000 })
      const found = page.events.find(matches)
      if (found !== undefined) return found
      seen.push(...page.events.map(event => event.type))
      after = page.cursor
    }
    throw new Error(`${this.name} saw no event with ${matches.toString()}, but ${seen.join(', ')}`)
  }

  /** Resolves when a message of ours has been on its way in vain: its trace says why. */
  async attempted (id: string): Promise<void> {
    const deadlineMs = performance.now() + PATIENCE_MS
    while (performance.now() < deadlineMs) {
      const { steps } = await this.call('message.trace', { id })
      if (steps.some(step => step.cause !== undefined)) return
      await this.call('wait', { id, state: 'delivered', timeoutMs: LOOK_MS })
    }
    throw new Error(`a message of ${this.name} was not even tried`)
  }

  /** Resolves when a message of somebody with this text has arrived. */
  async received (text: string): Promise<MessageView> {
    const { message } = await this.event(event => event.type === 'message.received' && event.message?.text === text)
    if (message === undefined) throw new Error('an event about a message carries it')
    return message
  }

  /** Resolves when this person and `other` are contacts, as seen from here. */
  async acceptedBy (other: Person): Promise<void> {
    await this.event(event => event.type === 'contact.accepted' && event.with === other.account)
  }

  async stop (): Promise<void> {
    const node = this.#node
    this.#node = undefined
    await node?.stop()
  }

  /** Opens the account again. Without `listen`: where it listened before, as a node does by itself. */
  async start ({ listen = [LOOPBACK], isOnline = true }: { readonly listen?: readonly string[], readonly isOnline?: boolean } = {}): Promise<void> {
    const { password } = this.#unlock ?? {}
    this.#node = await createNode({ home: this.home, unlock: password === undefined ? {} : { password }, listen, bootstrap: this.#bootstrap })
    if (isOnline) await this.#node.start()
  }

  async restart (): Promise<void> {
    await this.stop()
    await this.start()
  }

  /** Looks at or changes the database of a stopped node, as no node would. */
  async withStore<T> (work: (store: AccountStore) => T): Promise<T> {
    if (this.#node !== undefined) throw new Error(`the node of ${this.name} runs`)
    const { password } = this.#unlock ?? {}
    const key = await openVault(join(this.home, 'vault.json'), password === undefined ? {} : { password })
    const store = openAccountStore({ path: join(this.home, 'account.db'), key })
    try {
      return work(store)
    } finally {
      store.close()
    }
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    await this.stop()
    await this.#folder?.[Symbol.asyncDispose]()
  }
}

export interface Pair extends AsyncDisposable { readonly ana: Person, readonly bob: Person }

/** Ana and Bob, who do not know each other. */
export async function strangers (options: { readonly ana?: PersonOptions, readonly bob?: PersonOptions } = {}): Promise<Pair> {
  const [ana, bob] = await Promise.all([Person.create('Ana', options.ana), Person.create('Bob', options.bob)])
  return { ana, bob, [Symbol.asyncDispose]: async () => { await disposeAll([ana, bob]) } }
}

/** Ana and Bob, contacts of each other: Bob had Ana's invite and she accepted him. */
export async function friends (options: { readonly ana?: PersonOptions, readonly bob?: PersonOptions } = {}): Promise<Pair> {
  const pair = await strangers(options)
  await befriend(pair.bob, pair.ana)
  return pair
}

/** `asking` uses an invite of `asked`, who accepts. */
export async function befriend (asking: Person, asked: Person): Promise<void> {
  await asking.node.contacts.add(await asked.node.invite())
  await asked.event(event => event.type === 'request.received' && event.with === asking.account)
  await asked.node.requests.accept(asking.account)
  await asking.acceptedBy(asked)
}

/** At the same time: each waits for nobody. */
export async function disposeAll (people: readonly Person[]): Promise<void> {
  await Promise.all(people.map(async person => { await person[Symbol.asyncDispose]() }))
}
