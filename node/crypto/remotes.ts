/**
 * The sessions in memory. Reading and writing a record costs more than a ratchet step, so records stay native objects: read
 * when a device is first met, serialised once when the unit of work is written. Least recently used ones are forgotten.
 */
import { LibSignalErrorBase, SessionRecord } from '@signalapp/libsignal-client'
import { idKey } from '../../protocols/core/ids.ts'
import type { DeviceId } from '../../protocols/core/ids.ts'
import type { Reader } from '../../store/reader.ts'
import type { Writer } from '../../store/writer.ts'
import { owned } from './boundary.ts'
import type { Local } from './local.ts'
import { Remote } from './remote.ts'

/** Sessions kept in memory: 4 to 10 KiB each, so at most about 40 MiB. A unit of work larger than this keeps all of its own. */
export const SESSIONS_CACHED_MAX = 4_096

export class Remotes {
  readonly #local: Local
  readonly #reader: Reader
  readonly #cachedMax: number
  /** In order of use, oldest first. */
  readonly #cached = new Map<string, Remote>()
  readonly #involved = new Set<Remote>()

  constructor (local: Local, reader: Reader, cachedMax: number) {
    this.#local = local
    this.#reader = reader
    this.#cachedMax = cachedMax
  }

  /** For a look that changes nothing. */
  peek (device: DeviceId): Remote {
    const remote = this.#find(device)
    this.#trim()
    return remote
  }

  /** For work that settle() or discard() ends. Its `trust` is known from here on. */
  involve (device: DeviceId): Remote {
    const remote = this.#find(device)
    this.#involved.add(remote)
    this.#trim()
    remote.trust ??= { identityKey: this.#listedKey(device) }
    return remote
  }

  get isChanged (): boolean {
    for (const remote of this.#involved) if (remote.isChanged) return true
    return false
  }

  /** Call it last in the transaction: a device that is not listed by then keeps no session. */
  write (writer: Writer, nowMs: number): void {
    for (const remote of this.#involved) {
      if (!remote.isChanged) continue
      if (writer.read.devices.byId(remote.device)?.isListed !== true) remote.session = undefined
      if (remote.session === undefined) writer.keys.removeSession(remote.device)
      else writer.keys.saveSession(remote.device, remote.session.serialize(), nowMs)
    }
  }

  settle (): void { this.#end(remote => remote.settle()) }

  discard (): void { this.#end(remote => remote.discard()) }

  #find (device: DeviceId): Remote {
    const key = idKey(device)
    const remote = this.#cached.get(key) ?? new Remote(this.#local, device, this.#stored(device))
    this.#cached.delete(key)
    this.#cached.set(key, remote)
    return remote
  }

  #end (conclude: (remote: Remote) => void): void {
    for (const remote of this.#involved) conclude(remote)
    this.#involved.clear()
    this.#trim()
  }

  /** Never a device of the running unit of work: its record exists nowhere else yet. */
  #trim (): void {
    for (const [key, remote] of this.#cached) {
      if (this.#cached.size <= this.#cachedMax || this.#involved.has(remote)) return
      this.#cached.delete(key)
    }
  }

  /**
   * A record that libsignal cannot read any more counts as lost: a fresh bundle starts a new session and the other side is
   * asked to send again, whereas a fault here would stop every turn that touches the device.
   */
  #stored (device: DeviceId): SessionRecord | undefined {
    const record = this.#reader.keys.session(device)
    if (record === undefined) return undefined
    try {
      return SessionRecord.deserialize(owned(record))
    } catch (thrown) {
      if (thrown instanceof LibSignalErrorBase) return undefined
      throw thrown
    }
  }

  #listedKey (device: DeviceId): Uint8Array | undefined {
    const known = this.#reader.devices.byId(device)
    return known?.isListed === true ? known.identityKey : undefined
  }
}
