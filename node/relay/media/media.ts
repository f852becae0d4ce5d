/** Everything that a relay does with blobs, put together: takes them, keeps them, and gives them to whoever shows their key. Law: docs/protocols/media.md. */
import { BLOBS_SERVED_PER_PEER_MAX } from '../../../protocols/core/limits.ts'
import type { RelayMediaLimits } from '../../../protocols/mailbox/questions.ts'
import type { BlobFiles } from '../../../store/blobs/blob-files.ts'
import type { RelayStore } from '../../../store/relay/types.ts'
import { serveBlobs } from '../../media/serve.ts'
import type { Clock, Network, Signer } from '../../ports.ts'
import type { Rates } from '../../rates.ts'
import type { MediaConfig } from '../config.ts'
import type { Scribe } from '../scribe.ts'
import type { MediaView } from '../stats.ts'
import type { Tally } from '../tally.ts'
import { serveBitswap } from './bitswap.ts'
import { Blocks } from './blocks.ts'
import { Putting } from './putting.ts'
import { Readers } from './readers.ts'
import { Shelf } from './shelf.ts'

export interface RelayMediaParts {
  readonly files: BlobFiles
  readonly network: Network
  readonly store: RelayStore
  readonly scribe: Scribe
  readonly clock: Clock
  readonly signer: Signer
  readonly tally: Tally
  readonly rates: Rates
  readonly config: () => MediaConfig
  /** Programs of IPFS are answered as well. */
  readonly isBitswapOn: boolean
  readonly isDraining: () => boolean
  readonly isStorageWell: () => boolean
  /** What the file system has left beyond what the operator keeps free; undefined where it does not say. */
  readonly spareBytes: () => number | undefined
}

export class RelayMedia {
  readonly shelf: Shelf
  readonly blocks: Blocks
  readonly #readers: Readers
  readonly #parts: RelayMediaParts
  /** Settles when what the last run left half done is in order. */
  reconciled: Promise<void> = Promise.resolve()

  /** Serves from here on. */
  constructor (parts: RelayMediaParts) {
    const { network, clock, tally, rates, config, store } = parts
    this.#parts = parts
    this.shelf = new Shelf(parts)
    this.#readers = new Readers(clock)
    const onServed = (bytes: number): void => { tally.media.servedBytes += bytes }
    this.blocks = new Blocks({
      rootsOfKey: readKey => this.shelf.ofKey(readKey).map(({ root }) => root),
      rootsOfPeer: peerId => this.#readers.blobsOf(peerId),
      open: async root => await this.shelf.readShown(root),
      onServed
    })
    if (parts.isBitswapOn) serveBitswap({ network, clock, isReader: peerId => this.#readers.blobsOf(peerId).length > 0, blocksFor: peerId => this.blocks.ofPeer(peerId), peersMax: () => config().streamsMax })
    serveBlobs({
      network,
      clock,
      rates,
      limits: () => ({ streamsMax: config().streamsMax, perPeerMax: 2 * BLOBS_SERVED_PER_PEER_MAX }),
      find: async (root, readKey) => await this.shelf.read(root, readKey),
      onShown: (root, peerId) => {
        tally.media.opened += 1
        this.#readers.shown(peerId, root)
      },
      onServed: (_root, bytes) => { onServed(bytes) },
      other: (channel, isCrowded) => new Putting(channel, isCrowded, { ...parts, shelf: this.shelf, reader: store.read })
    })
  }

  /** What the last run left half done is put in order beside everything else. A disk that does not answer is told by whoever needs it next. */
  start (): void {
    this.reconciled = this.shelf.reconcile().catch(() => undefined)
  }

  async stop (): Promise<void> {
    await this.shelf.stop()
    await this.reconciled
  }

  /** undefined: it takes none now. */
  offer (): RelayMediaLimits | undefined {
    const { config, store, isDraining, isStorageWell } = this.#parts
    const { isOn, blobBytesMax, mailboxBytesMax, keepMsMax, capBytes } = config()
    const leftBytes = capBytes - store.read.totals().blobBytes
    if (!isOn || isDraining() || !isStorageWell() || leftBytes <= 0) return undefined
    return { blobBytesMax: Math.min(blobBytesMax, leftBytes), mailboxBytesMax, keepMsMax }
  }

  view (): MediaView {
    const { config, store, tally } = this.#parts
    const { blobs, blobsUnfinished, blobRefs, blobBytes } = store.read.totals()
    return { ...tally.mediaView(), isOn: config().isOn, blobs, unfinished: blobsUnfinished, references: blobRefs, usedBytes: blobBytes, capBytes: config().capBytes }
  }
}
