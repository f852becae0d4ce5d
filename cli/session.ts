/**
 * The node that a command talks to: the one that runs, or else one in this process for as long as the command takes. The
 * running one is asked first and nothing is loaded for the other until it has turned out that there is none.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { hasAccount } from '../node/home-files.ts'
import type { MediaConfig, SkeinNode } from '../node/node.ts'
import { EXIT, LockedError, NotFoundError, SkeinError } from '../protocols/core/errors.ts'
import type { LocalApi, OperationName, Params, Result } from '../protocols/local/operations.ts'
import { connect, NoNodeError } from './client.ts'
import type { Unlock } from './password.ts'

export interface SessionOptions {
  readonly home: string
  /** Whether a node that has to be started connects to the world. */
  readonly isOnline: boolean
  /** Whether one may be started at all. */
  readonly mayStart: boolean
  /**
   * The command goes on for as long as a person likes: it does not become the node when the one that runs is restarted,
   * and while it has one of its own, other commands may use that.
   */
  readonly isLasting: boolean
  /** Where it listens when it connects; empty: as a node does by itself. Contacts are told, so it is where `up` listens, too. */
  readonly listen: readonly string[]
  /** Relays through which people are looked for, besides those that the account knows. */
  readonly bootstrap: readonly string[]
  /** How it keeps and fetches files. */
  readonly media: MediaConfig
  /** How its vault is opened; asked only when one is started. */
  readonly unlock: () => Promise<Unlock>
  readonly interrupted: AbortSignal
  readonly note: (text: string) => void
}

/**
 * How long to wait for another command that has the account for its own duration, or for a node that is just starting:
 * their work takes a few seconds.
 */
const LOCK_PATIENCE_MS = 10_000
const LOCK_RETRY_MS = 150
/** While we wait for deliveries, the outbox is looked at this often even when no event comes. */
const SETTLE_LOOK_MS = 250

export class Session {
  /** Calls go to whichever node it is; which one, is decided by the first of them. */
  readonly api: LocalApi
  readonly #options: SessionOptions
  readonly #remote: LocalApi
  readonly #closing = new AbortController()
  #isRemote = false
  #own: Promise<SkeinNode> | undefined

  constructor (options: SessionOptions) {
    this.#options = options
    this.#remote = connect(options.home, { signal: AbortSignal.any([options.interrupted, this.#closing.signal]) })
    this.api = { call: async (name, params) => await this.#call(name, params) }
  }

  /** Whether the node ends with this command. */
  isOwnNode (): boolean {
    return this.#own !== undefined
  }

  /** Waits until everything queued is delivered, at most `waitMs`. Returns how much is still open. */
  async settle (waitMs: number): Promise<number> {
    const untilMs = Date.now() + waitMs
    for (;;) {
      const { outbox } = await this.api.call('status', {})
      const restMs = untilMs - Date.now()
      if (outbox.open === 0 || restMs <= 0) return outbox.open
      await this.api.call('events.page', { after: 'now', waitMs: Math.ceil(Math.min(restMs, SETTLE_LOOK_MS)) })
    }
  }

  /** A call that Ctrl-C does not end: it undoes something. A node of our own undoes it as it stops. */
  async undo<Name extends OperationName> (name: Name, params: Params<Name>): Promise<void> {
    if (this.#own === undefined) await connect(this.#options.home).call(name, params)
  }

  /** Ends what is still asked of a node, and stops it if it is ours. Idempotent. */
  async close (): Promise<void> {
    this.#closing.abort(new LockedError('the command has ended'))
    const own = this.#own
    this.#own = undefined
    if (own === undefined) return
    // A node that did not start has said so to whoever called.
    const [started] = await Promise.allSettled([own])
    if (started.status === 'fulfilled') await started.value.stop()
  }

  async #call<Name extends OperationName> (name: Name, params: Params<Name>): Promise<Result<Name>> {
    const untilMs = Date.now() + LOCK_PATIENCE_MS
    for (let isFirst = true; ; isFirst = false) {
      if (this.#own !== undefined) return await this.#callOwn(await this.#own, name, params)
      try {
        const result = await this.#remote.call(name, params)
        this.#isRemote = true
        return result
      } catch (thrown) {
        if (!isUnasked(thrown) || !this.#options.mayStart || (this.#isRemote && this.#options.isLasting)) throw thrown
      }
      await this.#startOwn({ isFirst, isLast: Date.now() > untilMs })
    }
  }

  async #startOwn ({ isFirst, isLast }: { readonly isFirst: boolean, readonly isLast: boolean }): Promise<void> {
    try {
      this.#own ??= start(this.#options)
      await this.#own
    } catch (thrown) {
      this.#own = undefined
      const isLocked = thrown instanceof SkeinError && thrown.exit === EXIT.locked
      if (!isLocked || isLast) throw thrown
      if (isFirst) this.#options.note('Another command has this account open. Waiting for it.')
      await delay(LOCK_RETRY_MS, undefined, { signal: this.#options.interrupted })
    }
  }

  /** A node in our own process does not know of Ctrl-C: it goes on while we stop waiting, and is then stopped in order. */
  async #callOwn<Name extends OperationName> (own: SkeinNode, name: Name, params: Params<Name>): Promise<Result<Name>> {
    const { interrupted } = this.#options
    interrupted.throwIfAborted()
    const { promise: interruption, reject } = Promise.withResolvers<never>()
    const abort = (): void => reject(interrupted.reason as Error)
    interrupted.addEventListener('abort', abort, { once: true })
    try {
      return await Promise.race([own.call(name, params), interruption])
    } finally {
      interrupted.removeEventListener('abort', abort)
    }
  }
}

/** Whether nobody has taken the call: no node runs, or it was about to end. */
function isUnasked (thrown: unknown): boolean {
  return thrown instanceof NoNodeError || (thrown instanceof SkeinError && thrown.code === 'stopping')
}

async function start ({ home, isOnline, isLasting, listen, bootstrap, media, unlock }: SessionOptions): Promise<SkeinNode> {
  if (!hasAccount(home)) throw noAccount()
  const opened = await unlock()
  const { createNode } = await import('../node/node.ts')
  const node = await createNode({ home, unlock: opened, serve: isLasting, bootstrap, media, ...listen.length > 0 && { listen } })
  if (isOnline) await node.start()
  return node
}

export function noAccount (): NotFoundError {
  return new NotFoundError('there is no account here', 'Make one with: skein init, or choose its home with --home.')
}
