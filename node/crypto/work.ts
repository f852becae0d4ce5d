/**
 * The unit of work: every change that ratchet operations have made in memory, until the caller's transaction takes it along.
 * A ratchet step that is remembered without what it was for loses a message; one that is forgotten after its ciphertext has
 * left uses a message key twice. So it is written once, inside that transaction, and then settled, or discarded whole.
 * Law: docs/protocols/session.md, "Unit of work".
 */
import type { DeviceId } from '../../protocols/core/ids.ts'
import { invariant } from '../../protocols/core/invariant.ts'
import type { Reader } from '../../store/reader.ts'
import type { Writer } from '../../store/writer.ts'
import type { Local } from './local.ts'
import { Prekeys } from './prekeys.ts'
import type { Remote } from './remote.ts'
import { Remotes, SESSIONS_CACHED_MAX } from './remotes.ts'
import { PrekeyStores } from './prekey-stores.ts'

export class UnitOfWork {
  readonly prekeyStores: PrekeyStores
  readonly #prekeys: Prekeys
  readonly #local: Local
  readonly #remotes: Remotes
  #isBusy = false
  #isWritten = false

  constructor (local: Local, reader: Reader, sessionsCachedMax = SESSIONS_CACHED_MAX) {
    this.#local = local
    this.#remotes = new Remotes(local, reader, sessionsCachedMax)
    this.#prekeys = new Prekeys(reader)
    this.prekeyStores = new PrekeyStores(this.#prekeys)
  }

  peek (device: DeviceId): Remote { return this.#remotes.peek(device) }

  involve (device: DeviceId): Remote {
    this.#expectIdle()
    this.#isWritten = false
    return this.#remotes.involve(device)
  }

  /** Two operations at a time on one session would use the same message key: libsignal does not prevent it. */
  async alone<Value> (operation: () => Promise<Value>): Promise<Value> {
    this.#expectIdle()
    this.#isBusy = true
    try {
      return await operation()
    } finally {
      this.#isBusy = false
    }
  }

  refill (reader: Reader, nowMs: number): boolean {
    this.#expectIdle()
    this.#isWritten = false
    return this.#prekeys.refill(reader.keys, this.#local.identity, nowMs)
  }

  write (writer: Writer, nowMs: number): void {
    this.#expectIdle()
    this.#remotes.write(writer, nowMs)
    this.#prekeys.write(writer, nowMs)
    this.#isWritten = true
  }

  settle (): void {
    this.#expectIdle()
    invariant(this.#isWritten || !(this.#remotes.isChanged || this.#prekeys.isChanged), 'only what was written is settled')
    this.#remotes.settle()
    this.#end()
  }

  discard (): void {
    this.#expectIdle()
    this.#remotes.discard()
    this.#end()
  }

  #end (): void {
    this.#prekeys.clear()
    this.#isWritten = false
  }

  #expectIdle (): void { invariant(!this.#isBusy, 'one ratchet operation at a time: the turn is the mutex') }
}
