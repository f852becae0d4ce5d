/**
 * Bitswap for whoever has shown the key of a blob: any program of IPFS can so fetch it by its CID. One block is read and sent at a time, each when
 * there is room for it, whatever a peer wants. Law: docs/protocols/media.md, "Capabilities".
 */
import { MalformedError, NotFoundError, StorageError, UnreachableError } from '../../../protocols/core/errors.ts'
import { decodeWantlist, encodeBlock, encodePresences, type BitswapWant } from '../../../protocols/media/bitswap.ts'
import type { Channel, Clock, Network } from '../../ports.ts'
import { BITSWAP_PROTOCOL } from '../../protocols.ts'
import { endWhenSilent } from '../../media/silence.ts'
import { BLOB_SILENT_MS_MAX } from '../../../protocols/core/limits.ts'
import { cidOf, type ReadableBlocks } from './blocks.ts'

export interface BitswapParts {
  readonly network: Network
  readonly clock: Clock
  /** It has shown a key lately. Nobody else is listened to: strangers come for nothing. */
  readonly isReader: (peerId: string) => boolean
  /** What this peer may see, now. */
  readonly blocksFor: (peerId: string) => ReadableBlocks
  /** Peers that are given blocks at the same time. */
  readonly peersMax: () => number
}

interface Reader {
  /** By name, in the order in which they came. */
  readonly wants: Map<string, BitswapWant>
  isFed: boolean
}

/** Of one peer: as many as its own list may have. */
const WANTS_MAX = 1_024

export function serveBitswap (parts: BitswapParts): void {
  const giver = new BitswapGiver(parts)
  parts.network.serveChannel(BITSWAP_PROTOCOL, channel => {
    if (channel.isRelayed || !parts.isReader(channel.peerId)) channel.close()
    endWhenSilent(channel, { clock: parts.clock, silentMsMax: BLOB_SILENT_MS_MAX })
    return frames => { for (const frame of frames) giver.take(frame, channel.peerId) }
  })
}

class BitswapGiver {
  readonly #parts: BitswapParts
  readonly #readers = new Map<string, Reader>()

  constructor (parts: BitswapParts) {
    this.#parts = parts
  }

  /** @throws MalformedError */
  take (frame: Uint8Array, peerId: string): void {
    const { isFull, wants } = decodeWantlist(frame)
    const reader = this.#readers.get(peerId) ?? { wants: new Map<string, BitswapWant>(), isFed: false }
    if (isFull) reader.wants.clear()
    for (const want of wants) {
      const name = Buffer.from(want.cid).toString('base64')
      if (want.isCancelled) reader.wants.delete(name)
      else if (reader.wants.size < WANTS_MAX) reader.wants.set(name, want)
    }
    if (reader.isFed || reader.wants.size === 0) return
    // Who finds no place asks again: bitswap repeats what was not answered.
    if (this.#readers.size >= this.#parts.peersMax()) return
    this.#readers.set(peerId, reader)
    reader.isFed = true
    void this.#feed(peerId, reader)
  }

  async #feed (peerId: string, reader: Reader): Promise<void> {
    let channel: Channel | undefined
    try {
      for (let [next] = reader.wants; next !== undefined; [next] = reader.wants) {
        reader.wants.delete(next[0])
        const answer = await this.#answer(next[1], peerId)
        if (answer === undefined) continue
        channel ??= await this.#open(peerId)
        await channel.send([answer])
      }
    } catch (error) {
      // The line is gone, or the disk: whoever still wants something asks again.
      if (!(error instanceof UnreachableError || error instanceof StorageError)) throw error
    } finally {
      channel?.close()
      this.#readers.delete(peerId)
    }
  }

  /** By a stream of its own, on the connection that is there: bitswap answers so. */
  async #open (peerId: string): Promise<Channel> {
    const { network, clock } = this.#parts
    const channel = await network.openChannel({ peerId, addresses: [] }, BITSWAP_PROTOCOL, () => { throw new MalformedError('bitswap', 'must not be answered on the stream of the answer') })
    endWhenSilent(channel, { clock, silentMsMax: BLOB_SILENT_MS_MAX })
    return channel
  }

  /** undefined: nothing is said. What is not there and what is not for this peer are the same. */
  async #answer ({ cid: bytes, isQuestion, isAnsweredAnyway }: BitswapWant, peerId: string): Promise<Uint8Array | undefined> {
    const blocks = this.#parts.blocksFor(peerId)
    const cid = cidOf(bytes)
    if (isQuestion && cid !== undefined && await blocks.has(cid)) return encodePresences([{ cid: bytes, isThere: true }])
    const block = isQuestion || cid === undefined ? undefined : await blockOrNothing(blocks, cid)
    if (block !== undefined) return encodeBlock(bytes, block)
    return isAnsweredAnyway ? encodePresences([{ cid: bytes, isThere: false }]) : undefined
  }
}

async function blockOrNothing (blocks: ReadableBlocks, cid: Parameters<ReadableBlocks['get']>[0]): Promise<Uint8Array | undefined> {
  try {
    const read = await blocks.get(cid).next()
    return read.done === true ? undefined : read.value
  } catch (error) {
    if (error instanceof NotFoundError) return undefined
    throw error
  }
}
