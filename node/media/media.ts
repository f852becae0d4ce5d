/** Everything that a node does with files, put together: what takes them in, what keeps them, what moves them. */
import type { DownloadPolicy } from '../../protocols/media/download-policy.ts'
import type { BlobFiles } from '../../store/blobs/blob-files.ts'
import type { BlobsTold } from '../turn/blobs-told.ts'
import { FileDesk } from './desk.ts'
import type { Inspector } from './inspect/inspection.ts'
import { BlobKeeper } from './keeper.ts'
import { Mover, type MoverParts } from './mover.ts'

/** What a node that keeps files has of the machine, and how it is to use it. */
export interface MediaWorld {
  readonly blobs: BlobFiles
  readonly inspector: Inspector
  /** For copies without metadata: ours alone, and emptied at the start. */
  readonly spool: string
  /** Where files are written when nobody says where. */
  readonly folder: string
  /** Of all blobs on the disk. */
  readonly bytesMax: number
  readonly policy: DownloadPolicy
  /** Whether two secrets are the same, in a time that does not tell how far they are. */
  readonly isSame: (left: Uint8Array, right: Uint8Array) => boolean
}

export class Media {
  readonly world: MediaWorld
  readonly desk: FileDesk
  readonly keeper: BlobKeeper
  readonly mover: Mover

  constructor (world: MediaWorld, parts: Omit<MoverParts, 'blobs' | 'policy' | 'isSame'>) {
    this.world = world
    this.desk = new FileDesk({ ...world, clock: parts.clock, random: parts.random })
    this.keeper = new BlobKeeper({ ...world, reader: parts.reader, turn: parts.turn, clock: parts.clock })
    this.mover = new Mover({ ...parts, blobs: world.blobs, isSame: world.isSame, policy: () => world.policy })
  }

  /** The network has to be started already. */
  async start (): Promise<void> {
    await this.desk.start()
    await this.keeper.start()
    this.mover.start()
  }

  /** Files that were taken in and not sent are gone afterwards. */
  async stop (): Promise<void> {
    this.mover.stop()
    this.keeper.stop()
    await this.desk.stop()
  }

  told (told: BlobsTold): void { this.mover.told(told) }
}
