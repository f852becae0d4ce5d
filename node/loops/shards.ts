/**
 * Brings prekeys to our relays, so that a session can begin while we are away. Each relay has one-time keys that no other has; private
 * halves are on the disk before the public ones leave; what is repeated is the same bytes. Law: docs/protocols/prekeys.md, "Shards".
 */
import { decodeShardAnswer, encodeShardUpload } from '../../protocols/prekeys/shard.ts'
import { PREKEYS_VERSION } from '../../protocols/prekeys/wire.ts'
import { UnreachableError } from '../../protocols/core/errors.ts'
import { ONE_TIME_PREKEYS, ONE_TIME_PREKEYS_MIN } from '../../protocols/core/limits.ts'
import type { Reader } from '../../store/reader.ts'
import type { Shard } from '../../store/types.ts'
import type { Writer } from '../../store/writer.ts'
import type { Clock, Network, PeerTarget, Sealer } from '../ports.ts'
import { SHARD_PROTOCOL } from '../protocols.ts'
import type { Turn } from '../turn/turn.ts'

export interface ShardsParts {
  readonly reader: Reader
  readonly network: Network
  readonly sealer: Sealer
  readonly clock: Clock
  readonly turn: Turn
}

export interface Stock {
  /** The relay keeps nothing of what we brought before. */
  readonly isNew: boolean
  /** One-time keys that it still has; undefined: it has not said. */
  readonly oneTimeLeft: number | undefined
}

/**
 * One-time keys of one relay that nobody has used. A relay that gives them to whoever asks, or says that it has none, must not fill our
 * disk: beyond this many it has to do with the last resort.
 */
const UNUSED_MAX = 5 * ONE_TIME_PREKEYS

export class Shards {
  readonly #parts: ShardsParts

  constructor (parts: ShardsParts) {
    this.#parts = parts
  }

  /**
   * Brings what the relay lacks.
   * @throws UnreachableError when it does not answer or takes none, StorageError when the disk does not
   */
  async bring (target: PeerTarget, { isNew, oneTimeLeft }: Stock): Promise<void> {
    const { reader, turn } = this.#parts
    const { peerId: relay } = target
    if (isNew && reader.shards.newest(relay) !== undefined) await turn.write(writer => writer.shards.forget(relay))
    let left = oneTimeLeft
    for (const pending of reader.shards.ofRelay(relay)) {
      if (pending.bytes !== undefined) left = await this.#upload(target, pending.upload, pending.bytes)
    }
    if (left !== undefined && left >= ONE_TIME_PREKEYS_MIN && this.#isCurrent(relay)) return
    // Without keys of its own an upload only asks how many are left, and brings the two that change every week.
    left ??= await this.#renew(target, 0)
    if (left < ONE_TIME_PREKEYS_MIN) await this.#renew(target, Math.min(ONE_TIME_PREKEYS - left, this.#room(relay)))
    else if (!this.#isCurrent(relay)) await this.#renew(target, 0)
  }

  /** Whether the relay has the signed and the last-resort key that are in use now. */
  #isCurrent (relay: string): boolean {
    const { shards, keys } = this.#parts.reader
    const newest = shards.newest(relay)
    return newest !== undefined && newest.signedPrekey === keys.newestSigned()?.id && newest.lastResort === keys.newestLastResort()?.id
  }

  #room (relay: string): number {
    const { shards, keys } = this.#parts.reader
    const unused = shards.ofRelay(relay).reduce((sum, shard) => sum + keys.unusedIn(shard), 0)
    return Math.max(0, UNUSED_MAX - unused)
  }

  async #renew (target: PeerTarget, count: number): Promise<number> {
    const { turn } = this.#parts
    const made = await turn.write(writer => this.#make(writer, target.peerId, count))
    if (made === undefined) throw new UnreachableError('there are no prekeys yet')
    return await this.#upload(target, made.upload, made.bytes)
  }

  /** Inside the transaction: nothing leaves before all of it is on the disk. */
  #make (writer: Writer, relay: string, count: number): { readonly upload: number, readonly bytes: Uint8Array } | undefined {
    const { sealer, clock } = this.#parts
    const nowMs = clock.now()
    const issued = sealer.issueShard(writer, { nowMs, count })
    if (issued === undefined) return undefined
    const bytes = encodeShardUpload({ version: PREKEYS_VERSION, ...issued })
    const before = writer.read.shards.ofRelay(relay)
    for (const shard of before) writer.keys.keepShard(shard, nowMs)
    // What brought no one-time keys is of no interest once something newer is there.
    for (const { upload, count: brought, bytes: pending } of before) if (brought === 0 && pending === undefined) writer.shards.remove(relay, upload)
    const [first] = issued.oneTime
    const shard: Shard = {
      relay,
      upload: (before.at(-1)?.upload ?? 0) + 1,
      signedPrekey: issued.signedPrekey.id,
      lastResort: issued.lastResort.id,
      firstOneTime: first?.id ?? 0,
      firstKem: first?.kem.id ?? 0,
      count: issued.oneTime.length,
      bytes
    }
    writer.shards.add(shard)
    return { upload: shard.upload, bytes }
  }

  /** Returns how many one-time keys the relay has now. */
  async #upload (target: PeerTarget, upload: number, bytes: Uint8Array): Promise<number> {
    const { network, turn } = this.#parts
    const answer = decodeShardAnswer(await network.request(target, SHARD_PROTOCOL, bytes))
    if (answer.type === 'refusal') throw new UnreachableError(`the relay takes no prekeys (${answer.reason})`)
    await turn.write(writer => writer.shards.confirm(target.peerId, upload))
    return answer.oneTimeLeft
  }
}
